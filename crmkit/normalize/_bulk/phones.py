"""Many phone numbers at once: the fast path of :mod:`._phone_plan` over whole columns.

The texts become one array of bytes, in which numpy tells digits from punctuation; then a few regular expressions run
over all numbers of one calling code in a single call, one number a line. It accepts nothing that
:func:`._phone_plan.accept` would not accept, with the same form, and leaves some that it would: a number that this
module says nothing of is for ``accept``. ``tests/normalize/test_phone_bulk.py`` compares the two.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import attrs
import numpy as np

from crmkit.normalize import _phone_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

__all__ = ["ABROAD_FORM", "E164", "LANDLINE", "LOCAL", "MOBILE", "TRUNK", "UNKNOWN", "Numbers", "read_many"]

UNKNOWN, E164, ABROAD_FORM, TRUNK, LOCAL, MOBILE, LANDLINE = range(7)
"""How a number is written: not said; E.164; with a plus and punctuation; as dialed from another town; and without what
is dialed first from there: so short that the area code may be missing, one that can be a mobile number, another one."""

_NEWLINE, _SPACE, _OPEN, _PLUS, _ZERO = b"\n (+0"
_FEWEST, _LONGEST = 6, 30  # characters from the first digit to the last
_SHORTEST = 7  # digits with the calling code; a shorter one is for the reference
_MOST_LOCAL_DIGITS, _LONGEST_LOCAL = 8, 10
_NO_TRUNK, _OTHER_TRUNK = 0, 1  # no digits
_NONE = re.compile(rb"(?!)")


def _classes() -> tuple[Array, Array]:
    digit, odd = np.zeros(256, dtype=bool), np.ones(256, dtype=bool)
    digit[list(b"0123456789")] = True
    odd[list(b"0123456789 ().-+\n")] = False
    return digit, odd


_DIGIT, _ODD = _classes()


@attrs.frozen(eq=False)
class Numbers:
    """What is beyond doubt about each of many texts.

    Attributes:
        kinds: How each is written: one of the constants of this module; ``int8``.
        forms: E.164 of each, ``None`` where it is not said or the text is E.164 itself; ``object``.
    """

    kinds: Array
    forms: Array


class _Lines(NamedTuple):
    """Many texts in one array, each with a newline behind it."""

    chars: Array
    starts: Array
    lengths: Array

    @classmethod
    def of(cls, text: bytes) -> _Lines:
        chars = np.frombuffer(text, dtype=np.uint8)
        ends = np.flatnonzero(chars == _NEWLINE)
        starts = np.append(0, ends[:-1] + 1) if len(ends) else ends
        return cls(chars, starts, ends - starts)

    def blob(self, rows: Array) -> bytes:
        """Return some of the texts, one a line."""
        sizes = self.lengths[rows] + 1
        before = np.cumsum(sizes) - sizes
        at = np.arange(int(sizes.sum())) + np.repeat(self.starts[rows] - before, sizes)
        return bytes(self.chars[at])


class _Written(NamedTuple):
    """How many numbers are written."""

    digits: _Lines
    plus: Array
    bare: Array
    """Nothing but digits, and a plus before them if there is one."""
    width: Array
    """Length of the text in characters."""
    plausible: Array
    """Digits with plain punctuation, as the fast path wants them."""


def read_many(
    texts: Sequence[str], countries: Sequence[str | None], country_of: Array, *, ways: bool = True
) -> Numbers:
    """Read many numbers.

    Args:
        texts: One number each, as typed.
        countries: ISO 3166-1 alpha-2 codes of the countries that numbers are dialed from.
        country_of: For each text the position in ``countries``.
        ways: Tell the ways to write a number at home apart; without it each of them counts as ``ABROAD_FORM``.
    """
    kinds, forms = np.zeros(len(texts), dtype=np.int8), np.full(len(texts), None, dtype=object)
    if not len(texts):
        return Numbers(kinds, forms)
    written = _look(texts)
    parts: dict[str, list[tuple[Array, bytes]]] = {}
    for name, rows, dialed in _dialed(written, countries, country_of):
        start = _start(name)
        if start is not None:
            at, rest = _behind(start.pattern, dialed)
            parts.setdefault(start.calling_code, []).append((rows[at], rest))
    for calling_code, pieces in parts.items():
        rows, national = np.concatenate([rows for rows, _ in pieces]), _Lines.of(b"".join(rest for _, rest in pieces))
        for region, at in _judge(calling_code, national):
            accepted = rows[at]
            whole = written.plus[accepted] & written.bare[accepted]
            whole &= written.digits.lengths[accepted] == national.lengths[at] + len(calling_code)
            # What is left of E.164 behind its calling code stands in the text as it is; of others a trunk prefix went.
            kinds[accepted] = np.where(whole, E164, ABROAD_FORM)
            if ways:
                home = np.flatnonzero(~written.plus[accepted])
                at_home = _kinds(accepted[home], national, at[home], region, written, countries, country_of)
                kinds[accepted[home]] = at_home
            other = kinds[accepted] != E164
            forms[accepted[other]] = _forms(calling_code, national.blob(at[other]))
    return Numbers(kinds, forms)


def _look(texts: Sequence[str]) -> _Written:
    joined = "\n".join(texts)
    if not joined.isascii() or joined.count("\n") != len(texts) - 1:
        joined = "\n".join([text if text.isascii() and "\n" not in text else "" for text in texts])
    lines = _Lines.of(f"{joined}\n".encode())
    chars, begins = lines.chars, lines.starts
    is_digit, ends = _DIGIT[chars], begins + lines.lengths
    at = begins + (chars[begins] == _OPEN)
    plus = chars[at] == _PLUS
    at = at + plus
    at = at + (chars[at] == _SPACE)
    at = at + (chars[at] == _OPEN)
    n_digits = np.add.reduceat(is_digit, begins, dtype=np.int64)
    signs = np.add.reduceat(chars == _PLUS, begins, dtype=np.int64)
    span = ends - at
    plausible = (
        ~np.logical_or.reduceat(_ODD[chars], begins) & (signs == plus) & is_digit[at]
        & is_digit[np.maximum(ends - 1, 0)] & (span >= _FEWEST) & (span <= _LONGEST)
    )  # fmt: skip
    starts = np.append(0, np.cumsum(n_digits + 1)[:-1])
    bare = (lines.lengths == n_digits + plus) & (~plus | (chars[begins] == _PLUS))
    digits = _Lines(chars[is_digit | (chars == _NEWLINE)], starts, n_digits)
    return _Written(digits, plus, bare, lines.lengths, plausible)


def _dialed(
    written: _Written, countries: Sequence[str | None], country_of: Array
) -> list[tuple[str, Array, bytes]]:  # fmt: skip
    """Group the numbers by where they are dialed.

    Returns:
        Calling codes, and countries for numbers in national form; the rows and, one a line, what was dialed there.
    """
    found = []
    abroad, pieces = [np.flatnonzero(written.plausible & written.plus)], []
    pieces.append(written.digits.blob(abroad[0]))
    zero = written.digits.chars[written.digits.starts] == _ZERO
    for number, rows in _groups(country_of, np.flatnonzero(written.plausible & ~written.plus)):
        country = countries[number]
        if country is not None:
            leaving = rows[zero[rows]]
            at, rest = _behind(_exit(country), written.digits.blob(leaving))
            abroad.append(leaving[at])
            pieces.append(rest)
            staying = np.setdiff1d(rows, leaving[at], assume_unique=True)
            found.append((country, staying, written.digits.blob(staying)))
    rows, lines = np.concatenate(abroad), _Lines.of(b"".join(pieces))
    key = _calling_codes(lines)
    found += [(str(number), rows[at], lines.blob(at)) for number, at in _groups(key, np.flatnonzero(key))]
    return found


def _behind(pattern: re.Pattern[bytes], blob: bytes) -> tuple[Array, bytes]:
    """Return the lines of a text at whose beginning a pattern matches, and what stands behind it in each of them."""
    lines = _Lines.of(pattern.sub(b"+", b"\n" + blob)[1:])
    at = np.flatnonzero(lines.chars[lines.starts] == _PLUS)
    return at, lines._replace(starts=lines.starts + 1, lengths=lines.lengths - 1).blob(at)


def _calling_codes(lines: _Lines) -> Array:
    """Return the calling code that each number begins with; 0 where there is none."""
    found = np.zeros(len(lines.starts), dtype=np.int64)
    rows = np.flatnonzero(lines.lengths >= _SHORTEST)
    if len(rows):
        first = lines.chars[lines.starts[rows][:, None] + np.arange(3)].astype(np.int64) - _ZERO
        threes, back = np.unique(first @ np.array([100, 10, 1]), return_inverse=True)
        codes = [int(_phone_plan.calling_code_of(f"{three:03d}") or 0) for three in threes.tolist()]
        found[rows] = np.array(codes, dtype=np.int64)[back.reshape(-1)]
    return found


def _groups(key: Array, rows: Array) -> list[tuple[int, Array]]:
    """Return the rows of each key, ascending."""
    ordered = rows[np.argsort(key[rows], kind="stable")]
    keys, first = np.unique(key[ordered], return_index=True)
    return list(zip(keys.tolist(), np.split(ordered, first[1:]), strict=True)) if len(rows) else []


# -- what is dialed before a national number ---------------------------------------------------------------------------


class _Start(NamedTuple):
    calling_code: str
    pattern: re.Pattern[bytes]
    """Matches, behind a newline, what to take off: nothing, a trunk prefix, a calling code."""


@cache
def _exit(country: str) -> re.Pattern[bytes]:
    """Return what is dialed before a calling code to leave a country."""
    home = _phone_plan.region(country)
    prefix = None if home is None else home.metadata.international_prefix
    return re.compile(rf"(?<=\n)(?>{prefix})(?=[1-9]\d{{{_SHORTEST - 1}}})".encode(), re.MULTILINE) if prefix else _NONE


@cache
def _start(name: str) -> _Start | None:
    """Return what may stand before the national number: behind a calling code, given by itself, or within a country."""
    if name.isdecimal():
        plan = _phone_plan.sharing(name)[0]
        ways = [f"{name}{_not(_prefix(plan))}", *_with_trunk(name, plan)]
        return _Start(name, re.compile(f"(?<=\n)(?:{'|'.join(ways)})".encode(), re.MULTILINE))
    home = _phone_plan.region(name)
    if home is None:
        return None
    abroad, general = home.metadata.international_prefix, home.metadata.general_desc.national_number_pattern
    if not general or re.compile(f"{abroad or ''}{general}").groups:
        return None  # groups would change the numbers of those that are asked for below
    code, too_long = home.calling_code, rf"(?=\d{{{home.longest + 1}}})"
    # A number that begins with the calling code is national only if the plan says so.
    national = rf"(?:(?!{code})|(?!{too_long})(?=(?:{general})\n))"
    ways = [f"{too_long}{code}{_not(_prefix(home))}"]
    ways += [f"{national}{way}" for way in (_not(_prefix(home)), *_with_trunk("", home))]
    return _Start(code, re.compile(f"(?<=\n){_not(abroad)}(?:{'|'.join(ways)})".encode(), re.MULTILINE))


def _prefix(plan: _phone_plan.Region) -> str | None:
    prefix: str | None = plan.metadata.national_prefix_for_parsing
    return prefix


def _with_trunk(before: str, plan: _phone_plan.Region) -> list[str]:
    """Return the way to dial with the trunk prefix, where there is one that is only to be taken off."""
    prefix = _prefix(plan)
    if not prefix or not plan.trunk or not plan.metadata.general_desc.national_number_pattern:
        return []
    groups = range(1, re.compile(prefix).groups + 1) if plan.transforms else ()
    unused = "".join(f"(?({group})(?!)|)" for group in groups)  # a group that took part asks for a rewriting
    general = plan.metadata.general_desc.national_number_pattern  # of this plan, whoever decides about what is left
    left = rf"(?!\d{{{plan.longest + 1}}})(?=(?:{general})\n)"
    return [rf"{before}(?>{prefix}){unused}(?<=\n{before}{re.escape(plan.trunk)}){left}"]


def _not(pattern: str | None) -> str:
    return f"(?!{pattern})" if pattern else ""


# -- what a national number is -----------------------------------------------------------------------------------------


def _judge(calling_code: str, national: _Lines) -> list[tuple[str, Array]]:
    """Return the regions of a calling code with the positions of the numbers that are valid there beyond doubt."""
    left = np.arange(len(national.starts))
    found = []
    for code, valid in _bodies(calling_code):
        matched = _matching(valid, national, left)
        found.append((code, left[matched]))
        left = left[~matched]
        if not len(left):
            break
    return found


def _matching(pattern: re.Pattern[bytes], lines: _Lines, rows: Array) -> Array:
    """Return for each of some lines whether the pattern, which takes a whole line, matches it."""
    whole: Array = _Lines.of(pattern.sub(b"", b"\n" + lines.blob(rows))[1:]).lengths == 0
    return whole


@cache
def _bodies(calling_code: str) -> tuple[tuple[str, re.Pattern[bytes]], ...]:
    """Return, in the reference's order, the regions without leading digits, each with its valid numbers.

    A region with leading digits of its own decides alone about numbers that begin with them; these are left out.
    """
    found: list[tuple[str, re.Pattern[bytes]]] = []
    not_theirs = ""
    for plan in _phone_plan.sharing(calling_code):
        kinds = _kinds_of(plan.metadata, _phone_plan.KINDS)
        if plan.leading is not None:
            not_theirs += _not(plan.metadata.leading_digits)
        elif kinds:
            general = plan.metadata.general_desc.national_number_pattern
            found.append((plan.code, _line(f"{not_theirs}(?=(?:{general})\n){_any(kinds)}")))
    return tuple(found)


def _any(kinds: Sequence[tuple[Sequence[int], str]]) -> str:
    """Return a pattern of the numbers of any of these kinds, which have lengths and a pattern."""
    sized = ("|".join(rf"\d{{{length}}}" for length in lengths) for lengths, _ in kinds)
    one_of = (rf"(?=(?:{size})\n)(?:{pattern})" for size, (_, pattern) in zip(sized, kinds, strict=True))
    return f"(?:{'|'.join(one_of)})"


def _line(pattern: str) -> re.Pattern[bytes]:
    return re.compile(rf"(?<=\n){pattern}(?=\n)".encode(), re.MULTILINE)


def _kinds_of(metadata: Any, names: Sequence[str]) -> list[tuple[Sequence[int], str]]:
    """Return lengths and pattern of each kind that the plan has, as the reference reads them."""
    lengths = metadata.general_desc.possible_length
    found: list[tuple[Sequence[int], str]] = []
    for desc in (getattr(metadata, name) for name in names):
        if desc is not None and desc.national_number_pattern:
            own = [length for length in lengths if length in desc.possible_length]
            found += [(own, desc.national_number_pattern)] if own else []
    return found


@cache
def _mobile(code: str) -> re.Pattern[bytes]:
    """Return the numbers of a region that can be mobile ones; see :func:`._phone_plan.can_be_mobile`."""
    plan = _phone_plan.region(code)
    mobile = [] if plan is None else _kinds_of(plan.metadata, ["mobile"])
    if plan is None or not mobile:
        return _NONE
    special = _kinds_of(plan.metadata, _phone_plan.SPECIAL)
    return _line((rf"(?!{_any(special)}\n)" if special else "") + _any(mobile))


# -- how it is written -------------------------------------------------------------------------------------------------


def _kinds(
    rows: Array, national: _Lines, at: Array, region: str, written: _Written, countries: Sequence[str | None],
    country_of: Array,
) -> Array:  # fmt: skip
    """Return how each number is written that is dialed at home."""
    if not len(rows):
        return np.empty(0, dtype=np.int8)
    trunks = [_trunk(country) for country in countries]
    trunk, dialed = np.array(trunks)[country_of[rows]], written.digits.chars[written.digits.starts[rows]]
    kinds = np.where((trunk == _NO_TRUNK) | (trunk == dialed), TRUNK, LANDLINE).astype(np.int8)
    short = (written.digits.lengths[rows] <= _MOST_LOCAL_DIGITS) & (written.width[rows] <= _LONGEST_LOCAL)
    kinds[(kinds == LANDLINE) & short] = LOCAL
    unsure = np.flatnonzero(kinds == LANDLINE)
    if len(unsure):
        kinds[unsure[_matching(_mobile(region), national, at[unsure])]] = MOBILE
    return kinds


def _trunk(country: str | None) -> int:
    """Return the digit that is dialed before an area code, as a byte."""
    plan = None if country is None else _phone_plan.region(country)
    if plan is None or plan.trunk is None:
        return _NO_TRUNK
    return ord(plan.trunk) if len(plan.trunk) == 1 else _OTHER_TRUNK


def _forms(calling_code: str, blob: bytes) -> Array:
    """Return E.164 of national numbers, one a line."""
    texts = blob.replace(b"\n", b"\n+" + calling_code.encode()).decode().split("\n")
    texts[0] = f"+{calling_code}{texts[0]}"
    forms = np.empty(len(texts) - 1, dtype=object)
    forms[:] = texts[:-1]
    return forms
