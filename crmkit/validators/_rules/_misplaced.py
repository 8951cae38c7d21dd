"""Values in the wrong column: two that were swapped, and several that were put into one cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

import attrs
import numpy as np

from crmkit.errors import NotFoundError
from crmkit.normalize import dates, emails, names, phones
from crmkit.normalize import text as words
from crmkit.validators._reading._web import url_key

from ._rule import Judgement, Rule, RunContext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmkit.typing import Severity

    from ._rule import _Mask

__all__ = ["Spill", "Swapped", "spill", "swapped"]

_PHONE = re.compile(r"\+?[\d\s().-]{7,20}\Z").match


def _surname(text: str) -> bool:
    return names.is_surname(words.clean(text))


def _given(text: str) -> bool:
    tidy = words.clean(text)
    return words.has_han(tidy) and 1 <= len(tidy) <= 2 and not _surname(tidy)


_KINDS: Final[Mapping[str, Callable[[str], bool]]] = {
    "email": lambda text: emails.address(text) is not None,
    "phone": lambda text: _PHONE(text.strip()) is not None and sum(map(str.isdecimal, text)) >= 7,
    "url": lambda text: "@" not in text and url_key(text) is not None,
    "date": lambda text: dates.normalize(text) is not None or dates.is_ambiguous(text),
    "chinese_surname": _surname,
    "chinese_given_name": _given,
}
_CONFIDENCE = {"chinese_surname": 0.85, "chinese_given_name": 0.85}
_SURE = 0.96


@attrs.frozen(repr=False)
class Swapped(Rule):
    """Each of two columns holds what belongs into the other."""

    first: str = attrs.field(kw_only=False)
    second: str = attrs.field(kw_only=False)
    kinds: tuple[str, ...] = attrs.field(kw_only=False)

    kind: ClassVar[str] = "swapped"
    row_local: ClassVar[bool] = True
    changes_several: ClassVar[bool] = True

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.first, self.second)

    @property
    def default_code(self) -> str:
        return "fields_swapped"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        tests = [_KINDS[kind] for kind in self.kinds]
        sides = [run.columns.texts(column) for column in self.columns]
        wrong = asked.copy()
        missing = int(np.count_nonzero(asked & ((sides[0].codes < 0) | (sides[1].codes < 0))))
        for side, own, other in zip(sides, tests, tests[::-1], strict=True):
            wrong &= side.rows_where([not own(text) and other(text) for text in side.values])
        failed = np.flatnonzero(wrong)
        first, second = ([side.values[code] for code in side.codes[failed].tolist()] for side in sides)
        return Judgement(
            failed=failed,
            skipped={"empty": missing} if missing else {},
            params={"other": self.second},
            fixes=[text.strip() for text in second],
            confidence=min(_CONFIDENCE.get(kind, _SURE) for kind in self.kinds),
            also={self.second: [text.strip() for text in first]},
        )

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        return {"first": names.get(self.first, self.first), "second": names.get(self.second, self.second)}

    def __repr__(self) -> str:
        return f"swapped({self.first!r}, {self.second!r}, kinds={list(self.kinds)!r}){self._suffix()}"


@attrs.frozen(repr=False)
class Spill(Rule):
    """Two values stand in one cell although a second column is empty."""

    field: str = attrs.field(kw_only=False)
    into: str = attrs.field(kw_only=False)
    of: str = attrs.field(kw_only=False)

    kind: ClassVar[str] = "spill"
    row_local: ClassVar[bool] = True
    changes_several: ClassVar[bool] = True

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.field, self.into)

    @property
    def default_code(self) -> str:
        return "two_values"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        texts = run.columns.texts(self.field)
        pieces = [_pieces(text, self.of) for text in texts.values]
        several = texts.rows_where([len(found) == 2 for found in pieces])
        failed = np.flatnonzero(asked & several & ~run.columns.present(self.into))
        found = [pieces[code] for code in texts.codes[failed].tolist()]
        missing = int(np.count_nonzero(asked & (texts.codes < 0)))
        return Judgement(
            failed=failed,
            skipped={"empty": missing} if missing else {},
            params={"other": self.into},
            fixes=[first for first, _ in found],
            confidence=_SURE,
            also={self.into: [second for _, second in found]},
        )

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        return {"field": names.get(self.field, self.field), "into": names.get(self.into, self.into)}

    def __repr__(self) -> str:
        return f"spill({self.field!r}, into={self.into!r}, of={self.of!r}){self._suffix()}"


_BETWEEN_EMAILS = re.compile(r"[\s,;/|，；、]+")


def _pieces(text: str, kind: str) -> list[str]:
    if kind == "email":
        found = [piece for piece in _BETWEEN_EMAILS.split(text[:1000].strip()) if piece]
    else:
        found = phones.split_many(text[:250])
    return found if len(found) == 2 and all(_KINDS[kind](piece) for piece in found) else []


def swapped(
    first: str, second: str, *, kinds: tuple[str, str] | list[str], code: str | None = None, name: str | None = None,
    severity: Severity = "warning",
) -> Rule:  # fmt: skip
    """Point at rows in which each of two columns holds what belongs into the other, and propose to swap them.

    Args:
        first: A column.
        second: Another column.
        kinds: What each should hold: ``email``, ``phone``, ``url``, ``date``, ``chinese_surname`` or
            ``chinese_given_name``.
        code: A code of your own; ``fields_swapped`` where absent.
        name: Names the rule in the report.
        severity: Of a failure.

    Raises:
        NotFoundError: If there is no such kind.

    Example:
        >>> from crmkit.validators import Schema
        >>> rule = swapped("email", "phone", kinds=("email", "phone"))
        >>> people = [{"email": "138 0013 8000", "phone": "li@example.com"}]
        >>> clean, changes = Schema("people", rules=[rule]).check(people).fixes().apply(people)
        >>> clean
        [{'email': 'li@example.com', 'phone': '138 0013 8000'}]

    .. versionadded:: 0.1.0
    """
    for kind in kinds:
        if kind not in _KINDS:
            raise NotFoundError.of("kind of value", kind, _KINDS)
    if len(kinds) != 2:
        raise NotFoundError("swapped(kinds=) takes two kinds, one for each column")
    return Swapped(first, second, tuple(kinds), code=code, name=name, severity=severity)


def spill(
    field: str, *, into: str, of: str, code: str | None = None, name: str | None = None,
    severity: Severity = "warning",
) -> Rule:  # fmt: skip
    """Point at cells that hold two values while a second column is empty, and propose to move the second one there.

    Args:
        field: The column.
        into: The column for a second value.
        of: ``email`` or ``phone``.
        code: A code of your own; ``two_values`` where absent.
        name: Names the rule in the report.
        severity: Of a failure.

    Raises:
        NotFoundError: If values of that kind cannot be told apart.

    Example:
        >>> from crmkit.validators import Schema
        >>> people = [{"email": "a@example.com; b@example.com", "email_2": None}]
        >>> Schema("s", rules=[spill("email", into="email_2", of="email")]).check(people).fixes().apply(people)[0]
        [{'email': 'a@example.com', 'email_2': 'b@example.com'}]

    .. versionadded:: 0.1.0
    """
    if of not in ("email", "phone"):
        raise NotFoundError.of("kind of value", of, ["email", "phone"])
    return Spill(field, into, of, code=code, name=name, severity=severity)
