"""Values that say that there is none: ``n/a``, ``none``, ``无``, ``asdf``, ``00000``; the words are in one table.

What counts depends on the field: "No" is a surname, "Customer" is no person, and digits alone are a phone or a code.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from crmkit._tables import read_rows

from . import text

__all__ = ["is_filler_number", "is_marker", "is_name_placeholder", "is_placeholder", "says_nothing", "words"]

_LONGEST = 40
_FEWEST_DIGITS = 4
_LONG_TEXT = 1000
_SIGN = re.compile(r"\w").search
_DIGIT = re.compile(r"\d").search
_LETTER = re.compile(r"[A-Za-z]").search
_ROUND = " .-_*?!()[]<>"


@cache
def _words(*kinds: str) -> frozenset[str]:
    rows = read_rows("placeholders.tsv")
    return frozenset(word for word, kind in rows if kind in kinds)


@cache
def _of_addresses() -> frozenset[str]:
    """Return the local parts that stand for no address wherever they are: ``noemail``."""
    rows = read_rows("placeholder_emails.tsv")
    return frozenset(word for word, where in rows if where == "any" and len(word) >= len("nomail"))


def words() -> frozenset[str]:
    """Return every word that stands for no name in some way of writing it, as :func:`.text.fold` gives it."""
    return _words("marker", "filler", "marker_or_name", "filler_or_name")


def is_marker(raw: str) -> bool:
    """Say whether the text is a way to write that there is nothing, in whatever field; an empty one is.

    Example:
        >>> [is_marker(value) for value in (" N/A ", "无", "", "0", "test")]
        [True, True, True, False, False]
    """
    if len(raw) >= _LONGEST:
        return not raw.strip()
    folded = unicodedata.normalize("NFKC", raw).strip().casefold()
    return not folded or folded in _words("marker", "marker_or_name")


def says_nothing(raw: str) -> bool:
    """Say whether a cell might as well be empty, in whatever column: blank, or a marker that is not written as a name.

    Example:
        >>> [says_nothing(value) for value in (" ", "-", "NULL", "NaN", "Nan", "0", "no", "test")]
        [True, True, True, True, False, False, False, False]
    """
    if raw.isascii():  # most by far, and they are asked about by the thousand
        word = raw.strip().lower()
        return not word or (word in _words("marker", "marker_or_name") and not (raw.istitle() and _is_named(word)))
    return len(raw) < _LONG_TEXT and (
        not text.clean(raw) or (is_marker(raw) and not (raw.strip().istitle() and _is_named(text.fold(raw))))
    )


def _is_named(word: str) -> bool:
    return word in _words("marker_or_name")


def is_name_placeholder(raw: str, *, folded: str | None = None) -> bool:
    """Say whether the text stands in for a name; see :func:`crmkit.normalize.names.is_placeholder`.

    Args:
        raw: The text.
        folded: ``text.fold`` of it, where that is known.
    """
    if len(raw) > _LONG_TEXT:
        bare = raw.strip().strip(_ROUND)
        return is_name_placeholder(bare) if len(bare) <= _LONG_TEXT else _SIGN(bare) is None
    folded = text.fold(raw) if folded is None else folded
    if not (folded[:1].isalpha() or any(map(str.isalpha, folded))):
        return True
    always, unless_a_name = _words("marker", "filler"), _words("marker_or_name", "filler_or_name")
    if folded in always:
        return True
    bare = folded.strip(_ROUND)
    if bare in unless_a_name:
        return not raw.strip().istitle()
    return bare in always or (2 < len(bare) <= _LONGEST and bare == bare[0] * len(bare))


def is_placeholder(raw: str) -> bool:
    """Say whether the text stands for no value; for fields in which digits alone are a value.

    Example:
        >>> [is_placeholder(value) for value in ("N/A", "No", "无", "--", "no email", "13800138000")]
        [True, True, True, True, True, False]
    """
    if len(raw) > _LONG_TEXT:
        return len(bare := raw.strip().strip(_ROUND)) <= _LONG_TEXT and is_placeholder(bare)
    if _DIGIT(raw) is not None:
        return "#" in raw and is_marker(raw)  # #DIV/0!
    folded = raw.strip().casefold()
    if is_name_placeholder(raw) or folded in _words("answer"):
        return True
    return len(folded) <= _LONGEST and folded.translate(_TOGETHER) in _of_addresses()


_TOGETHER = str.maketrans("", "", " ._-")


def is_filler_number(raw: str) -> bool:
    """Say whether somebody filled a field of digits with one digit over and over.

    Example:
        >>> [is_filler_number(value) for value in ("00000", "999-9999", "000", "10000", "x000000")]
        [True, True, False, False, False]
    """
    if len(raw) > _LONGEST or (_LETTER(raw) is not None if raw.isascii() else any(map(str.isalpha, raw))):
        return False
    found = [char for char in raw if char.isdecimal()]
    return len(found) >= _FEWEST_DIGITS and len(set(found)) == 1
