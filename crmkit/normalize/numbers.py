"""Amounts of money and other numbers, as people and spreadsheets write them.

``1,234`` is a thousand in London and one and a bit in Berlin. Where a text alone cannot tell, a caller who knows says
``decimal="."`` or ``","``. Without it three digits behind one comma are thousands, and a lone point is the decimal
sign that every program writes; ``is_ambiguous`` says that it was a choice.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from crmkit._plain import digits, plain
from crmkit.errors import InvalidValueError
from crmkit.values import Money

from . import _currencies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._currencies import Meant

__all__ = [
    "DecimalEvidence",
    "DecimalSign",
    "currencies",
    "currency",
    "decimal_evidence",
    "format",
    "is_ambiguous",
    "is_scientific",
    "is_valid",
    "normalize",
    "parse",
    "validate",
]

DecimalSign: TypeAlias = Literal[".", ","]
"""What stands before the fraction of an amount."""

_MAX_LENGTH = 64

_SCALES = {
    "万": 4, "萬": 4, "亿": 8, "億": 8, "万亿": 12, "百万": 6, "千万": 7, "千": 3, "百": 2, "w": 4,
    "k": 3, "m": 6, "mn": 6, "mm": 6, "mio": 6, "mio.": 6, "million": 6, "b": 9, "bn": 9, "billion": 9,
}  # fmt: skip
_SHAPE = re.compile(
    r"(?P<before>[^\d.,+-]*)(?P<sign>[+-]?)(?P<mid>[^\d.,+-]*)(?P<number>[\d.,'’ ]*\d[.,]?)(?P<after>[^\d]*)\Z"
)
_NO_CENTS = re.compile(r"[.,]\s?(?:--?|–|—)(?=\D*\Z)")  # 5,- is five
_BLANKS = re.compile(r"\d{1,3}(?:[ '’]\d{3})+(?:[.,]\d*)?\Z", re.ASCII)
_SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]\+\d{1,3}\Z", re.ASCII)
_PLAIN_NUMBER = re.compile(r"\d+(?:\.\d+)?\Z", re.ASCII)
_LEAST_SHARE = 0.95
_SHAPES = str.maketrans("23456789", "11111111")
_ZERO_WITHIN = re.compile(r"(?<=\d)0")


def parse(raw: str, *, decimal: DecimalSign | None = None, country: str | None = None) -> Money | None:
    """Return the amount and, where the text says it, the currency.

    Args:
        raw: Amount as typed: separators, currency before or behind, ``(1,234)`` or ``-`` for less than nothing, ``万``,
            ``亿``, ``k``, ``million``.
        decimal: The decimal sign where the file's custom is known.
        country: Where a sign that several currencies share (``$``, ``¥``, ``元``) was written, ISO 3166-1 alpha-2;
            without it such a sign names no currency.

    Returns:
        An exact amount, or ``None`` if the text is no amount.

    Example:
        >>> [str(parse(raw).amount) for raw in ("1,234.56", "1.234,56", "¥1,234", "1.2万", "(1,234)", "１２.５")]
        ['1234.56', '1234.56', '1234', '12000', '-1234', '12.5']
        >>> parse("CNY 3,000"), parse("12 apples")
        (Money(amount=Decimal('3000'), currency='CNY'), None)
        >>> parse("¥3,000", country="JP")
        Money(amount=Decimal('3000'), currency='JPY')

    Source:
        Currency codes: ISO 4217. Separators: Unicode CLDR number symbols.

    .. versionadded:: 0.1.0
    """
    found = _read(raw, decimal)
    if found is None:
        return None
    amount, meant = found
    code = meant.code
    if code is None and meant.sign is not None and country is not None:
        code = _currencies.currencies_of_sign(meant.sign).get(country)
    return Money(amount, code)


def _read(raw: str, decimal: DecimalSign | None) -> tuple[Decimal, Meant] | None:
    if len(raw) > _MAX_LENGTH:
        return None
    text = digits(plain(raw)).replace("￥", "¥").replace("−", "-").strip()
    text = _NO_CENTS.sub("", text)
    negative = False
    if text.startswith("(") and text.endswith(")"):
        negative, text = True, text[1:-1].strip()
    elif text.endswith("-") and not text.startswith("-"):
        negative, text = True, text[:-1].rstrip()
    match = _SHAPE.match(text)
    if match is None:
        return None
    scale, after = _scale(match["after"].strip())
    meant = _currencies.read(match["before"].strip(), match["mid"].strip(), after)
    if meant is None:
        return None
    amount = _amount(match["number"].strip(), decimal)
    if amount is None or (negative and match["sign"]):
        return None
    if negative or match["sign"] == "-":
        amount = amount.copy_negate()
    return _scaled(amount, scale), meant


def _scale(after: str) -> tuple[int, str]:
    lowered = after.lower()
    for word in sorted(_SCALES, key=len, reverse=True):
        if lowered.startswith(word):
            rest = after[len(word) :].strip()
            if word.isascii() and rest and rest[0].isalpha() and after[len(word)] != " ":
                continue
            return _SCALES[word], rest
    return 0, after


def _scaled(amount: Decimal, scale: int) -> Decimal:
    """Move the point without the rounding that arithmetic on Decimal does."""
    if not scale:
        return amount
    sign, figures, exponent = amount.as_tuple()
    moved = int(exponent) + scale
    return Decimal((sign, figures + (0,) * max(moved, 0), min(moved, 0)))


def _amount(text: str, decimal: DecimalSign | None) -> Decimal | None:
    if any(blank in text for blank in " '’") and not _BLANKS.match(text):
        return None
    compact = text.replace(" ", "").replace("'", "").replace("’", "")
    sign = decimal or _decimal_sign(compact)
    thousands = "," if sign == "." else "."
    whole, _, part = compact.partition(sign)
    if thousands in part or sign in part or not _grouped(whole, thousands):
        return None
    number = whole.replace(thousands, "") or "0"
    if part:
        number += f".{part}"
    return Decimal(number) if _PLAIN_NUMBER.match(number) else None


def _decimal_sign(text: str) -> DecimalSign:
    """Tell the decimal sign from what is there; three digits behind a single sign are taken for thousands."""
    point, comma = text.rfind("."), text.rfind(",")
    if point >= 0 and comma >= 0:
        return "." if point > comma else ","
    if point < 0 and comma < 0:
        return "."
    last = max(point, comma)
    char, other = (".", ",") if point >= 0 else (",", ".")
    behind = len(text) - last - 1
    head = text[:last]
    thousands = text.count(char) > 1 or (behind == 3 and head not in ("", "0") and len(head) <= 3)
    if char == "." and text.count(char) == 1:
        thousands = False  # a lone point is a decimal sign in every program that writes numbers
    chosen = other if thousands else char
    return "." if chosen == "." else ","


def _grouped(whole: str, separator: str) -> bool:
    """Say whether the separators can be of thousands (1,234,567), lakhs (12,34,567) or 万 (1,2345,6789)."""
    first, *groups = whole.split(separator)
    if not groups:
        return True
    if first.startswith("0"):
        return False
    if not first or len(first) > 3 or len(groups[-1]) != 3:
        return separator == "," and 0 < len(first) <= 4 and all(len(group) == 4 for group in groups)
    return all(len(group) == 3 for group in groups) or (
        len(first) <= 2 and all(len(group) == 2 for group in groups[:-1])
    )


def is_ambiguous(raw: str) -> bool:
    """Say whether the amount could be read with either decimal sign, with different results.

    Example:
        >>> is_ambiguous("1,234"), is_ambiguous("1.234"), is_ambiguous("1,234.5"), is_ambiguous("12,34")
        (True, True, False, False)

    .. versionadded:: 0.1.0
    """
    point, comma = parse(raw, decimal="."), parse(raw, decimal=",")
    return point is not None and comma is not None and point.amount != comma.amount


@attrs.frozen
class DecimalEvidence:
    """How many numbers of a column can be read in one way only, and how many in two.

    Attributes:
        point: Numbers that only a decimal point explains: ``12.5``, ``1,234.50``.
        comma: Numbers that only a decimal comma explains: ``12,5``, ``1.234,50``, ``1.234.567``.
        either: Numbers that say another thing with each: ``1.234``, ``1,234``.

    Example:
        >>> DecimalEvidence(point=1, comma=0, either=3).sign, DecimalEvidence(1, 1, 0).is_contradicted
        ('.', True)

    .. versionadded:: 0.1.0
    """

    point: int
    comma: int
    either: int

    @property
    def sign(self) -> DecimalSign | None:
        """The decimal sign of at least 95 % of the numbers that tell; ``None`` where none or too few agree."""
        told, most = self.point + self.comma, max(self.point, self.comma)
        if not told or most < _LEAST_SHARE * told:
            return None
        return "." if self.point > self.comma else ","

    @property
    def is_contradicted(self) -> bool:
        """Whether some numbers show the one sign and some the other."""
        return bool(self.point and self.comma)


def decimal_evidence(values: Iterable[str]) -> DecimalEvidence:
    """Find which decimal sign a column uses, from the numbers that can be read with one only.

    Example:
        >>> decimal_evidence(["1.234,50", "1.234", "2.500"])
        DecimalEvidence(point=0, comma=1, either=2)
        >>> decimal_evidence(["1.234,50", "1.234"]).sign, decimal_evidence(["1.234", "12.5"]).sign
        (',', '.')

    Note:
        O(n); numbers of one shape, such as all of ``1.234,50 €``, are read once.

    .. versionadded:: 0.1.0
    """
    shapes = Counter(map(_shape, (value for value in values if len(value) <= _MAX_LENGTH)))
    point = comma = either = 0
    for shape, n in shapes.items():
        with_point, with_comma = parse(shape, decimal="."), parse(shape, decimal=",")
        if with_point is None and with_comma is None:
            continue
        if with_comma is None:
            point += n
        elif with_point is None:
            comma += n
        elif with_point.amount != with_comma.amount:
            either += n
    return DecimalEvidence(point, comma, either)


def _shape(raw: str) -> str:
    """Return the text with all digits but a leading zero alike: how it can be read depends on nothing else."""
    return _ZERO_WITHIN.sub("1", digits(plain(raw)).translate(_SHAPES))


def is_scientific(raw: str) -> bool:
    """Say whether a spreadsheet wrote this number as ``1.38E+10``: an id or a phone number so written has lost digits.

    Example:
        >>> from crmkit.normalize import numbers
        >>> [numbers.is_scientific(text) for text in ("1.38E+10", "1,38E+10", "13800138000", "E10")]
        [True, True, False, False]

    .. versionadded:: 0.1.0
    """
    return bool(_SCIENTIFIC.match(raw.strip()))


def currencies(raw: str) -> frozenset[str]:
    """Return the currencies that an amount can be in: one where it is named, several for a shared sign, else none.

    Example:
        >>> sorted(currencies("5 EUR")), sorted(currencies("￥5")), sorted(currencies("5"))
        (['EUR'], ['CNY', 'JPY'], [])

    .. versionadded:: 0.1.0
    """
    found = _read(raw, None)
    return frozenset() if found is None else found[1].codes


def currency(raw: str) -> str | None:
    """Return the code of the one currency that a text names, as a column of currencies does.

    Example:
        >>> currency("usd"), currency("人民币"), currency("CNY - Chinese Yuan"), currency("$")
        ('USD', 'CNY', 'CNY', None)

    Source:
        ISO 4217.

    .. versionadded:: 0.1.0
    """
    return _currencies.named(plain(raw[:_MAX_LENGTH]))


def normalize(raw: str, *, decimal: DecimalSign | None = None) -> str | None:
    """Return the amount as plain digits with a point, and with the currency that the text says.

    A currency that is named stands behind the amount as its code. A sign that several currencies share stays a sign:
    ``¥1000`` and ``$1000`` are not the same.

    Example:
        >>> normalize("€ 1.234,50"), normalize("（1,234）"), normalize("free")
        ('1234.50 EUR', '-1234', None)
        >>> normalize("￥1,000"), normalize("1.2万元"), normalize("$ -5")
        ('¥1000', '12000元', '-$5')

    .. versionadded:: 0.1.0
    """
    found = _read(raw, decimal)
    return None if found is None else found[1].around(f"{found[0]:f}")


def validate(raw: str, *, decimal: DecimalSign | None = None) -> Money:
    """Return the amount, or raise.

    Raises:
        InvalidValueError: If the text is no amount.

    Example:
        >>> validate("3 000,50 €")
        Money(amount=Decimal('3000.50'), currency='EUR')

    .. versionadded:: 0.1.0
    """
    found = parse(raw, decimal=decimal)
    if found is None:
        raise InvalidValueError("the text is no amount of money")
    return found


def is_valid(raw: str, *, decimal: DecimalSign | None = None) -> bool:
    """Say whether the text is an amount.

    Example:
        >>> is_valid("12.50"), is_valid("12.5.0")
        (True, False)

    .. versionadded:: 0.1.0
    """
    return parse(raw, decimal=decimal) is not None


def format(value: Money) -> str:  # noqa: A001 - one of the four verbs that every kind of value answers
    """Return the amount for people, with thousands separators and the currency code.

    Example:
        >>> format(validate("CNY 1234567.5"))
        '1,234,567.5 CNY'

    .. versionadded:: 0.1.0
    """
    text = f"{value.amount:,f}"
    return text if value.currency is None else f"{text} {value.currency}"
