"""Old names keep working, and the warning points at the line that uses them."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from crmkit._deprecation import deprecated, renamed_argument
from crmkit.errors import CrmkitDeprecationWarning

SOURCE = Path(__file__).read_text(encoding="utf-8").splitlines()


@deprecated("new()", since="0.2")
def old(value: int) -> int:
    """Return the double."""
    return 2 * value


@renamed_argument("colour", "color", since="0.3")
def paint(wall: str, *, color: str = "white") -> str:
    return f"{wall} {color}"


def test_an_old_function_works_and_warns_at_the_line_that_calls_it() -> None:
    with pytest.warns(CrmkitDeprecationWarning) as caught:
        assert old(4) == 8
    line = next(number for number, text in enumerate(SOURCE, start=1) if "assert old(4)" in text)
    (warning,) = caught
    assert str(warning.message) == "old() is deprecated since 0.2; use new() instead"
    assert (warning.filename, warning.lineno) == (__file__, line)
    assert (old.__name__, old.__doc__) == ("old", "Return the double.")


def test_an_old_argument_is_taken_for_the_new_one_and_warns_at_the_line_that_gives_it() -> None:
    with pytest.warns(CrmkitDeprecationWarning) as caught:
        assert paint("north", colour="red") == "north red"
    line = next(number for number, text in enumerate(SOURCE, start=1) if 'assert paint("north", colour="red")' in text)
    (warning,) = caught
    assert str(warning.message) == "argument 'colour' of paint() is deprecated since 0.3; use 'color' instead"
    assert (warning.filename, warning.lineno) == (__file__, line)


def test_the_new_name_says_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert paint("north", color="red") == "north red"
        assert paint("north") == "north white"


def test_old_and_new_name_together_are_refused_rather_than_one_of_them_dropped() -> None:
    with pytest.raises(TypeError, match=r"paint\(\) got both 'colour' and 'color'; they are one argument"):
        paint("north", colour="red", color="blue")


def test_deprecation_warnings_are_shown_to_developers_by_pythons_own_rules() -> None:
    assert issubclass(CrmkitDeprecationWarning, DeprecationWarning)
