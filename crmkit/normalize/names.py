"""Names of persons: split into parts, folded for comparison, related by nickname, sound and reading.

Names are guesses: nothing here knows which part of "Wang Lei" is the family name. What is certain is split, the rest
is left in one piece, and the text itself is always in ``PersonName.full``. The tables are small on purpose and say
where they come from (``crmkit/data``).
"""

from __future__ import annotations

import re
from functools import cache

from crmkit.errors import InvalidValueError
from crmkit.normalize import _placeholders, text
from crmkit.normalize._names import _han, _latin, _tables
from crmkit.normalize._names._romanized import romanize, skeleton
from crmkit.normalize._names._sounds import pinyin_initials, pinyin_key, soundex
from crmkit.values import PersonName

__all__ = [
    "fold_given",
    "format",
    "is_placeholder",
    "is_valid",
    "nickname_root",
    "nicknames",
    "normalize",
    "pinyin_initials",
    "pinyin_key",
    "romanize",
    "skeleton",
    "soundex",
    "split",
    "surname_frequency",
    "validate",
]

_LETTERS = "[A-Za-z\u00c0-\u024f]+"
_SIMPLE = re.compile(rf"({_LETTERS})(?: ({_LETTERS})\.?)? ({_LETTERS})|({_LETTERS}), ?({_LETTERS})")
_JOINED = re.compile(r"[.,;:()\[\]{}<>\"·/_*!?-]+")
_TWO_CJK = re.compile(
    "(?<=[\u3005\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]) (?=[\u3005\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3])"
)
_CJK_LETTER = re.compile("[\u3400-\u9fff\uac00-\ud7a3]")
_ADDRESS_OR_LINK = re.compile(r"@|https?:|www\.")


@cache
def _special() -> frozenset[str]:
    """Words that make a name more than a given name and a family name."""
    sections = ("prefix", "suffix", "particle", "particle_lower", "given_particle", "surname_vi")
    return frozenset({"and"}).union(*(_tables.words(section) for section in sections))


def _plain_parts(raw: str) -> tuple[str, str | None, str] | None:
    """Return given, middle and family name of a name of two or three plain words; ``None``: it takes a closer look."""
    found = _SIMPLE.fullmatch(raw)
    if found is None:
        return None
    given, middle, family, family_before_comma, given_after_comma = found.groups()
    if family is None:
        given, family = given_after_comma, family_before_comma
    special = _special()
    lower = str.lower if raw.isascii() else text.fold
    if lower(given) in special or lower(family) in special or (middle is not None and lower(middle) in special):
        return None
    return given, middle, family


def split(raw: str, *, country: str | None = None) -> PersonName:
    """Split a person's name into its parts.

    Args:
        raw: The name as typed: "Given Family", "Family, Given", with titles, particles, suffixes, a nickname in
            brackets; Chinese, Japanese and Korean names family name first, with forms of address (张经理).
        country: ISO 3166-1 alpha-2 code of the person's country, where known. It decides what the text leaves open:
            two family names (ES, MX), family name first (HU, VN; CN for pinyin; capitals in FR), Japanese characters.

    Returns:
        The parts, untouched but for ``text.clean``; what is not certain stays ``None``. One Latin word alone is the
        given name, unless a title says otherwise.

    Example:
        >>> name = split("Dr. Vincent van Gogh, Jr.")
        >>> name.prefix, name.given, name.family, name.suffix
        ('Dr.', 'Vincent', 'van Gogh', 'Jr.')
        >>> name = split("欧阳小明")
        >>> name.family, name.given
        ('欧阳', '小明')

    Note:
        O(length); a text of more than 500 characters is returned whole.

    Source:
        Chicago Manual of Style 17, sections 8.5-8.14; IFLA, Names of Persons (1996); the tables in ``crmkit/data``.

    .. versionadded:: 0.1.0
    """
    plain = _plain_parts(raw) if country is None else None
    if plain is not None:
        given, middle, family = plain
        if middle is not None and "." in raw:
            middle += "."
        return PersonName(given=given, middle=middle, family=family, full=raw)
    if country is None and _han.is_plain(raw):
        return PersonName(given=raw[1:], family=raw[0], full=raw, order="family_first")
    cleaned = text.clean(raw, narrow=True)
    if not cleaned:
        return PersonName()
    if not cleaned.isascii() and len(cleaned) <= 500 and _han.has_cjk(cleaned):
        return _han.split(cleaned, country)
    return _latin.split(cleaned, country)


def normalize(raw: str) -> str | None:
    """Return the name in its comparable form: folded, without titles, punctuation and nickname, given name first.

    A generation suffix stays ("jr", "iii"): father and son are two people. Chinese, Japanese and Korean names come
    without blanks, in their own order.

    Returns:
        The comparable form; ``None`` where nothing is left. ``normalize(normalize(x)) == normalize(x)``.

    Example:
        >>> normalize("Smith, Dr. John A."), normalize("张　三 经理")
        ('john a smith', '张三')

    .. versionadded:: 0.1.0
    """
    current = raw
    for _ in range(20):  # what is dropped may lay bare another title; a text of more layers is no name
        form = _normalize_once(current)
        if form == current:
            break
        current = form
    return current or None


def _normalize_once(raw: str) -> str:
    plain = _plain_parts(raw)
    if plain is not None:
        given, middle, family = plain
        joined = f"{given} {family}" if middle is None else f"{given} {middle} {family}"
        return joined.lower() if joined.isascii() else text.fold(joined)
    if _han.is_plain(raw):
        return text.fold(raw)
    name = split(raw)
    if name.order == "family_first":
        parts = [name.family, name.given, name.middle]
    else:
        parts = [name.given, name.middle, name.family, name.suffix]
    joined = " ".join(part for part in parts if part) or name.full
    return _join_cjk(" ".join(_JOINED.sub(" ", text.fold(joined)).split()))


def _join_cjk(folded: str) -> str:
    return folded if folded.isascii() else _TWO_CJK.sub("", folded)


def fold_given(given: str) -> str:
    """Return a given name in its comparable form: folded, points and hyphens as blanks.

    Example:
        >>> fold_given("Jean-François"), fold_given(" J. "), fold_given("小 明")
        ('jean francois', 'j', '小明')

    .. versionadded:: 0.1.0
    """
    if given.isascii() and given.isalpha():
        return given.lower()
    return _join_cjk(" ".join(_JOINED.sub(" ", text.fold(given)).split()))


def nickname_root(given: str) -> str:
    """Return the formal name of a short form, folded; a name that is in no table is its own root.

    Example:
        >>> nickname_root("Bill"), nickname_root("Cathy"), nickname_root("Zinedine")
        ('william', 'katherine', 'zinedine')

    Source:
        ``crmkit/data/nicknames.txt``, facts out of carltonnorthern/nicknames (Apache-2.0).

    .. versionadded:: 0.1.0
    """
    folded = fold_given(given)
    return _tables.nickname_roots().get(folded, folded)


def nicknames(given: str) -> frozenset[str]:
    """Return every name that ``given`` may stand for or be called by, itself included; folded.

    Example:
        >>> sorted(nicknames("Deb"))
        ['deb', 'debbie', 'debby', 'debora', 'deborah', 'deborra', 'debra']

    Source:
        ``crmkit/data/nicknames.txt``, facts out of carltonnorthern/nicknames (Apache-2.0).

    .. versionadded:: 0.1.0
    """
    folded = fold_given(given)
    return _tables.nickname_relatives().get(folded) or frozenset({folded})


is_surname = _han.is_surname
"""Say whether a family name that is clean is in the tables, the Japanese one too."""


def surname_frequency(family: str) -> float:
    """Return how many of 100,000 people in China bear a surname written in Chinese; 0 for one that the table lacks.

    Example:
        >>> surname_frequency("王") > surname_frequency("歐陽") > surname_frequency("已") == 0
        True

    Source:
        ``crmkit/data/zh_surnames.txt``.

    .. versionadded:: 0.1.0
    """
    return _tables.surname_weights().get(text.to_simplified(text.clean(family, narrow=True)), 0.0)


def is_placeholder(raw: str) -> bool:
    """Whether the text stands in for a name that nobody knew: "test", "n/a", "无", "xxx", a lone dash.

    Example:
        >>> [is_placeholder(text) for text in ("TEST", "n/a", "测试", "xxx", "-", "Na Li", "Tess")]
        [True, True, True, True, True, False, False]

    Note:
        "Na", "Nan", "Bar" and the like, so written, are names; "NA" and "n/a" are not.

    .. versionadded:: 0.1.0
    """
    return _placeholders.is_name_placeholder(raw)


def is_valid(raw: str) -> bool:
    """Whether the text can be a person's name: it has letters, and is no placeholder, address or link.

    Example:
        >>> is_valid("Ng"), is_valid("test"), is_valid("ann@example.com")
        (True, False, False)

    .. versionadded:: 0.1.0
    """
    cleaned = text.clean(raw, narrow=True)
    return not (len(cleaned) > 500 or is_placeholder(cleaned) or _ADDRESS_OR_LINK.search(cleaned))


def validate(raw: str) -> PersonName:
    """Return the name in parts, or say why the text is no person's name.

    Raises:
        InvalidValueError: The text is empty, a placeholder, an address or link, or longer than any name.

    Example:
        >>> validate("王小明").family
        '王'

    .. versionadded:: 0.1.0
    """
    if is_valid(raw):
        return split(raw)
    cleaned = text.clean(raw, narrow=True)
    if not cleaned:
        raise InvalidValueError("the name is empty")
    if len(cleaned) > 500:
        raise InvalidValueError("the name is longer than 500 characters; is it in the right column?")
    if _ADDRESS_OR_LINK.search(cleaned):
        raise InvalidValueError("the name holds an e-mail address or a link; is it in the right column?")
    raise InvalidValueError("the name is a placeholder; leave it empty if it is not known")


def format(value: PersonName) -> str:  # noqa: A001 - one of the four verbs every kind of value answers
    """Return a name as it is written: in its own order, Chinese, Japanese and Korean without blanks.

    Example:
        >>> format(split("Gogh, Vincent van, Dr."))
        'Dr. Vincent van Gogh'
        >>> format(split("张 三"))
        '张三'

    .. versionadded:: 0.1.0
    """
    if value.given is None and value.family is None:
        return value.full
    if value.order == "given_first":
        dotted = _han.has_cjk(value.given or value.family or "")
        own = [part for part in (value.given, value.middle, value.family) if part]
        if dotted:
            return "·".join(own) + (value.suffix or "")
        return " ".join(part for part in (value.prefix, *own, value.suffix) if part)
    if _han.has_cjk(value.family or value.given or ""):
        latin = value.given is not None and not _han.has_cjk(value.given)
        kana = value.family is not None and not _CJK_LETTER.search(value.family)
        name = (
            f"{value.given} {value.family}"
            if latin
            else (" " if kana else "").join(part for part in (value.family, value.given) if part)
        )
        return f"{value.prefix or ''}{name}{value.suffix or ''}"
    parts = (value.prefix, value.family, value.given, value.middle, value.suffix)
    return " ".join(part for part in parts if part)
