"""Turn one text of a column into the text that the other end writes; what cannot be read stays as it is."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Final

from ._times import Problem, read_day, read_moment, write_day, write_moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.mapping._parts._form import Form
    from crmkit.normalize.dates import DateOrder

__all__ = ["EMPTY_DATES", "converter", "is_converted"]

EMPTY_DATES: Final = frozenset({"0/0/00", "0/0/0000", "00/00/0000", "0000-00-00", "0000-00-00 00:00:00"})
"""How Outlook and MySQL write that there is no date."""

_TRUE = frozenset({"true", "1", "yes", "y", "t", "on", "是", "1.0"})
_FALSE = frozenset({"false", "0", "no", "n", "f", "off", "否", "0.0"})
_CLEAN: Final = Context(prec=24)
_CLEAN_DIGITS: Final = 18
_BOOLS: Final = {"true": ("true", "false"), "one": ("1", "0"), "yes": ("Yes", "No")}


def is_converted(source: Form, target: Form) -> bool:
    """Say whether values are read and written anew; otherwise they go through untouched."""
    if source.type != target.type or source.type == "text":
        return False
    if source.type == "number":
        return Decimal(source.scale) != Decimal(target.scale)
    return source.type != "list" or source.separator != target.separator


def converter(source: Form, target: Form, order: DateOrder | None) -> Callable[[str], tuple[str | None, Problem]]:
    """Return what turns a text of the source into one of the target.

    The result is the text to write and the code of a problem, ``""`` for none. A text of ``None`` with a problem could
    not be converted and is to be kept; ``None`` without one is an empty value.
    """

    def dated(
        read: Callable[[str, Form, DateOrder | None], tuple[Any, Problem]],
        write: Callable[[Any, Form], tuple[str | None, Problem]],
    ) -> Callable[[str], tuple[str | None, Problem]]:
        def convert(text: str) -> tuple[str | None, Problem]:
            if text.strip() in EMPTY_DATES:
                return None, ""
            found, problem = read(text, source, order)
            if found is None:
                return None, problem
            written, other = write(found, target)
            return written, problem or other

        return convert

    def number(text: str) -> tuple[str | None, Problem]:
        plain = text.strip().removesuffix("%").rstrip()
        try:
            value = Decimal(plain) * Decimal(source.scale) / Decimal(target.scale)
        except ArithmeticError:
            return None, "value_unreadable"
        if not value.is_finite():
            return None, "value_unreadable"
        short = value.normalize(_CLEAN)
        if len(short.as_tuple().digits) <= _CLEAN_DIGITS:  # a third, times three, is one again
            value = short
        shown = f"{value:f}"
        return (shown.rstrip("0").rstrip(".") if "." in shown else shown) or "0", ""

    def truth(text: str) -> tuple[str | None, Problem]:
        word = text.strip().casefold()
        if word in _TRUE:
            return _BOOLS[target.style][0], ""
        return (_BOOLS[target.style][1], "") if word in _FALSE else (None, "value_unreadable")

    def items(text: str) -> tuple[str | None, Problem]:
        parts = [part.strip() for part in text.split(source.separator.strip() or source.separator)]
        filled = [part for part in parts if part]
        mark = target.separator.strip() or target.separator
        split = any(mark in part for part in filled)
        return target.separator.join(filled) or None, "list_item_split" if split else ""

    if source.type == "datetime":
        return dated(read_moment, write_moment)
    if source.type == "date":
        return dated(read_day, write_day)
    return {"number": number, "bool": truth, "list": items}[source.type]
