"""Mappings as JSON: what was written is read, and what cannot be read is refused in words."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import mapping
from crmkit.errors import FormatError
from crmkit.mapping import End, Endpoint, Form, Link, Mapping, ValueTable

VECTOR = (
    '{"format": "crmkit-mapping/1", "source": {"system": "erp", "kind": "account"},'
    ' "target": {"system": "canonical", "kind": "account"}, "links": ['
    '{"source": {"name": "Art"}, "target": {"name": "account_type"},'
    ' "values": {"forward": [["K", "Customer"]], "backward": [["Customer", "K"]]}}, '
    '{"source": {"name": "Name", "headers": ["Firma"], "max_length": 40, "required": true},'
    ' "target": {"name": "name"}}, '
    '{"source": {"name": "angelegt", "form": {"type": "datetime", "style": "local", "zone": "Europe/Berlin"}},'
    ' "target": {"name": "created_at", "form": {"type": "datetime"}}}]}'
)


def made() -> Mapping:
    links = [
        Link(
            source=End(name="angelegt", form=Form(type="datetime", style="local", zone="Europe/Berlin")),
            target=End(name="created_at", form=Form(type="datetime")),
        ),
        Link(source=End(name="Name", headers=["Firma"], max_length=40, required=True), target=End(name="name")),
        Link(source=End(name="Art"), target=End(name="account_type"), values=ValueTable.of({"K": "Customer"})),
    ]
    return Mapping(source=Endpoint("erp", "account"), target=Endpoint("canonical", "account"), links=links)


def test_the_format_is_that_of_the_documentation() -> None:
    assert json.dumps(made().to_dict(), ensure_ascii=False) == VECTOR
    assert Mapping.from_dict(json.loads(VECTOR)) == made()
    page = Path(__file__).parents[2] / "docs" / "reference" / "formats.md"
    if page.exists():
        assert VECTOR in page.read_text(encoding="utf-8")


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    there = mapping.preset("fxiaoke", "lead", zone="Asia/Shanghai")
    there.save(tmp_path / "a.json")
    assert Mapping.load(tmp_path / "a.json") == there
    assert "市场认可线索" in (tmp_path / "a.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (
            lambda d: d.update(format="crmkit-mapping/2"),
            r"a newer crmkit wrote it; this version reads crmkit-mapping/1",
        ),
        (lambda d: d.update(format="crmkit-mapping/0"), "there is no such format"),
        (lambda d: d.update(format="crmkit-policy/1"), "its format is not crmkit-mapping"),
        (lambda d: d.pop("format"), "it has no format"),
        (lambda d: d.update(linksz=[]), "unknown key 'linksz'; did you mean 'links'"),
        (lambda d: d.update(links={}), "links: a list is expected"),
        (lambda d: d["links"].append(3), r"links\[3\]: an object is expected"),
        (lambda d: d["links"].append({"source": None, "target": None}), "a source, a target or both"),
        (lambda d: d["links"][0].update(split="middle"), "split and join name a part"),
        (lambda d: d["links"][0].update(values={"forward": [["a"]], "backward": []}), "pairs of texts"),
        (lambda d: d["links"][1]["source"].update(max_length=0), "max_length is of the wrong kind"),
        (lambda d: d["links"][1]["source"].update(max_length=True), r"source: max_length is of the wrong kind"),
        (lambda d: d["links"][1]["source"].update(headers=[1]), "headers is a list of texts"),
        (lambda d: d["links"][1]["source"].update(name=""), "a column has a name"),
        (lambda d: d["links"][1]["source"].update(colour="red"), "unknown key 'colour'"),
        (lambda d: d["links"][2]["source"]["form"].update(zone="Mars"), r"source\.form: unknown time zone"),
        (lambda d: d["links"][2]["source"]["form"].update(scale=1), "a form is texts"),
        (lambda d: d["links"][2]["source"]["form"].update(scale="x"), "positive decimal"),
        (lambda d: d["links"].append(d["links"][0]), "two links have the source 'Art'"),
        (lambda d: d["source"].update(kind="person"), "a known kind of record"),
    ],
)
def test_a_document_that_is_not_right_is_refused_with_its_place(damage: Any, says: str) -> None:
    document = copy.deepcopy(made().to_dict())
    damage(document)
    with pytest.raises(FormatError, match=says):
        Mapping.from_dict(document)


def test_a_file_that_is_no_json_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_bytes(b"\xff{")
    with pytest.raises(FormatError, match=r"b\.json: not a JSON document"):
        Mapping.load(tmp_path / "b.json")
    (tmp_path / "c.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(FormatError, match=r"c\.json: not a mapping"):
        Mapping.load(tmp_path / "c.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "form", "source", "x"]), inner)
    ),
    max_leaves=6,
)


@given(JSON, st.sampled_from(["source", "target", "links"]))
def test_no_document_breaks_the_reader(part: Any, where: str) -> None:
    document = made().to_dict() | {where: part}
    with contextlib.suppress(FormatError):
        Mapping.from_dict(document)
