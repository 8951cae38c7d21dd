"""vCards in and out, with the shapes that phones and mail programs write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit import mapping
from crmkit.errors import FormatError, NotFoundError

pytest.importorskip("vobject", reason="vCards are read by vobject")

FOUR = """BEGIN:VCARD\r
VERSION:4.0\r
UID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1\r
FN:Dr. Ann M. Okafor\r
N:Okafor;Ann;M.;Dr.;\r
TEL;VALUE=uri;TYPE="work,voice":tel:+1-212-555-0188\r
TEL;VALUE=uri;PREF=1;TYPE="cell":tel:+1-212-555-0123\r
EMAIL;TYPE=home:ann@example.org\r
item1.EMAIL;PREF=1;TYPE=work:ann@example.com\r
ORG:Acme\\, Inc;R&D\r
ADR;TYPE=work:;;1 High St\\nFloor 2;Springfield;IL;62701;USA\r
BDAY:--0412\r
CATEGORIES:vip,north\r
NOTE:one\\ntwo\\; three\r
REV:20240115T080000Z\r
X-SHOE-SIZE:38\r
END:VCARD\r
"""
TWO = """BEGIN:VCARD
VERSION:2.1
N:;王伟
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B=E4=BC=9F
TEL;CELL:13800138000
END:VCARD
"""


def test_a_card_of_version_4_becomes_a_canonical_contact() -> None:
    contacts, report = mapping.preset("vcard").apply(mapping.read_vcards(FOUR))
    assert contacts.to_dicts() == [
        {
            "id": "urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1",
            "full_name": "Dr. Ann M. Okafor",
            "family_name": "Okafor",
            "given_name": "Ann",
            "middle_name": "M.",
            "prefix": "Dr.",
            "phone": "+1-212-555-0188",
            "mobile": "+1-212-555-0123",
            "email": "ann@example.com",
            "email_2": "ann@example.org",
            "company_name": "Acme, Inc",
            "department": "R&D",
            "street": "1 High St\nFloor 2",
            "city": "Springfield",
            "region": "IL",
            "postal_code": "62701",
            "country": "USA",
            "birth_date": "--0412",
            "tags": "vip;north",
            "description": "one\ntwo; three",
            "updated_at": "2024-01-15T08:00:00Z",
            "X-SHOE-SIZE": "38",
        }
    ]
    assert report.issues.filter(severity="error").counts() == {}


def test_a_card_of_an_old_phone_is_read() -> None:
    expected = [{"FN": "王伟", "N.given": "王伟", "TEL.cell": "13800138000"}]
    assert mapping.read_vcards(TWO.encode()).to_dicts() == expected
    assert mapping.read_vcards("\ufeff" + TWO).to_dicts() == expected


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_what_is_written_reads_as_it_was(version: Any) -> None:
    cards = mapping.read_vcards(FOUR + TWO)
    written = mapping.to_vcards(cards, version=version)
    assert f"VERSION:{version}\r\n" in written
    assert "\n" not in written.replace("\r\n", "")
    first, second = (
        mapping.preset("vcard").apply(cards)[0],
        mapping.preset("vcard").apply(mapping.read_vcards(written))[0],
    )
    assert [dict(sorted(row.items())) for row in first.to_dicts()] == [
        dict(sorted(row.items())) for row in second.to_dicts()
    ]


def test_many_values_of_a_name_have_columns_of_their_own() -> None:
    lines = [f"TEL;TYPE=work:+1212555010{n}" for n in range(3)] + ["ADR:;;A;;;;", "ADR:;;B;;;;", "ORG:X", "ORG:Y;U"]
    card = "\n".join(["BEGIN:VCARD", "VERSION:3.0", "FN:A", "N:A;;;;", *lines, "END:VCARD", ""])
    [row] = mapping.read_vcards(card).to_dicts()
    assert [row[name] for name in ("TEL.work", "TEL.work.2", "TEL.work.3")] == [f"+1212555010{n}" for n in range(3)]
    assert (row["ADR.street"], row["ADR.street.2"]) == ("A", "B")
    assert (row["ORG"], row["ORG.2"], row["ORG.unit.2"]) == ("X", "Y", "U")
    assert mapping.read_vcards(mapping.to_vcards([row])).to_dicts() == [row]


def test_a_card_always_has_a_name() -> None:
    rows = [{"N.given": "Ann", "N.family": "Lee"}, {"ORG": "Acme"}, {"EMAIL": "a@example.com"}, {"Shoe size": "38"}]
    read = mapping.read_vcards(mapping.to_vcards(rows)).to_dicts()
    assert [row["FN"] for row in read] == ["Ann Lee", "Acme", "a@example.com", None]
    assert read[3]["X-SHOE-SIZE"] == "38"


@pytest.mark.parametrize(
    "text", ["", "BEGIN:VCARD\nVERSION:4.0\nFN:Canary\n", "BEGIN:VCARD\nCanary without a colon\nEND:VCARD\n"]
)
def test_what_is_no_card_is_refused_without_its_contents(text: str) -> None:
    with pytest.raises(FormatError, match="card 1") as error:
        mapping.read_vcards(text)
    assert "Canary" not in str(error.value)


def test_bytes_of_another_encoding_are_refused_until_it_is_named(tmp_path: Path) -> None:
    card = "BEGIN:VCARD\nVERSION:3.0\nFN:王伟\nN:王;伟;;;\nEND:VCARD\n"
    (tmp_path / "a.vcf").write_bytes(card.encode("gb18030"))
    with pytest.raises(FormatError, match="name another encoding"):
        mapping.read_vcards(tmp_path / "a.vcf")
    assert mapping.read_vcards(tmp_path / "a.vcf", encoding="gb18030").column("FN") == ("王伟",)
    with pytest.raises(NotFoundError, match="version of vCard"):
        mapping.to_vcards([], version="2.1")  # type: ignore[arg-type]
    assert mapping.to_vcards([]) == ""


SAFE = (
    st.text(st.characters(categories=["L", "N", "P", "Zs", "S"]), min_size=1, max_size=40).map(str.strip).filter(bool)
)


@given(st.fixed_dictionaries({"FN": SAFE, "N.family": SAFE, "N.given": SAFE, "NOTE": SAFE, "ORG": SAFE, "TITLE": SAFE}))
@settings(max_examples=40, deadline=None)
def test_any_text_survives_a_card(row: dict[str, str]) -> None:
    [read] = mapping.read_vcards(mapping.to_vcards([row])).to_dicts()
    assert {name: read.get(name) for name in row} == row


@pytest.mark.parametrize("line", ["A;" * 60, "A;B=" * 60, 'A;B="' * 60, "A;B=c," * 60, "A." * 60, "A;B=c" * 60])
def test_a_line_that_is_none_is_refused_at_once(line):
    with pytest.raises(FormatError, match="cannot be read"):
        mapping.read_vcards(f"BEGIN:VCARD\nVERSION:3.0\nFN:Ann\n{line}\nEND:VCARD\n")


def test_what_never_ends_or_never_begins_takes_one_pass():
    with pytest.raises(FormatError, match="without an end"):
        mapping.read_vcards("BEGIN:VCARD\n" * 200_000)
    with pytest.raises(FormatError, match="no vCard"):
        mapping.read_vcards("END:VCARD\n" * 200_000)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_hundreds_of_thousands_of_folded_lines_are_one_value(end):
    soft = end.join(["NOTE;ENCODING=QUOTED-PRINTABLE:=41=", *["=41="] * 200_000, "B"])
    folded = end.join(["X-LONG:a", *[" b"] * 200_000])
    [row] = mapping.read_vcards(
        end.join(["BEGIN:VCARD", "VERSION:2.1", "FN:Ann", soft, folded, "END:VCARD", ""])
    ).to_dicts()
    assert row["NOTE"] == "A" * 200_001 + "B"
    assert row["X-LONG"] == "a" + "b" * 200_000


def test_a_line_separator_of_unicode_stays_in_its_value():
    [row] = mapping.read_vcards("BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ann\u2028Okafor\r\nEND:VCARD\r\n").to_dicts()
    assert row["FN"] == "Ann\u2028Okafor"
