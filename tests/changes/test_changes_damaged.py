"""Logs that somebody wrote anew with a chain that holds: every member is checked, and nothing but our errors comes out.

And what is no damage at all: lone surrogates, which Python's text may have and UTF-8 may not.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import _journal, changes, frames
from crmkit.changes import ChangeLog, Edits, apply_edits, apply_merges
from crmkit.changes._seal import digest, json_bytes, parsed_sides
from crmkit.errors import ConflictError, FormatError, SchemaError, TamperedLogError

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = [
    {"id": "1", "email": "CANARY-ann@example.com"},
    {"id": "2", "email": "CANARY-bob@example.com"},
    {"id": "3", "email": None},
]


@pytest.fixture
def genuine(tmp_path: Path) -> Path:
    """A log of a changed cell and a merged row."""
    _, log = apply_merges(PEOPLE, survivor_of={2: 1}, cells={"email": {1: "CANARY-c@example.com"}}, key="id", by="lin")
    log.save(tmp_path / "genuine.jsonl")
    return tmp_path / "genuine.jsonl"


def forged(
    genuine: Path, *, about: Any = None, body: Any = None, side: Any = None, line: int = 0, honest: bool = True
) -> Path:
    """Write a log anew with one of its parts changed, and a chain that holds.

    ``honest`` values get the digest that is theirs; where there is none, or else, they keep the old one.
    """
    header = {name: value for name, value in _journal.header_of(genuine).items() if name not in {"format", "kind"}}
    if about is not None:
        about(header)
    path = genuine.with_name("forged.jsonl")
    with _journal.Journal.open(path, kind="changes", about=json_bytes(header)) as journal:
        for number, found in enumerate(_journal.read(genuine, kind="changes")):
            one, values = json.loads(json.dumps(found.body)), json.loads(json.dumps(found.side))
            if number == line:
                if body is not None:
                    body(one)
                if side is not None:
                    side(values)
                    if honest:
                        before, after = parsed_sides(values, one["type"])
                        one["digest"] = digest(bytes.fromhex(values["salt"]), before, after)
            journal.append(json_bytes(one), json_bytes(values) if values else b"")
    return path


def test_a_log_written_anew_without_a_change_is_read(genuine: Path) -> None:
    assert list(ChangeLog.load(forged(genuine))) == list(ChangeLog.load(genuine))


WRONG_MEMBERS: dict[str, list[Any]] = {
    "kind": ["deleted", 5, None, ["cell"]],
    "run_id": ["another", 5, None],
    "row": ["0", None, 1.0, True, -1, 3, 10**30, [0]],
    "survivor": ["0", False, -1, 3, 10**30, {}],
    "path": [5, ["email"], {}],
    "type": [5, None, [], "int", "nosuch", "text>int", "numpy[<i8]", "row"],
    "record_id": [5, [], {}],
    "rule": [5, []],
    "rule_version": [1.0, {}],
    "reason": [True, []],
    "confidence": [0.5, "sure", "", []],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG_MEMBERS.items() for value in values]
)
def test_a_member_that_is_not_what_it_must_be_is_found_when_the_log_is_read(
    genuine: Path, name: str, value: Any
) -> None:
    path = forged(genuine, body=lambda body: body.update({name: value}))
    with pytest.raises((FormatError, TamperedLogError), match=r"^forged\.jsonl") as caught:
        ChangeLog.load(path)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(WRONG_MEMBERS))
def test_a_member_that_is_missing_or_one_too_many_is_found(genuine: Path, name: str) -> None:
    with pytest.raises(FormatError, match=r"forged\.jsonl, line 1: not a change"):
        ChangeLog.load(forged(genuine, body=lambda body: body.pop(name)))


def test_a_member_that_nobody_specified_is_found(genuine: Path) -> None:
    with pytest.raises(FormatError, match=r"forged\.jsonl, line 2: not a change"):
        ChangeLog.load(forged(genuine, body=lambda body: body.update(note="x"), line=1))


@pytest.mark.parametrize("honest", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        {"before": 5},
        {"before": ["x"]},
        {"after": 5},
        {"after": {}},
        {"salt": "zz" * 16},
        {"salt": "00"},
        {"salt": None},
        {"note": "x"},
        {"before": "CANARY-other@example.com"},
    ],
    ids=str,
)
def test_values_that_are_not_the_ones_of_the_digest_are_found(
    genuine: Path, change: dict[str, Any], honest: bool
) -> None:
    honest = honest and change.keys() == {"before"} and isinstance(change["before"], str)
    path = forged(genuine, side=lambda side: side.update(change), honest=honest)
    if honest:
        assert ChangeLog.load(path)[0].before == "CANARY-other@example.com"
        return
    with pytest.raises(TamperedLogError, match="line 1: the values are not the ones that were written down") as caught:
        ChangeLog.load(path)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    "before",
    [
        {},
        {"cells": 5},
        {"cells": [["id", "text"]]},
        {"cells": [["id", "nosuch", "x"]]},
        {"cells": [["id", "int", "x"]]},
        {"cells": [["id", 5, "x"]]},
        {"cells": [], "label": ["int"]},
        {"cells": [], "label": 5},
        [],
        "text",
        None,
    ],
    ids=str,
)
def test_a_merged_row_that_is_none_is_found(genuine: Path, before: Any) -> None:
    with pytest.raises(FormatError, match=r"^forged\.jsonl, line 2: (a value is not|a cell of type|unknown cell type)"):
        ChangeLog.load(forged(genuine, side=lambda side: side.update(before=before), line=1))


MISSING = object()
OF_A_LOG = ("at", "by", "key", "layout", "lines", "reason", "run_id", "twins", "unique_key")
WRONG_HEADERS = [
    *((("logs", 0, name), value) for name in OF_A_LOG for value in (5.5, MISSING)),
    *((("logs", 0, "lines"), value) for value in (-1, True, "2")),
    *((("logs", 0, "twins"), value) for value in ([[1]], [["x", 1]], [5])),
    *((("logs", 0, "layout", name), MISSING) for name in ("rows", "columns", "kind")),
    *((("logs", 0, "layout", "rows"), value) for value in ("3", None, -1, True)),
    *((("logs", 0, "layout", "columns"), value) for value in (None, ["id"], [["id"]], [[5, None]], 5)),
    (("logs", 0, "layout", "kind"), None),
    *((("logs",), value) for value in ({"0": {}}, ["log"], [None], MISSING)),
]


def put(document: Any, path: tuple[Any, ...], value: object) -> None:
    for step in path[:-1]:
        document = document[step]
    if value is MISSING:
        del document[path[-1]]
    else:
        document[path[-1]] = value


@pytest.mark.parametrize(("path", "value"), WRONG_HEADERS)
def test_a_header_that_is_none_is_found(genuine: Path, path: tuple[Any, ...], value: object) -> None:
    with pytest.raises(FormatError, match=r"^forged\.jsonl: the header is not one of a change log"):
        changes.load(forged(genuine, about=lambda about: put(about, path, value)))


@pytest.mark.parametrize(
    ("lines", "found"),
    [(1, "there are more changes than were written"), (3, "3 changes were written, 2 are there")],
)
def test_a_header_that_counts_other_lines_is_found(genuine: Path, lines: int, found: str) -> None:
    path = forged(genuine, about=lambda about: put(about, ("logs", 0, "lines"), lines))
    with pytest.raises(TamperedLogError, match=found):
        ChangeLog.load(path)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("int", text) for text in ("", "x", "1.0", None)),
        *(("numpy[<i8]", text) for text in ("", "AAA=", "é", "AAAAAAAAAAAAAAAAAAAAAA==")),
        ("numpy[O]", "AAAAAAAAAAA="),
        ("numpy[nosuch]", "1"),
        ("numpy[<M8[ns]]", "9" * 30),
        *(("duration", text) for text in ("1", "1 2 x", "999999999999 0 0")),
        *(("datetime", f"2026-01-01T00:00{zone}") for zone in ("[Europe]", "[Nowhere/City]", "[]", "+25:00")),
        *(("time", text) for text in ("25:00", "10:00[Europe]")),
        *(("list", text) for text in ("[" * 100_000, "{", "[1]", "[[1,2]]")),
        *(("list", text) for text in ('[["int"]]', '[["int",7]]', '[["nosuch",""]]')),
        ("dict", '[[["list","[]"],["int","1"]]]'),
        ("set", '[["list","[]"]]'),
        *(("bool", "yes"), ("decimal", "x"), ("float", "x"), ("date", "2026"), ("uuid", "x"), ("bytes", "é")),
        *(("nosuch", ""), ("", ""), ("[", "")),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_a_cell_that_is_not_of_its_type_is_our_error_and_shows_nothing(kind: str, text: str | None) -> None:
    with pytest.raises(FormatError, match=r"^(a cell of type .* holds something else|unknown cell type .*)$"):
        frames.decode_cell(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("timestamp[ns]", "9999999-01-01"), ("timestamp[parsec]", "2026-01-01"), ("timedelta[ns]", "soon"),
        ("timestamp[ns]", "2026-01-01T00:00+00:00[Nowhere/City]"), ("timestamp[ns]", "2026-01-01T00:00+00:00[Europe]"),
        ("period[?]", "2026"), ("period[M]", "soon"),
    ],
    ids=lambda value: repr(value),
)  # fmt: skip
def test_a_cell_of_pandas_that_is_not_of_its_type_is_our_error(kind: str, text: str) -> None:
    pytest.importorskip("pandas")
    with pytest.raises(FormatError, match="holds something else"):
        frames.decode_cell(kind, text)


@pytest.mark.parametrize(
    "value", [object(), 1 + 2j, range(3), [object()], {"a": {1: object()}}], ids=lambda value: type(value).__name__
)
def test_a_value_without_a_form_is_named_by_its_type_only(value: object) -> None:
    with pytest.raises(SchemaError, match=r"^a (object|complex|range) has no form in a change log$"):
        frames.encode_cell(value)


def test_numpys_bytes_have_no_form_and_its_text_has() -> None:
    np = pytest.importorskip("numpy")
    with pytest.raises(SchemaError, match="a bytes_ has no form in a change log"):
        frames.encode_cell(np.bytes_(b"x"))
    kind, text = frames.encode_cell(np.str_("x"))
    assert (kind, text) == ("numpy[str]", "x")
    assert type(frames.decode_cell(kind, text)) is np.str_


# Lone surrogates


LONE = "caf\udce9"
"""What ``os.fsdecode`` and ``errors="surrogateescape"`` make of a Latin-1 file."""


def saved(log: ChangeLog, folder: Path) -> ChangeLog:
    log.save(folder / "log.jsonl")
    return ChangeLog.load(folder / "log.jsonl")


def test_lone_surrogates_in_values_ids_rules_and_reasons_go_through_a_file(tmp_path: Path) -> None:
    rows = [{"id": f"1{LONE}", "a": f"é {LONE}", "中": "x"}, {"id": "2", "a": "y", "中": [LONE]}]
    edits = Edits(
        path=["a", "中"], row=[0, 1], after=[f"王{LONE}", f"{LONE}"], rule=f"r{LONE}", rule_version=LONE, reason=LONE
    )
    changed, log = apply_edits(rows, edits, key="id")
    again = saved(log, tmp_path)
    assert list(again) == list(log)
    assert again.revert(changed) == rows
    assert (again[0].record_id, again[0].rule, again[0].reason) == (f"1{LONE}", f"r{LONE}", LONE)
    assert again[1].type == "list>text"
    again.verify()


def test_lone_surrogates_in_a_merged_row_go_through_a_file(tmp_path: Path) -> None:
    rows = [{"id": LONE, "a": "é"}, {"id": "2", "a": f"é {LONE}"}]
    golden, log = apply_merges(rows, survivor_of={1: 0}, key="id")
    again = saved(log, tmp_path)
    assert again[0].before == rows[1]
    assert again[0].after == LONE
    assert again.revert(golden) == rows
    whole = (tmp_path / "log.jsonl").read_bytes()
    whole.decode("ascii")  # a side with one is written in escapes as a whole
    (tmp_path / "log.jsonl").write_bytes(whole.replace(rb"\udce9", rb"\udce8", 1))
    with pytest.raises(TamperedLogError):
        ChangeLog.load(tmp_path / "log.jsonl")


@pytest.mark.parametrize("place", ["column", "key", "by", "reason"])
def test_lone_surrogates_in_what_the_header_says_are_refused_and_leave_no_file(place: str, tmp_path: Path) -> None:
    name = LONE if place in {"column", "key"} else "a"
    _, log = apply_edits(
        [{name: "x", "b": "y"}],
        Edits(path=["b"], row=[0], after=["z"]),
        key=name if place == "key" else None,
        by=LONE if place == "by" else None,
        reason=LONE if place == "reason" else None,
    )
    with pytest.raises(SchemaError, match="has a lone surrogate, which no file can hold") as caught:
        log.save(tmp_path / "log.jsonl")
    assert list(tmp_path.iterdir()) == []
    str(caught.value).encode()


def test_a_log_that_was_erased_and_forged_cannot_be_undone_either(genuine: Path) -> None:
    log = ChangeLog.load(genuine)
    assert log.redact("2") == 2
    log.save(genuine)
    again = ChangeLog.load(forged(genuine))
    assert again.redacted == 2
    assert [change.before for change in again] == [None, None]
    with pytest.raises(ConflictError, match="its values were erased from the log"):
        again.revert([PEOPLE[0], {**PEOPLE[1], "email": "CANARY-c@example.com"}])
