"""Masks: what somebody sees of a value who may not see the value.

A mask never shows a whole value, not even of one character, never shows an accent or part of an emoji alone, and shows
no control character. A value that has not the shape of its kind is masked as the next stricter kind, so a phone number
in an e-mail column is masked as a phone number.

``DISCLOSURE`` orders the kinds: one that comes earlier never shows more characters of the same value than a later one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

from .errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

__all__ = ["DISCLOSURE", "Kind", "Last", "disclosure", "last", "mask"]

_MAX_LENGTH = 320  # longer text is no value of any kind, and is hidden whole
_MAX_LAST = 4
_STARS = "***"
_SEPARATORS = frozenset(" -().+")
_PHONE = re.compile(r"\+[\d\s().-]{7,20}|1[3-9]\d{9}|\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}")
_PROCESS_KEY = secrets.token_bytes(32)

Name: TypeAlias = Literal["full", "hash", "name", "card", "phone", "id", "iban", "email"]


@attrs.frozen
class Last:
    """The mask that shows the last ``n`` characters of a number or code; made by ``last(n)``.

    Example:
        >>> last(4)
        Last(n=4)
        >>> mask("4000 1234 0315", last(4))
        '***0315'

    .. versionadded:: 0.1.0
    """

    n: int = attrs.field(validator=attrs.validators.and_(attrs.validators.ge(1), attrs.validators.le(_MAX_LAST)))


Kind: TypeAlias = Name | Last
"""A name out of ``DISCLOSURE``, or ``last(n)``."""


def last(n: int) -> Last:
    """Return the mask that shows the last ``n`` characters, at most half of the value.

    Args:
        n: 1 to 4.

    Raises:
        ValueError: If ``n`` is outside that range.

    Example:
        >>> mask("ORDER-20240315", last(4))
        '***0315'

    .. versionadded:: 0.1.0
    """
    return Last(n)


DISCLOSURE: Final[tuple[Kind, ...]] = (
    "full", "hash", "name", Last(1), Last(2), Last(3), Last(4), "card", "phone", "id", "iban", "email",
)  # fmt: skip
"""Every kind, from the one that shows least to the one that shows most."""

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_PHONE = re.compile(r"[+＋]?[\d\s().\-]{7,24}\Z")
_CALLING_CHINA = re.compile(r"(?:[+＋]\s?86|00\s?86)[\s-]?(?=1)")
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z\s-]{6,38}[0-9A-Za-z]\Z")
_IBAN = re.compile(r"[A-Za-z]{2}\d{2}(?:\s?[0-9A-Za-z]){11,30}\Z")
_CARD = re.compile(r"\d(?:[\s-]?\d){11,18}\Z")


def mask(value: str, kind: Kind, *, key: bytes | None = None) -> str:
    """Return what may be shown of ``value``.

    Args:
        value: The value; never returned whole.
        kind: ``"email"``, ``"phone"``, ``"name"``, ``"id"``, ``"card"``, ``"iban"``, ``"hash"``, ``"full"``
            or ``last(n)``.
        key: For ``"hash"``: equal values give equal masks under one key. Without it a key of this process is used, so
            masks of two runs cannot be compared.

    Returns:
        The mask; ``""`` for an empty value.

    Raises:
        NotFoundError: If there is no such kind.

    Example:
        >>> mask("13800138000", "phone"), mask("张三", "name"), mask("110101199003071234", "id")
        ('138****8000', '张*', '110***********1234')
        >>> mask("wei.zhang@example.com", "email"), mask("Zhang Wei", "name"), mask("secret", "full")
        ('w***@example.com', 'Z***', '***')
        >>> mask("4111 1111 1111 1111", "card"), mask("GB82WEST12345698765432", "iban")
        ('**** **** **** 1111', 'GB82**************5432')

    .. versionadded:: 0.1.0
    """
    rank = disclosure(kind)
    if not value:
        return ""
    given: object = value  # what callers without a type checker pass
    if not isinstance(given, str):
        raise TypeError(f"a value to mask is text, not {type(given).__name__}")
    if kind == "hash":
        digest = hmac.new(key or _PROCESS_KEY, value.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"#{digest.hexdigest()[:10]}"
    if kind == "full" or len(value) > _MAX_LENGTH:
        return _STARS
    clusters = _clusters(value)
    whole = _weight({place for place, cluster in enumerate(clusters) if _may_show(cluster)}, clusters)
    best: tuple[Callable[[list[str], AbstractSet[int]], str], AbstractSet[int]] = (_hide, frozenset())
    for step in DISCLOSURE[2 : rank + 1]:
        rule, render = _RULES[step] if isinstance(step, str) else (_last_rule(step.n), _short_tail)
        shown = rule(value, clusters)
        if shown is not None and _weight(best[1], clusters) <= _weight(shown, clusters) < whole:
            best = render, shown
    return best[0](clusters, best[1])


def disclosure(kind: Kind) -> int:
    """Return the place of ``kind`` in ``DISCLOSURE``: the higher, the more it can show.

    Raises:
        NotFoundError: If there is no such kind; what was given is not shown, since it may be the value.

    Example:
        >>> disclosure("full") < disclosure("name") < disclosure(last(4)) < disclosure("email")
        True

    .. versionadded:: 0.1.0
    """
    try:
        return DISCLOSURE.index(kind)
    except ValueError:
        raise NotFoundError.of(
            "mask", kind, [name for name in DISCLOSURE if isinstance(name, str)], shown=False
        ) from None


def _clusters(text: str) -> list[str]:
    """Cut text into what a reader takes for one character: marks, joiners and flags stay with their base.

    Source:
        A short form of Unicode Standard Annex 29, extended grapheme clusters.
    """
    found: list[str] = []
    for char in text:
        previous = found[-1] if found else ""
        joins = (
            unicodedata.category(char) in ("Mn", "Mc", "Me")
            or char in "\u200d\ufe0e\ufe0f"
            or "\U0001f3fb" <= char <= "\U0001f3ff"
            or "\U000e0020" <= char <= "\U000e007f"
            or previous.endswith("\u200d")
            or (_is_flag_half(char) and len(previous) == 1 and _is_flag_half(previous))
        )
        if joins and previous:
            found[-1] += char
        else:
            found.append(char)
    return found


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _may_show(cluster: str) -> bool:
    """Say whether the character can stand in a mask: no control, format or surrogate code point, star or lone mark."""
    return cluster != "*" and unicodedata.category(cluster[0])[0] in "LNPS"


def _weight(shown: AbstractSet[int], clusters: list[str]) -> int:
    """Count what is shown; blanks, points and hyphens say nothing of a value."""
    return sum(clusters[place] not in _SEPARATORS for place in shown)


def _codes(clusters: list[str]) -> list[int]:
    """Return where letters and digits stand."""
    return [place for place, cluster in enumerate(clusters) if cluster[0].isalnum()]


def _name(_value: str, clusters: list[str]) -> AbstractSet[int] | None:
    return {0} if len(clusters) > 1 and _may_show(clusters[0]) else None


def _last_rule(n: int) -> Callable[[str, list[str]], AbstractSet[int] | None]:
    def rule(_value: str, clusters: list[str]) -> AbstractSet[int] | None:
        digits = sum(cluster.isdecimal() for cluster in clusters)
        places = _codes(clusters)
        return set(places[-min(n, len(places) // 2) :]) if digits >= _MAX_LAST else None

    return rule


def _card(value: str, clusters: list[str]) -> AbstractSet[int] | None:
    return set(_codes(clusters)[-4:]) if _CARD.match(value) else None


def _phone(value: str, clusters: list[str]) -> AbstractSet[int] | None:
    places = _codes(clusters)
    if not _PHONE.match(value) or not 7 <= len(places) <= 15:
        return None
    calling = _CALLING_CHINA.match(value)
    skip = sum(char.isdecimal() for char in calling.group()) if calling and len(places) >= 13 else 0
    own = places[skip:]
    head = max(0, min(3, len(own) - 8))
    return {*places[: skip + head], *places[-min(4, len(own) - 4) :]}


def _id(value: str, clusters: list[str]) -> AbstractSet[int] | None:
    places = _codes(clusters)
    if not _ID.match(value) or len(places) < 11 or not any(char.isdecimal() for char in value):
        return None
    return {*places[:3], *places[-4:]}


def _iban(value: str, clusters: list[str]) -> AbstractSet[int] | None:
    places = _codes(clusters)
    return {*places[:4], *places[-4:]} if _IBAN.match(value) else None


def _email(value: str, clusters: list[str]) -> AbstractSet[int] | None:
    local, sign, domain = value.rpartition("@")
    if not sign or not local or not domain or "." not in domain or not domain.isprintable():
        return None
    at = len(clusters) - 1 - clusters[::-1].index("@") if "@" in clusters else 0
    if not all(_may_show(cluster) for cluster in clusters[at:]):
        return None
    first = {0} if at > 2 and _may_show(clusters[0]) else set()
    return {*first, *range(at, len(clusters))} if at else None


def _hide(_clusters: list[str], _shown: AbstractSet[int]) -> str:
    return _STARS


def _first(clusters: list[str], _shown: AbstractSet[int]) -> str:
    """Show the first character; behind a Chinese one a star for each other, as Chinese masks are written."""
    if _HAN.match(clusters[0]):
        return clusters[0] + "*" * min(len(clusters) - 1, 3)
    return clusters[0] + _STARS


def _short_tail(clusters: list[str], shown: AbstractSet[int]) -> str:
    return _STARS + "".join(clusters[place] for place in sorted(shown))


def _in_place(clusters: list[str], shown: AbstractSet[int]) -> str:
    """Put a star for each hidden letter and digit; blanks, hyphens and the like stay."""
    return "".join(
        cluster if place in shown or cluster in _SEPARATORS else "*" for place, cluster in enumerate(clusters)
    )


def _local(clusters: list[str], shown: AbstractSet[int]) -> str:
    first = clusters[0] if 0 in shown else ""
    return first + _STARS + "".join(clusters[place] for place in sorted(shown - {0}))


_RULES: Final[
    dict[str, tuple[Callable[[str, list[str]], AbstractSet[int] | None], Callable[[list[str], AbstractSet[int]], str]]]
] = {
    "name": (_name, _first),
    "card": (_card, _in_place),
    "phone": (_phone, _in_place),
    "id": (_id, _in_place),
    "iban": (_iban, _in_place),
    "email": (_email, _local),
}


def shown_id(record_id: object) -> str:
    """Show a record's id; one that reaches somebody, an e-mail address or phone number, is masked."""
    shown = str(record_id)
    if "@" in shown:
        return mask(shown, "email")
    return mask(shown, "phone") if _PHONE.fullmatch(shown) else shown
