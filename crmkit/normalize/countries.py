"""Countries: any name or code that people write, to the ISO 3166-1 alpha-2 code.

Names are compared without case, accents, punctuation and the article, in English, Chinese (simplified and
traditional) and the country's official languages. A name that could mean two countries means neither.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from crmkit._plain import plain
from crmkit._tables import read_rows
from crmkit.errors import InvalidValueError, NotFoundError

from . import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import Language

__all__ = ["calling_code", "codes", "format", "is_exact", "is_valid", "name", "normalize", "validate"]

_TABLE = "countries.tsv"
_MAX_LENGTH = 100
_NOT_WORD = re.compile(r"[\W_]+")


@cache
def _by_code() -> dict[str, tuple[str, ...]]:
    return {row[0]: row for row in read_rows(_TABLE)}


_INEXACT = "?"
"""Before an alias that does not name the whole country, or not it alone: England, Korea."""


@cache
def _inexact() -> frozenset[str]:
    return frozenset(
        _fold(alias) for row in read_rows(_TABLE) for alias in row[5].split("|") if alias.startswith(_INEXACT)
    )


@cache
def _by_name() -> dict[str, str]:
    """Map every folded name to its code; a name of two countries is left out."""
    found: dict[str, str | None] = {}
    for code, alpha3, _calling, en, zh, aliases in read_rows(_TABLE):
        for written in {
            _fold(text) for text in (code, alpha3, en, zh, *aliases.replace(_INEXACT, "").split("|")) if text
        }:
            found[written] = code if found.get(written, code) == code else None
    return {written: code for written, code in found.items() if code is not None}


def _fold(raw: str) -> str:
    text = unicodedata.normalize("NFKD", raw.casefold())
    text = "".join(char for char in text if not unicodedata.combining(char))
    text = text.replace("&", " and ").replace("'", "").replace("’", "")
    text = _NOT_WORD.sub(" ", text).strip()
    text = text.removeprefix("the ")
    return text.replace(" ", "")


def by_folded_name() -> Mapping[str, str]:
    """Return every name that :func:`normalize` reads, as :func:`fold` leaves it, with its code."""
    return _by_name()


def fold(raw: str) -> str:
    """Return the text as names are looked up."""
    return _fold(raw)


def normalize(raw: str) -> str | None:
    """Return the alpha-2 code of the country that ``raw`` names or abbreviates.

    Args:
        raw: Alpha-2 or alpha-3 code, or a name in English, Chinese or an official language of the country.

    Returns:
        Two capital letters, or ``None`` if the text names no country, or more than one.

    Example:
        >>> [normalize(raw) for raw in ("中国", "PRC", "chn", "U.K.", "the Netherlands", "Côte d'Ivoire", "n/a")]
        ['CN', 'CN', 'CN', 'GB', 'NL', 'CI', None]

    Source:
        Codes: ISO 3166-1. Names: Unicode CLDR; other forms by hand (``crmkit/data/countries.tsv``).

    .. versionadded:: 0.1.0
    """
    if len(raw) > _MAX_LENGTH or (not raw.isalpha() and names.is_placeholder(raw)):
        return None  # "n/a" is nothing, although "NA" is Namibia
    return _by_name().get(_fold(plain(raw)))


def is_exact(raw: str) -> bool:
    """Say whether ``raw`` names one whole country and nothing else, so that its code says the same.

    England is a part of the United Kingdom, Korea could be two countries, and Georgia is a state of the United States
    as well: their codes say more or less than was written.

    Example:
        >>> is_exact("PRC"), is_exact("England"), is_exact("Korea"), is_exact("Atlantis")
        (True, False, False, False)

    .. versionadded:: 0.1.0
    """
    return normalize(raw) is not None and _fold(plain(raw)) not in _inexact()


def validate(raw: str) -> str:
    """Return the alpha-2 code, or raise.

    Raises:
        InvalidValueError: If ``raw`` names no country.

    Example:
        >>> validate("Deutschland")
        'DE'

    .. versionadded:: 0.1.0
    """
    code = normalize(raw)
    if code is None:
        raise InvalidValueError("the text names no country; use an ISO 3166-1 code or a name")
    return code


def is_valid(raw: str) -> bool:
    """Say whether ``raw`` names a country.

    Example:
        >>> is_valid("U S A"), is_valid("Narnia")
        (True, False)

    .. versionadded:: 0.1.0
    """
    return normalize(raw) is not None


def name(code: str, lang: Language = "en") -> str:
    """Return the country's name in English or Chinese.

    Args:
        code: ISO 3166-1 alpha-2 code.
        lang: ``"en"`` or ``"zh"``.

    Raises:
        NotFoundError: If nobody has that code.

    Example:
        >>> name("CN"), name("CN", "zh")
        ('China', '中国')

    .. versionadded:: 0.1.0
    """
    row = _row(code)
    return row[4] if lang == "zh" else row[3]


format = name  # noqa: A001 - one of the four verbs that every kind of value answers


def calling_code(code: str) -> int | None:
    """Return the telephone calling code, or ``None`` for a territory that has none of its own.

    Raises:
        NotFoundError: If nobody has that code.

    Example:
        >>> calling_code("CN")
        86

    Source:
        ITU-T E.164, list of assigned country codes.

    .. versionadded:: 0.1.0
    """
    return int(text) if (text := _row(code)[2]) else None


def codes() -> tuple[str, ...]:
    """Return every code, in alphabetical order.

    Example:
        >>> len(codes()), "CN" in codes()
        (250, True)

    .. versionadded:: 0.1.0
    """
    return tuple(_by_code())


def _row(code: str) -> tuple[str, ...]:
    try:
        return _by_code()[code]
    except KeyError:
        raise NotFoundError.of("country code", code, _by_code()) from None
