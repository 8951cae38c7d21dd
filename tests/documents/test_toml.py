"""Documents that others wrote are read as ``tomllib`` reads them, or refused before they cost anything."""

from __future__ import annotations

import itertools
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit._toml import from_toml
from crmkit.backup import ContinuityRecords
from crmkit.errors import FormatError, PolicyFileError
from crmkit.matching import Survivorship
from crmkit.permissions import Policy
from crmkit.validators import Schema

DEEP = ("a = " + "[" * 100_000, "a = " + "{b = " * 50_000)
LONG = (
    "a" + ".a" * 200_000 + " = 1",
    "[a" + ".a" * 200_000 + "]",
    "[[a" + " . 'b'" * 50_000 + "]]",
    'x = { a = 1, "b"' + '."c.d"' * 50_000 + " = 1 }",
    'x = """two\n"quotes"""""\na' + ".a" * 100_000 + "=1",
)
LOADERS = {
    ".toml schema": (Schema.load, FormatError),
    ".toml rules": (Survivorship.load, FormatError),
    ".toml policy": (Policy.load, PolicyFileError),
}


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("text", [*DEEP, *LONG], ids=range(len(DEEP) + len(LONG)))
def test_every_loader_says_what_is_wrong_with_a_document_that_is_too_much(loader, text, tmp_path):
    load, error = LOADERS[loader]
    path = tmp_path / "document.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(error) as caught:
        load(path)
    assert "too deeply" in str(caught.value) or "more than 32 parts" in str(caught.value)


@pytest.mark.parametrize("text", [DEEP[0], LONG[0]])
def test_records_of_continuity_are_read_within_the_same_limits(text):
    with pytest.raises(FormatError):
        ContinuityRecords.from_toml(text)


def test_the_line_of_a_long_key_is_said_and_the_limit_is_one_part():
    assert from_toml("a" + ".a" * 31 + " = 1")
    with pytest.raises(tomllib.TOMLDecodeError, match=r"32 parts \(at line 3\)"):
        from_toml("# one\nb = 1\na" + ".a" * 32 + " = 1")


@pytest.mark.parametrize(
    "text",
    [
        "# " + "a." * 100 + "\nb = 1",
        'a = "' + "a." * 100 + '"',
        "a = '" + "a." * 100 + "'",
        'a = """\n"" ' + "a." * 100 + '\\""" "x"""""\nb = 2',
        "a = '''\n'' " + "a." * 100 + "''' # " + "b." * 100,
        "a = [" + "1.5, " * 100 + "]",
        "a = [" + "'x.y', " * 100 + "]",
        '"' + "a." * 100 + '".b = 1',
        'a = "\\"' + "a." * 100 + '"',
    ],
)
def test_dots_that_are_no_keys_are_no_parts(text):
    assert from_toml(text) == tomllib.loads(text)


PIECES = st.sampled_from(
    [
        '"',
        "'",
        '"""',
        "'''",
        "\\",
        "#",
        "\n",
        " ",
        ".",
        "a",
        "a.a",
        "=",
        "1.5",
        "[",
        "]",
        "{",
        "}",
        ",",
        "a." * 40,
        "b = ",
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join))
def test_what_is_read_is_what_tomllib_reads_unless_a_key_is_long(text):
    try:
        wanted = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(tomllib.TOMLDecodeError):
            from_toml(text)
        return
    try:
        read = from_toml(text)
    except tomllib.TOMLDecodeError:
        assert _depth(wanted) > 32
    else:
        assert read == wanted


def _depth(value: object) -> int:
    if isinstance(value, list):
        return max(map(_depth, value), default=0)
    return 1 + max(map(_depth, value.values()), default=0) if isinstance(value, dict) else 0


@pytest.mark.parametrize("unit", ['"""\\', '"\\', "'''\\", "'", '"a.', "a.\n", '"".', '"""."""'])
def test_looking_for_long_keys_takes_time_in_proportion(unit):
    """Counted in steps of the scanner, not by a clock: each sign of the text is taken once."""
    from crmkit import _toml

    text = "." * 40 + "\n" + unit * 2000
    taken = [found.span() for found in _toml._TOKEN.finditer(text)]
    assert taken[0][0] == 0
    assert taken[-1][1] == len(text)
    assert all(one[1] == two[0] for one, two in itertools.pairwise(taken))
