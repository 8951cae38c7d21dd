"""Which values can be right at all: no merge may keep ``noemail`` over an address because it came later."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, ClassVar

import attrs
import numpy as np

from crmkit.errors import NotFoundError
from crmkit.normalize import companies, dates, emails, names, phones
from crmkit.normalize._bulk import emails as email_bulk
from crmkit.normalize._bulk import phones as phone_bulk
from crmkit.systems import canonical_fields

from . import _beyond_doubt
from ._members import used_codes
from ._rules import SurvivorshipRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._members import Members, Scores

__all__ = ["WellFormed", "is_placeholder"]

_UNSURE = 0.5
_CARELESS = 0.9
"""A name in small letters or in capitals alone: right, and there may be one that is written with care."""
_LONGEST_INITIALS = 3
_SHORTEST = 7
"""Digits of a telephone number without its area."""
_NEVER_MEANT = frozenset({"1900-01-01", "1970-01-01", "9999-12-31"})
"""Days that programs write where nobody entered one."""


@attrs.frozen
class WellFormed(SurvivorshipRule):
    """A value that can be right: in the form of its field, and no placeholder. Stands first in every default.

    Args:
        type: What the column holds, as in the canonical fields: ``email``, ``phone``, ``date``, ``datetime``,
            ``person``, ``company``; for their other types only placeholders are told.

    Raises:
        NotFoundError: No canonical field has such a type.

    Example:
        >>> from crmkit.matching import Matcher, MostRecent
        >>> people = [
        ...     {"id": "1", "name": "Ana Maier", "phone": "+14155550123", "email": "ana@x.example", "on": "2026-01-05"},
        ...     {"id": "2", "name": "Ana Maier", "phone": "+14155550123", "email": "noemail", "on": "2026-03-09"},
        ... ]
        >>> golden, _ = Matcher.contacts().dedupe(people).merge(
        ...     survivorship={"email": [WellFormed("email"), MostRecent("on")]}
        ... )
        >>> golden[0]["email"]
        'ana@x.example'

    .. versionadded:: 0.1.0
    """

    highest: ClassVar[float | None] = 1.0

    type: str = "text"

    def __attrs_post_init__(self) -> None:
        if self.type not in _types():
            raise NotFoundError.of("type of field", str(self.type), _types())

    def scores(self, members: Members, column: str) -> Scores:
        """Score 1 for a value in form, less for a careless one, 0.5 where that cannot be told, 0 for none."""
        distinct = members.texts(column)
        codes = distinct.codes
        scores = members.judged(column, self.type)
        scores[-1] = _UNSURE
        used = used_codes(codes, len(distinct))
        used = used[np.isnan(scores[used])]
        values = distinct.values
        if len(used):
            scores[used] = _judge_all(self.type, [str(values[code]) for code in used.tolist()])
        return np.asarray(scores[codes])


@cache
def _types() -> tuple[str, ...]:
    return tuple(dict.fromkeys(["text", *(field.type for field in canonical_fields().values())]))


def _judge_all(kind: str, texts: list[str]) -> Scores:
    """Judge many texts; addresses and numbers beyond doubt together, the others one by one."""
    scores = np.ones(len(texts))
    doubted: Iterable[int] = range(len(texts))
    if kind not in _WITH_A_FORM:
        doubted = _beyond_doubt.doubtful(kind, texts)
    elif kind == "email":
        doubted = email_bulk.doubtful(texts)
    elif kind == "phone":
        found = phone_bulk.read_many(texts, [None], np.zeros(len(texts), dtype=np.int64))
        places = np.flatnonzero(found.kinds == phone_bulk.UNKNOWN)
        unsure = _beyond_doubt.national([texts[place] for place in places.tolist()])
        scores[places[unsure]] = _UNSURE
        doubted = np.delete(places, unsure).tolist()
    judge = _JUDGES.get(kind, _text)
    for place in doubted:
        scores[place] = judge(texts[place])
    return scores


def is_placeholder(value: str) -> bool:
    """Whether a value stands for none, whatever its column holds: ``n/a``, ``00000``, ``noemail``, ``x@x.com``."""
    if "@" in value:
        return emails.is_placeholder(value)
    if _DIGIT.search(value) is not None:
        return _ZEROS.fullmatch(value) is not None
    if names.is_placeholder(value):
        return True
    return _WORDS.fullmatch(value) is not None and emails.is_placeholder(f"{_GAP.sub('', value)}@example.com")


_WITH_A_FORM = frozenset({"email", "phone", "date", "datetime"})
_LONGEST_FORM = 8
"""A legal form and nothing else is no longer than this."""
_NATIONAL = re.compile(r"\(?0?[1-79][\d ()./-]{5,20}")
_ZEROS = re.compile(r"\s*0[0 ./-]*0\s*|\s*0{2,}[.,]0+\s*")
_WORDS = re.compile(r"[A-Za-z]{2,14}(?:[ _.-]+[A-Za-z]{1,8})?\s*")
"""What could be the local part of an address for none: ``noemail``, ``no e-mail``, ``unknown``."""
_GAP = re.compile(r"[\W_]+")
_DIGIT = re.compile(r"\d")


def _text(value: str) -> float:
    return 0.0 if is_placeholder(value) else 1.0


def _email(value: str) -> float:
    return float(emails.is_valid(value) and not emails.is_placeholder(value))


def _phone(value: str) -> float:
    if _NATIONAL.fullmatch(value):  # no country code, so parsing it could not tell more
        return _UNSURE if len(_DIGIT.findall(value)) >= _SHORTEST else 0.0
    if phones.normalize(value) is not None:
        return 1.0
    if _ZEROS.fullmatch(value) or phones.is_lossy(value) or phones.last7(value) is None:
        return 0.0
    return _UNSURE  # in national form, and the value does not say of which country


def _date(value: str) -> float:
    day = dates.parse(value)
    if day is None:
        return 1.0 if dates.is_ambiguous(value) else 0.0
    return 0.0 if day.isoformat() in _NEVER_MEANT else 1.0


def _person(value: str) -> float:
    if not names.is_valid(value):
        return 0.0
    shouted = len(value) > _LONGEST_INITIALS and value.isupper()
    return _CARELESS if value.islower() or shouted else 1.0


def _company(value: str) -> float:
    if names.is_placeholder(value):
        return 0.0
    return 1.0 if len(value) > _LONGEST_FORM else float(companies.is_valid(value))


_JUDGES: dict[str, Callable[[str], float]] = {
    "email": _email,
    "phone": _phone,
    "date": _date,
    "datetime": _date,
    "person": _person,
    "company": _company,
}
