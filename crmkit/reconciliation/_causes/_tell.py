"""Tell from one pair of texts why two cells differ: the narrowest cause, the most harmless first."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from crmkit.normalize import addresses, companies, countries, dates, emails, numbers, phones, text
from crmkit.normalize._placeholders import is_marker

from ._cause import LONGEST, Cause
from ._damage import damage
from ._moments import moment
from ._numbers import number

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from crmkit.reconciliation._pairing._settings import ColumnPair

    from ._cause import ColumnKind

__all__ = ["agree", "cause_of", "near"]

_BLANKS = re.compile(r"[\s\u00a0\u200b-\u200d\u2060\ufeff]+")
_SHORTEST_CUT = 3


def cause_of(left: str | None, right: str | None, kind: ColumnKind = "text") -> Cause | None:
    """Tell why two cells differ.

    Args:
        left: The one cell as text; ``None`` is missing.
        right: The other.
        kind: What the column holds.

    Returns:
        The cause, or ``None`` where the cells hold the same.

    Example:
        >>> cause_of("+86 138 0013 8000", "13800138000", "phone").code
        'format'
        >>> cause_of("00123", "123").code, cause_of("1.2", "120").params["factor"]
        ('leading_zeros_lost', 100)
        >>> cause_of("same", "same") is None
        True

    Note:
        O(length); at most some tens of microseconds where a phone number has to be parsed.

    .. versionadded:: 0.1.0
    """
    if left == right:
        return None
    if left is None or is_marker(left):
        return Cause("missing_marker" if right is None or is_marker(right) else "value_added")
    if right is None or is_marker(right):
        return Cause("value_lost")
    for told in (_spelling, _typed(kind), number, moment, damage):
        found = told(left, right)
        if found is not None:
            return found
    return Cause("changed", to_confirm=_cut(left, right))


def agree(left: str | None, right: str | None, column: ColumnPair, *, ignore: Collection[str] = ()) -> bool:
    """Whether two cells of a compared column count as equal.

    Args:
        left: The one cell as text; ``None`` is missing.
        right: The other.
        column: What it holds, and how far numbers may be apart.
        ignore: Causes that are no difference.

    Example:
        >>> from crmkit.reconciliation import ColumnPair
        >>> phone = ColumnPair(left="phone", right="tel", kind="phone")
        >>> agree("+86 138 0013 8000", "13800138000", phone, ignore=["format"])
        True

    .. versionadded:: 0.1.0
    """
    if left == right or near(left, right, column.tolerance):
        return True
    found = cause_of(left, right, column.kind)
    return found is None or found.code in ignore


def near(left: str | None, right: str | None, tolerance: float) -> bool:
    """Whether two texts are numbers that are no further apart than the tolerance, which is not 0."""
    if not tolerance or left is None or right is None:
        return False
    try:
        return abs(float(left) - float(right)) <= tolerance
    except ValueError:
        return False


def _typed(kind: ColumnKind) -> Callable[[str, str], Cause | None]:
    form = _FORMS.get(kind)

    def told(left: str, right: str) -> Cause | None:
        if form is None or len(left) > LONGEST or len(right) > LONGEST:
            return None
        one = form(left)
        same = one is not None and one == form(right)
        return Cause("format") if same or (kind == "phone" and _phones_agree(left, right)) else None

    return told


def _spelling(left: str, right: str) -> Cause | None:
    """Blanks, case, width, script: harmless, and the same whatever the column holds."""
    if _without_blanks(left) == _without_blanks(right):
        # "Ann Lee" and "AnnLee" are not a matter of blanks at the edge, but nothing else is between them either.
        return Cause("whitespace")
    a, b = _squeezed(left), _squeezed(right)
    if a.casefold() == b.casefold():
        return Cause("case")
    if left.isascii() and right.isascii():
        return None
    wide_a, wide_b = (_squeezed(unicodedata.normalize("NFKC", part)).casefold() for part in (left, right))
    if wide_a == wide_b:
        return Cause("full_width")
    if text.has_han(left) and text.has_han(right) and text.to_simplified(wide_a) == text.to_simplified(wide_b):
        return Cause("traditional")
    return None


def _without_blanks(value: str) -> str:
    return "".join(value.split()) if value.isascii() else _BLANKS.sub("", value)


def _squeezed(value: str) -> str:
    return " ".join(value.split()) if value.isascii() else _BLANKS.sub(" ", value).strip()


def _phones_agree(left: str, right: str) -> bool:
    """Whether one number is the other in national form: the same digits behind a country and a trunk prefix."""
    a, b = (re.sub(r"\D", "", unicodedata.normalize("NFKC", value)) for value in (left, right))
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    national = shorter.lstrip("0")
    return len(national) >= 7 and longer.endswith(national) and len(longer) - len(national) <= 4


def _amount(value: str) -> str | None:
    money = numbers.parse(value)
    return None if money is None else format(money.amount.normalize(), "f")


def _date(value: str) -> str | None:
    found = dates.parse(value)
    return None if found is None else found.isoformat()


_FORMS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "phone": phones.normalize,
    "email": emails.key,
    "country": countries.normalize,
    "number": _amount,
    "date": _date,
    "company": companies.normalize,
    "postcode": addresses.postcode,
}


def _cut(left: str, right: str) -> Cause | None:
    """One side is the beginning of the other: a cut, if the column shows that it cuts there."""
    for whole, part, side in ((left, right, "right"), (right, left, "left")):
        kept = part.rstrip("…").rstrip()
        if len(whole) > len(kept) >= _SHORTEST_CUT and whole.startswith(kept):
            return Cause(
                "truncated", {"length": len(part), "side": side, "bytes": len(part.encode("utf-8", "replace"))}
            )
    return None
