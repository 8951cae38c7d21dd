from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit import columns, files, frames, systems

PAIRS = [(name, kind) for name in systems.names() for kind in systems.get(name).objects]
SOME = ("salesforce", "hubspot", "zoho", "dynamics", "pipedrive", "fxiaoke", "neocrm", "outlook", "google_contacts")


def expected(exports: Any, system: str, kind: Any, *, labels: bool) -> tuple[dict[str, str], dict[str, str]]:
    fields = systems.get(system).objects[kind].fields
    named = list(zip(exports.headers(system, kind, labels=labels), fields, strict=True))
    return (
        {header: field.canonical for header, field in named if field.canonical},
        {header: field.trap for header, field in named if field.trap},
    )


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize(("system", "kind"), PAIRS)
def test_every_column_of_an_export_gets_its_field(exports: Any, system: str, kind: Any, labels: bool) -> None:
    found = columns.recognize(frames.read(exports.table(system, kind, labels=labels)))
    fields, traps = expected(exports, system, kind, labels=labels)
    assert (found.system, found.kind) == (system, kind)
    assert dict(found.fields) == fields
    assert dict(found.traps) == traps
    assert set(found.evidence.values()) == {"header"}
    assert found.key == next((header for header, field in fields.items() if field == "id"), None)


@pytest.mark.parametrize("system", SOME)
def test_files_on_disk_are_recognised(exports: Any, tmp_path: Path, system: str) -> None:
    kind = next(iter(systems.get(system).objects))
    fields, _ = expected(exports, system, kind, labels=True)
    for table in (
        files.read_csv(exports.write_csv(tmp_path / "export.csv", system, kind)),
        files.read_excel(exports.write_excel(tmp_path / "export.xlsx", system, kind)),
    ):
        found = columns.recognize(frames.read(table))
        assert (found.system, found.kind) == (system, kind)
        assert dict(found.fields) == fields
        assert systems.get(system).titles["en"] in " ".join(found.explain())
        assert systems.get(system).titles["zh"] in " ".join(found.explain("zh"))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(PAIRS), st.booleans(), st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_order_of_columns_never_changes_the_map(
    exports: Any, pair: tuple[str, Any], labels: bool, seed: int, rng: random.Random
) -> None:
    table = exports.table(*pair, labels=labels)
    names = exports.changed(list(table), random.Random(seed))
    renamed = iter([name for name in table if name not in names])
    data = {name: table[name] if name in table else table.get(next(renamed, ""), [None] * 20) for name in names}
    shuffled = list(data)
    rng.shuffle(shuffled)
    one = columns.recognize(frames.read(data))
    other = columns.recognize(frames.read({name: data[name] for name in shuffled}))
    assert dict(one.fields) == dict(other.fields)
    assert dict(one.traps) == dict(other.traps)
    assert dict(one.spare) == dict(other.spare)
    assert (one.system, one.kind, one.score, one.key) == (other.system, other.kind, other.score, other.key)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=12)
        | st.sampled_from(["email", "E-Mail", "phone", "Name", "姓名", "id", "city", "Owner Email"]),
        st.lists(
            st.none() | st.text(max_size=20) | st.integers() | st.floats() | st.booleans() | st.dates(),
            min_size=6,
            max_size=6,
        ),
        max_size=8,
    )
)
def test_any_table_gives_a_map_that_holds_together(data: dict[str, list[object]]) -> None:
    found = columns.recognize(frames.read(data))
    assert len(set(found.fields.values())) == len(found.fields)
    assert set(found.fields) == set(found.evidence) <= set(data)
    assert not set(found.fields) & set(found.spare)
    assert set(found.traps.values()) <= set(systems.TRAPS)
    assert set(found.fields.values()) <= set(systems.canonical_fields())
    assert found.key is None or found.fields[found.key] == "id"
    assert " ".join(found.explain())
    assert " ".join(found.explain("zh"))
    assert columns.ColumnMap.from_dict(found.to_dict()) == found


def test_added_columns_of_an_export_are_read_by_name_and_contents(exports: Any) -> None:
    table = exports.table("salesforce", "contact")
    table["WeChat邮箱"] = [None] * 20
    table["Second Email"] = [f"x{number}@example.org" for number in range(20)]
    table["Loyalty"] = [f"card {number}" for number in range(20)]
    found = columns.recognize(frames.read(table))
    assert found.system == "salesforce"
    assert found.fields["Second Email"] == "email_2"
    assert found.evidence["Second Email"] == "name"
    assert "Loyalty" not in found.fields


def test_columns_of_the_company_in_a_report_of_contacts_keep_their_traps(exports: Any) -> None:
    table = exports.table("salesforce", "contact")
    table["Parent Account"] = ["Big Holding"] * 20
    found = columns.recognize(frames.read(table))
    assert found.traps["Parent Account"] == "parent"
    assert "Parent Account" not in found.fields


def test_a_second_address_never_mixes_with_the_first(exports: Any) -> None:
    table = exports.table("salesforce", "contact")
    del table["MailingCity"]
    assert columns.recognize(frames.read(table)).column("city") is None


def test_thousands_of_columns_are_no_trouble() -> None:
    data: dict[str, list[object]] = {f"column {number}": [number, number + 1, None] for number in range(5_000)}
    data["E-Mail"] = ["ann@example.com", None, None]
    found = columns.recognize(frames.read(data))
    assert dict(found.fields) == {"E-Mail": "email"}
    assert "and 4990 more" in " ".join(found.explain())


def test_a_long_table_is_sampled_to_its_end() -> None:
    late: list[object] = ["?"] * 2_000 + [f"p{number}@example.com" for number in range(98_000)]
    found = columns.recognize(frames.read({"foo": late, "id": [number // 4 for number in range(100_000)]}))
    assert found.column("email") == "foo"
    assert found.key is None  # runs of equal ids are seen, though an even sample would miss them


def test_the_linked_company_may_be_compared_and_no_other_trap(exports: Any) -> None:
    found = columns.recognize(frames.read(exports.table("pipedrive", "contact")))
    assert found.traps["Person - Organization"] == "linked_account"
    assert found.is_matchable("Person - Organization")
    assert found.is_matchable("Person - Email")
    assert not found.is_matchable("Person - Owner")
    found = columns.recognize(frames.read(exports.table("hubspot", "contact")))
    assert not found.is_matchable("Associated Company")
    assert found.column("company_name") == "Company Name"
