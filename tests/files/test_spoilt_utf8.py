"""UTF-8 with a spoilt byte stays UTF-8, and is told; Windows-1252 stays what it is."""

import io

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import crmkit as ck
from crmkit.files import _encoding


def read(tmp_path, content):
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    return ck.read_csv(path)


@pytest.mark.parametrize("content", [
    b"name,city\nJos\xc3\xa9,M\xff\n", b"name\nM\xc3\xbcller\nJos\xe9\n",
    "name,city\nÄrzte,Köln\nZoé,Lyon".encode() + b"\x93\n",
])  # fmt: skip
def test_one_spoilt_byte_is_told_and_the_rest_read_as_utf8(tmp_path, content):
    frame = read(tmp_path, content)
    assert "Ã" not in str(frame.to_dicts())
    assert [note.severity for note in frame.notes if note.code == "undecodable_bytes"] == ["error"]


@pytest.mark.parametrize(
    "text", ["name,city\nJosé,Köln\n", "name\nMüller\nÀngels\n", "Straße;Größe\nÄpfel;Élan\n", "name\n«Hôtel»\n"]
)
def test_windows_1252_stays_what_it_is(tmp_path, text):
    frame = read(tmp_path, text.encode("cp1252"))
    written = [*frame.columns, *(cell for row in frame.to_dicts() for cell in row.values())]
    assert set(written) == {cell for line in text.split() for cell in line.replace(";", ",").split(",")}


@given(
    st.lists(st.sampled_from(["José", "Müller", "Zoë", "Łódź", "Ångström", "Ana"]), min_size=2, max_size=9), st.data()
)
def test_utf8_with_a_spoilt_byte_in_any_place_is_utf8(names, data):
    content = "name\n" + "\n".join(names) + "\n"
    assume(not content.isascii())
    at = data.draw(st.integers(5, len(content) - 1))
    spoilt = content[:at].encode() + b"\xff" + content[at:].encode()
    assert _encoding.detect(io.BytesIO(spoilt)).name == "utf-8-sig"
