"""Hypothesis strategies for customer data: plausible values, hostile values, records, pairs and tables.

Plausible values come from the tables of :mod:`crmkit.testing.generate`; they shrink to short and common ones. With
Hypothesis installed, ``st.from_type(crmkit.records.Contact)`` finds :func:`contacts` by itself.
"""

from __future__ import annotations

from datetime import date
from functools import cache, wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import numpy as np
from hypothesis import strategies as st

from crmkit.errors import NotFoundError
from crmkit.frames import build
from crmkit.records import Account, Contact, RecordSet

from . import corrupt
from ._generator._generated import sample
from ._generator._phones import COUNTRIES, heads, written
from ._generator._worlds import world

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crmkit import validators
    from crmkit.typing import Frame

__all__ = [
    "accounts",
    "chinese_names",
    "companies",
    "contacts",
    "dates_text",
    "duplicate_pairs",
    "emails",
    "frames",
    "messy_text",
    "person_names",
    "phones",
    "record_sets",
    "records_of",
    "values_of",
]

_LATIN = ("en", "de", "fr", "es")
_DOMAINS = ("example.com", "example.org", "mail.example", "shop.example.net", "firma.example", "xn--bcher-kva.example")
_HOSTILE = (
    "", " ", "\t\n", "\u00a0", "\u200b", "\ufeff", "\x00", "null", "None", "NaN", "N/A", "#REF!", "-", "?", "无",
    "=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "<script>alert(1)</script>", "'; DROP TABLE contacts; --", "{{7*7}}",
    "O'Brien", "Zoë", "ﬁne", "ＡＢＣ１２３", "a\u0301", "\u202eabc", "👩‍👩‍👧", "\ud800", "１２３", "٣٤٥",
    "1e309", "00012", "0x1F", "%s%n", "undefined",
    "1900-00-00", "İstanbul", "ß", "ẞ", "Straße", "ǆ", "王\u3000伟", "\U00020000", "x" * 300,
)  # fmt: skip
_PLACEHOLDERS = ("test", "unknown", "n/a", "xxx", "测试")


P = ParamSpec("P")
S = TypeVar("S")


def _once(make: Callable[P, S]) -> Callable[P, S]:
    """Keep what a function returned for its arguments: a strategy over large tables takes long to make."""
    made = cache(make)

    @wraps(make)
    def call(*args: P.args, **kwargs: P.kwargs) -> S:
        return made(*args, **kwargs)  # type: ignore[arg-type]  # what strategies take is hashable

    return call


@_once
def emails() -> st.SearchStrategy[str]:
    """Draw well-formed addresses at reserved domains, with tags, capitals and digits.

    Source:
        RFC 5321, section 4.1.2 (dot-string); RFC 2606 (reserved names).

    .. versionadded:: 0.1.0
    """
    atom = st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=12)
    local = st.lists(atom, min_size=1, max_size=3).map(".".join)
    tagged = st.builds(lambda name, tag: f"{name}+{tag}", local, atom)
    cased = local.map(str.upper)
    return st.builds(lambda name, site: f"{name}@{site}", local | tagged | cased, st.sampled_from(_DOMAINS))


@_once
def phones(country: str | None = None) -> st.SearchStrategy[str]:
    """Draw valid numbers of a country as people write them; a number abroad has its calling code.

    Args:
        country: ISO code among the generator's countries; any of them, written internationally, where not given.

    Raises:
        NotFoundError: An unknown country.

    .. versionadded:: 0.1.0
    """
    if country is not None and country not in COUNTRIES:
        raise NotFoundError.of("country", country, COUNTRIES)

    def numbers(position: int) -> st.SearchStrategy[str]:
        styles = st.integers(0, 29) if country is None else st.integers(0, 99)
        table = [(int(head), int(digits)) for head, digits in zip(*heads(COUNTRIES[position]), strict=True)]
        national = st.sampled_from(table).flatmap(
            lambda item: st.integers(0, 10 ** item[1] - 1).map(lambda rest: item[0] * 10 ** item[1] + rest)
        )
        return st.builds(written, st.just(position), national, styles)

    if country is not None:
        return numbers(COUNTRIES.index(country))
    return st.sampled_from(range(len(COUNTRIES))).flatmap(numbers)


@_once
def _given(codes: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.one_of([st.sampled_from(world(code).given) for code in codes])


@_once
def _family(codes: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.one_of([st.sampled_from(world(code).family) for code in codes])


@_once
def person_names() -> st.SearchStrategy[str]:
    """Draw full names: Latin and Cyrillic, with commas, titles, initials, particles and suffixes.

    .. versionadded:: 0.1.0
    """
    given, family = _given((*_LATIN, "bg")), _family((*_LATIN, "bg"))
    plain = st.builds("{} {}".format, given, family)
    return st.one_of(
        plain,
        st.builds("{1}, {0}".format, given, family),
        st.builds("{} {}. {}".format, given, st.sampled_from("ABCDEJKLMRST"), family),
        st.builds("{} {}".format, st.sampled_from(("Dr.", "Prof.", "Mrs", "Herr", "Mme", "Sr.")), plain),
        st.builds("{} {} {}".format, given, st.sampled_from(("van", "von", "de la", "du", "van der")), family),
        st.builds("{} {}-{}".format, given, family, family),
        st.builds("{} {}".format, plain, st.sampled_from(("Jr.", "Sr.", "III", "PhD"))),
        chinese_names(),
    )


@_once
def chinese_names() -> st.SearchStrategy[str]:
    """Draw Chinese names, family name first, compound surnames included.

    .. versionadded:: 0.1.0
    """
    here = world("zh")
    # the single characters come first in the table of each gender, so names shrink to them
    return st.builds("{}{}".format, st.sampled_from(here.family), st.sampled_from(here.given))


@_once
def companies() -> st.SearchStrategy[str]:
    """Draw company names with and without legal form.

    .. versionadded:: 0.1.0
    """

    def of(code: str) -> st.SearchStrategy[str]:
        here = world(code)
        blank = "" if code == "zh" else " "
        first, second, trade = (
            st.sampled_from([word for word, _ in table]) for table in (here.brand_first, here.brand_second, here.trades)
        )
        forms = st.sampled_from(["", *(blank + form for group in here.forms for form in group)])
        return st.builds((f"{{}}{blank}{{}}{blank}{{}}{{}}").format, first, second, trade, forms)

    return st.one_of([of(code) for code in (*_LATIN, "bg", "zh")])


@_once
def dates_text() -> st.SearchStrategy[str]:
    """Draw days of 1900 to 2100 in ISO and in the other styles of :class:`crmkit.testing.corrupt.DateFormat`.

    .. versionadded:: 0.1.0
    """
    days = st.dates(date(1900, 1, 1), date(2100, 12, 31))
    styles = st.sampled_from(("{y:04d}-{m:02d}-{d:02d}", *corrupt.DateFormat().styles))
    return st.builds(lambda day, style: style.format(y=day.year, m=day.month, d=day.day), days, styles)


@_once
def messy_text() -> st.SearchStrategy[str]:
    """Draw hostile text: formulas, markup, control and zero-width characters, lone surrogates, any text.

    .. versionadded:: 0.1.0
    """
    listed = st.sampled_from(_HOSTILE + _PLACEHOLDERS)
    anything = st.text(st.characters(exclude_categories=()), max_size=20)
    mixed = st.builds("{}{}{}".format, anything, listed, anything)
    return st.one_of(listed, anything, mixed, person_names(), companies(), emails(), phones(), dates_text())


@_once
def contacts() -> st.SearchStrategy[Contact]:
    """Draw contacts with a name and some of the usual fields.

    .. versionadded:: 0.1.0
    """
    maybe = st.none()
    return st.builds(
        Contact,
        id=st.integers(1, 10**6).map("C{}".format),
        given_name=maybe | _given((*_LATIN, "bg", "zh")),
        family_name=_family((*_LATIN, "bg", "zh")),
        email=maybe | emails(),
        phone=maybe | phones(),
        company_name=maybe | companies(),
        city=maybe | st.sampled_from([place.name for code in ("en", "zh") for place in world(code).places]),
        country=maybe | st.sampled_from(COUNTRIES),
        birth_date=maybe | st.dates(date(1920, 1, 1), date(2010, 12, 31)),
    )


@_once
def accounts() -> st.SearchStrategy[Account]:
    """Draw accounts with a name and some of the usual fields.

    .. versionadded:: 0.1.0
    """
    maybe = st.none()
    return st.builds(
        Account,
        id=st.integers(1, 10**6).map("A{}".format),
        name=companies(),
        phone=maybe | phones(),
        website=maybe | st.sampled_from(_DOMAINS).map("https://www.{}".format),
        city=maybe | st.sampled_from([place.name for code in ("en", "zh") for place in world(code).places]),
        country=maybe | st.sampled_from(COUNTRIES),
    )


def values_of(check: validators.Check, *, near_valid: bool = False) -> st.SearchStrategy[str]:
    """Draw values that a check takes.

    Args:
        check: Any check of :mod:`crmkit.validators`; a test of your own (``Satisfies``) cannot be made values for.
        near_valid: Draw values a slip or two away from right ones instead; a few of them are right, too.

    Raises:
        NotFoundError: If nobody knows how to make values for the check.

    .. versionadded:: 0.1.0
    """
    from . import _from_schema

    return _from_schema.near_values_of(check) if near_valid else _from_schema.values_of(check)


def records_of(schema: validators.Schema, *, near_valid: bool = False) -> st.SearchStrategy[dict[str, str | None]]:
    """Draw records in which a schema finds no error: neither in a field nor between the fields of a record.

    Rules between records, such as ``unique``, say nothing of one record. A rule that few records keep by chance makes
    drawing slow; write such a record by hand.

    Args:
        schema: The rule set.
        near_valid: Mix in missing values and values a slip or two away from right ones.

    Raises:
        NotFoundError: If nobody knows how to make values for a check.

    .. versionadded:: 0.1.0
    """
    from . import _from_schema

    return _from_schema.records_of(schema, near_valid=near_valid)


_FIELDS = ("given_name", "family_name", "email", "phone", "company_name", "city", "country")


@st.composite
def duplicate_pairs(draw: st.DrawFn) -> tuple[dict[str, str | None], dict[str, str | None]]:
    """Draw two records of one person, the second altered in one to three fields.

    Returns:
        Two dicts with the same fields.

    .. versionadded:: 0.1.0
    """
    contact = draw(contacts())
    record: dict[str, str | None] = {field: getattr(contact, field) for field in _FIELDS}
    name = corrupt.OneOf(
        corrupt.Typo(), corrupt.Initial(), corrupt.Nickname(), corrupt.CaseNoise(), corrupt.Whitespace()
    )
    ways: Mapping[str, corrupt.Corruptor] = {
        "given_name": name,
        "family_name": corrupt.OneOf(corrupt.Typo(), corrupt.Homophone(), corrupt.StripAccents(), corrupt.CaseNoise()),
        "email": corrupt.OneOf(corrupt.Typo(), corrupt.CaseNoise(), corrupt.DropValue()),
        "phone": corrupt.OneOf(corrupt.PhoneFormat(), corrupt.DropValue(), corrupt.FullWidth()),
        "company_name": corrupt.OneOf(corrupt.Typo(), corrupt.CaseNoise(), corrupt.Truncate(12)),
        "city": corrupt.OneOf(corrupt.Typo(), corrupt.DropValue()),
    }
    rng = np.random.Generator(np.random.PCG64(draw(st.integers(0, 2**32 - 1))))
    other = dict(record)
    for field in draw(st.lists(st.sampled_from(sorted(ways)), min_size=1, max_size=3, unique=True)):
        other[field] = ways[field](record[field], rng)
    return record, other


@_once
def _columns(max_rows: int) -> st.SearchStrategy[dict[str, list[str | None]]]:
    fields: dict[str, st.SearchStrategy[str]] = {
        "id": st.integers(1, 50).map("C{}".format),
        "full_name": person_names() | messy_text(),
        "email": emails() | messy_text(),
        "phone": phones() | messy_text(),
        "company_name": companies() | messy_text(),
        "birth_date": dates_text() | messy_text(),
        "notes": messy_text(),
    }
    chosen = st.lists(st.sampled_from(sorted(fields)), min_size=1, unique=True)

    def of(names_and_rows: tuple[list[str], int]) -> st.SearchStrategy[dict[str, list[str | None]]]:
        names, rows = names_and_rows
        return st.fixed_dictionaries(
            {name: st.lists(st.none() | fields[name], min_size=rows, max_size=rows) for name in names}
        )

    return st.tuples(chosen, st.integers(0, max_rows)).flatmap(of)


def record_sets(*, max_rows: int = 8) -> st.SearchStrategy[RecordSet]:
    """Draw tables of good and hostile text, missing values and repeated ids included.

    Args:
        max_rows: The most rows; the fewest are none.

    .. versionadded:: 0.1.0
    """
    return _columns(max_rows).map(RecordSet)


def frames(
    *, kinds: Sequence[str] = ("recordset", "mapping", "records"), max_rows: int = 8
) -> st.SearchStrategy[Frame]:
    """Draw the same tables as frames.

    Args:
        kinds: Among ``recordset``, ``mapping``, ``records``, ``pandas``, ``polars`` and ``arrow``; the last three need
            their libraries, and leave out text that they cannot hold (lone surrogates).
        max_rows: The most rows; list of dicts have at least one, since none of them has no columns.

    Raises:
        NotFoundError: An unknown kind.
        MissingDependencyError: A kind whose library is not installed.

    .. versionadded:: 0.1.0
    """
    samples = {kind: None if kind == "recordset" else sample(kind) for kind in kinds}

    def of(kind: str) -> st.SearchStrategy[Frame]:
        columns = _columns(max_rows)
        if kind in ("pandas", "polars", "arrow"):
            columns = columns.map(_encodable)
        if kind == "records":
            columns = columns.filter(lambda table: bool(next(iter(table.values()))))
        return columns.map(lambda table: build(table, like=samples[kind]))

    return st.sampled_from(list(kinds)).flatmap(of)


def _encodable(columns: dict[str, list[str | None]]) -> dict[str, list[str | None]]:
    return {
        name: [None if value is None else value.encode("utf-8", "replace").decode() for value in values]
        for name, values in columns.items()
    }
