"""Names of companies: the legal form apart, the rest folded so that one firm's spellings meet.

``core`` keeps everything that may tell two firms apart: places, "Holding", "Group", numbers. It drops what may not:
the legal form (in some eighty spellings of forty countries), a leading "the", punctuation, ``&`` against "and".
"""

from __future__ import annotations

import re

from crmkit.errors import InvalidValueError
from crmkit.normalize import _company_forms, names, text

__all__ = ["acronym", "core", "format", "is_valid", "legal_form", "normalize", "parts", "validate"]

split_folded = _company_forms.split_folded

_SLASH = re.compile(r"\s*[/|]\s+|\s+[/|]\s*|(?<=\w{4})/(?=\w{4})")
_TRADING_AS = re.compile(r"\s(?:d\.?/?b\.?/?a\.?|t/a|trading as|doing business as|c/o|f\.?k\.?a\.?)\s", re.IGNORECASE)
_STOP_WORDS = frozenset(
    {
        "of",
        "the",
        "and",
        "for",
        "de",
        "la",
        "le",
        "du",
        "des",
        "der",
        "die",
        "das",
        "y",
        "e",
        "i",
        "di",
        "del",
        "della",
        "a",
        "an",
        "in",
    }
)


def core(raw: str) -> str:
    """Return the folded name without its legal form; places and numbers stay.

    Returns:
        The core; ``""`` where the text holds no letter or digit. A name that consists of legal forms alone ("Limited")
        keeps its first word, because an empty key would make all such firms one.

    Example:
        >>> [core(name) for name in ("Johnson & Johnson, Inc.", "Johnson and Johnson", "THE ACME CO., LTD.")]
        ['johnson and johnson', 'johnson and johnson', 'acme']
        >>> [core(name) for name in ("阿里巴巴（中国）有限公司", "深圳市振业(集团)股份有限公司")]
        ['阿里巴巴中国', '深圳市振业']

    Note:
        O(length). ``core(core(x)) == core(x)``.

    Source:
        ISO 20275 (Entity Legal Forms); Company Law of the PRC (2023), art. 2 and 7; ``crmkit/data/legal_forms.txt``.

    .. versionadded:: 0.1.0
    """
    return _company_forms.split(raw)[0]


def legal_form(raw: str) -> str | None:
    """Return the code of the legal form in the name, or ``None``; codes are those of ``crmkit/data/legal_forms.txt``.

    Example:
        >>> [legal_form(name) for name in ("Acme Ltd.", "Acme S.p.A.", "万科企业股份有限公司", "Acme")]
        ['ltd', 'spa', 'zh_jsc', None]

    Source:
        As :func:`core`.

    .. versionadded:: 0.1.0
    """
    return _company_forms.split(raw)[1]


def parts(raw: str) -> tuple[str, ...]:
    """Return the core of each name that the text holds: firms write "Site / Operator", "Acme Inc. dba Road Runner".

    Example:
        >>> parts("Sunrise Day Care / City Kids Inc."), parts("Torm A/S")
        (('sunrise day care', 'city kids'), ('torm',))

    .. versionadded:: 0.1.0
    """
    if len(raw) > 1000:
        raw = raw[:1000]
    found = (core(part) for segment in _TRADING_AS.split(raw) for part in _SLASH.split(segment))
    return tuple(dict.fromkeys(part for part in found if part))


def acronym(raw: str) -> str | None:
    """Return the initials of a name of two or more words, or ``None``.

    Example:
        >>> acronym("International Business Machines Corp."), acronym("University of Manchester"), acronym("Acme")
        ('ibm', 'um', None)

    .. versionadded:: 0.1.0
    """
    words = [word for word in core(raw).split() if word not in _STOP_WORDS]
    if len(words) < 2 or text.has_han(raw):
        return None
    return "".join(word[0] for word in words)


def normalize(raw: str) -> str | None:
    """Return ``core(raw)``, or ``None`` where nothing is left.

    Example:
        >>> normalize("ACME GmbH & Co. KG"), normalize(" - ")
        ('acme', None)

    .. versionadded:: 0.1.0
    """
    return core(raw) or None


def is_valid(raw: str) -> bool:
    """Whether the text can be a company's name: it has a letter or digit and is no placeholder.

    Example:
        >>> is_valid("3M"), is_valid("n/a"), is_valid("--")
        (True, False, False)

    .. versionadded:: 0.1.0
    """
    key = core(raw)
    return bool(key) and (key.isdigit() or not names.is_placeholder(raw))


def validate(raw: str) -> str:
    """Return the name cleaned, or say why it is none.

    Raises:
        InvalidValueError: The text is empty, without letter and digit, or a placeholder.

    Example:
        >>> validate("  Acme   Ltd. ")
        'Acme Ltd.'

    .. versionadded:: 0.1.0
    """
    if not core(raw):
        raise InvalidValueError("the company name is empty or has neither letter nor digit")
    if not is_valid(raw):
        raise InvalidValueError("the company name is a placeholder; leave it empty if it is not known")
    return text.clean(raw)


def format(value: str) -> str:  # noqa: A001 - one of the four verbs every kind of value answers
    """Return the name as people read it: cleaned, nothing taken away.

    Example:
        >>> format("Acme  （上海）")
        'Acme (上海)'

    .. versionadded:: 0.1.0
    """
    return text.clean(value)
