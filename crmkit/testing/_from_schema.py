"""Values that a check takes, values that it nearly takes, and records of a rule set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from crmkit.errors import NotFoundError
from crmkit.normalize import countries
from crmkit.validators._checks._check import AllOf, AnyOf, Check, Not, walk
from crmkit.validators._checks._field_rules import field_rules
from crmkit.validators._checks._verdict import Skipped, failures
from crmkit.validators._contact._region import _regions
from crmkit.validators._identifiers import _identifier
from crmkit.validators._rules._rule import Require
from crmkit.validators._run._repair import safely

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.validators import Schema

__all__ = ["near_values_of", "records_of", "values_of"]

_DIGITS = "0123456789"
_BODY = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def _finished(body: st.SearchStrategy[str], ends: list[str], check: Check) -> st.SearchStrategy[str]:
    """Draw bodies and give each the one ending that the check takes."""

    def finish(text: str) -> str:
        return next((text + end for end in ends if check.is_valid(text + end)), "")

    return body.map(finish).filter(bool)


def _days(check: Any) -> st.SearchStrategy[str]:
    from datetime import date

    def bound(text: str | None, default: date) -> date:
        return date.fromisoformat(text[:10]) if text is not None and text != "now" else default

    least, most = bound(check.after, date(1950, 1, 1)), bound(check.before, date(2020, 12, 31))
    return st.dates(min(least, most), most).map(str)


def _numbers(check: Any) -> st.SearchStrategy[str]:
    low = 0 if check.ge is None else check.ge
    high = low + 10_000 if check.le is None else check.le
    return st.decimals(low, high, places=2).map(lambda number: f"{number:f}")


def _texts(check: Any) -> st.SearchStrategy[str]:
    if check.pattern is not None:
        return st.from_regex(check.pattern, fullmatch=True)
    least = check.min_length or 1
    most = min(check.max_length or least + 30, least + 30)
    return st.text("abcdefghij", min_size=least, max_size=most)


def _makers() -> dict[str, Callable[[Any], st.SearchStrategy[str]]]:
    from crmkit.testing import strategies
    from crmkit.testing._generator._phones import COUNTRIES

    def phone(check: Any) -> st.SearchStrategy[str]:
        country = check.country if isinstance(check.country, str) else check.default
        return strategies.phones(country if country in COUNTRIES else None)

    def iban(_: Any) -> st.SearchStrategy[str]:
        def finish(body: str) -> str:
            rest = 98 - _identifier.mod97(f"{body}DE00")
            return f"DE{rest:02d}{body}"

        return st.text(_DIGITS, min_size=18, max_size=18).map(finish)

    def digits(n: int) -> st.SearchStrategy[str]:
        return st.text(_DIGITS, min_size=n, max_size=n)

    def signs(n: int) -> st.SearchStrategy[str]:
        return st.text(_BODY, min_size=n, max_size=n)

    day = st.dates().filter(lambda day: 1950 < day.year < 2010).map(lambda day: f"{day:%Y%m%d}")
    resident = st.tuples(st.sampled_from(["110105", "310101", "440305"]), day, digits(3)).map("".join)
    names = [text for code in ("CN", "DE", "US", "FR", "GB") for text in (code, countries.name(code, "en"))]
    return {
        "Email": lambda _: strategies.emails(), "Phone": phone, "PersonName": lambda _: strategies.person_names(),
        "CompanyName": lambda _: strategies.companies(), "Country": lambda _: st.sampled_from(names),
        "Date": _days, "DateTime": _days, "Number": _numbers, "Money": _numbers,
        "Percentage": _numbers, "Age": lambda check: st.integers(check.ge, check.le).map(str),
        "Choice": lambda check: st.sampled_from([*check.values, *(word for word, _ in check.synonyms)]),
        "Text": _texts, "URL": lambda _: st.sampled_from(["example.com", "https://www.example.org/a?b=c"]),
        "Domain": lambda _: st.sampled_from(["example.com", "shop.example.net"]),
        "Language": lambda _: st.sampled_from(["de", "中文", "English", "zh-Hans"]),
        "Currency": lambda _: st.sampled_from(["CNY", "EUR", "usd"]),
        "Street": lambda _: st.sampled_from(["1 High Street", "南京东路1号"]),
        "City": lambda _: st.sampled_from(["Oslo", "上海市", "São Paulo"]),
        "Mailbox": lambda _: strategies.emails(),
        "Region": lambda check: st.sampled_from(
            sorted({name for _, name in _regions(check.country).values()} if isinstance(check.country, str) else {"x"})
        ),
        "Postcode": lambda _: st.sampled_from(["200000", "10115", "94105", "SW1A 1AA"]),
        "Code": lambda check: digits(check.length or 8) if check.pattern is None else _texts_of(check.pattern),
        "IBAN": iban, "BIC": lambda _: st.sampled_from(["DEUTDEFF", "BKCHCNBJ110"]),
        "LEI": lambda check: _finished(signs(18), _two_digits(), check),
        "DUNS": lambda _: digits(9),
        "BankCard": lambda check: _finished(digits(14).map("4".__add__), list(_DIGITS), check),
        "USCC": lambda check: _finished(signs(9).map("91110000".__add__), list(_BODY), check),
        "ResidentId": lambda check: _finished(resident, list("0123456789X"), check),
        "HongKongId": lambda check: _finished(
            digits(6).map("G".__add__), [f"({sign})" for sign in "0123456789A"], check
        ),
        "TaiwanId": lambda check: _finished(digits(7).map("A1".__add__), list(_DIGITS), check),
        "MacauId": lambda _: digits(7).map("1".__add__), "TravelPermit": lambda _: digits(8).map("H".__add__),
        "ChineseMobile": lambda _: digits(8).map("138".__add__),
        "ChineseLandline": lambda _: digits(7).map("0216".__add__),
        "VAT": lambda _: st.sampled_from(["DE136695976", "ATU13585627", "FR40303265045"]),
    }  # fmt: skip


def _texts_of(pattern: str) -> st.SearchStrategy[str]:
    return st.from_regex(pattern, fullmatch=True)


def _two_digits() -> list[str]:
    return [f"{number:02d}" for number in range(2, 99)]


def _makes(check: Check) -> st.SearchStrategy[str]:
    name = type(check).__name__
    makers = _makers()
    if isinstance(check, AllOf):
        parts = [part for part in check.checks if type(part).__name__ in makers and type(part).__name__ != "Text"]
        chosen = parts or [part for part in check.checks if type(part).__name__ in makers]
        if not chosen:
            raise NotFoundError(f"nobody knows how to make values for {check!r}")
        return _makes(chosen[0])
    if isinstance(check, AnyOf):
        known = [part for part in check.checks if type(part).__name__ in makers]
        return st.one_of([_makes(part) for part in known])
    if isinstance(check, Not):
        return st.text("abcdefghij", min_size=1, max_size=12)
    if name not in makers:
        raise NotFoundError.of("check that values can be made for", name, makers)
    return makers[name](check)


def _takes(check: Check, text: str) -> bool:
    verdict = safely(check, text, (None,) * len(check.references))
    return isinstance(verdict, Skipped) or not failures(verdict)


def values_of(check: Check) -> st.SearchStrategy[str]:
    """Draw values that the check takes."""
    inner = next((part for part in walk(check) if type(part).__name__ not in ("When", "Graded", "Worded")), check)
    if isinstance(check, (AllOf, AnyOf, Not)):
        inner = check
    return _makes(inner).filter(lambda text: bool(text.strip()) and _takes(inner, text))


def near_values_of(check: Check) -> st.SearchStrategy[str]:
    """Draw values one or two slips away from right ones; a few of them are right, too."""

    def slip(parts: tuple[str, int, int, str]) -> str:
        text, way, place, sign = parts
        at = place % (len(text) + 1)
        if way == 0:
            return text[:at] + sign + text[at:]
        if way == 1 and at < len(text):
            return text[:at] + text[at + 1 :]
        if way == 2 and at + 1 < len(text):
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        return text[:at] + sign + text[at + 1 :]

    signs = st.sampled_from([*"aZ09OIl@.,-+ /;()", "０", "中", "\u200b", "\u00a0", "é"])
    return st.tuples(values_of(check), st.integers(0, 3), st.integers(0, 200), signs).map(slip)


def records_of(schema: Schema, *, near_valid: bool) -> st.SearchStrategy[dict[str, str | None]]:
    """Draw records with a value for every column of the schema; right ones keep its rules of single records, too."""
    fields: dict[str, st.SearchStrategy[str | None]] = {}
    filled = set() if near_valid else {rule.field for rule in schema.all_rules if isinstance(rule, Require)}
    for column in schema.columns:
        check = schema.fields.get(column)
        if check is None:
            plain = _plain() if column in filled else st.none() | _plain()
            fields[column] = st.integers(1, 10**6).map("R{}".format) if column == schema.key else plain
            continue
        rules = field_rules(column, check)
        judges = tuple(rule.check for rule in rules if type(rule.check).__name__ not in ("Required", "Blank"))
        whole = AllOf(judges) if len(judges) > 1 else judges[0] if judges else None
        values = _plain() if whole is None else values_of(whole)
        drawn: st.SearchStrategy[str | None] = values
        if near_valid and whole is not None:
            drawn = values | near_values_of(whole) | st.none()
        elif column not in filled and not any(type(rule.check).__name__ == "Required" for rule in rules):
            drawn = values | st.none()
        fields[column] = drawn
    records = st.fixed_dictionaries(fields)
    return records if near_valid else records.filter(lambda record: not _wrong(schema, record))


def _wrong(schema: Schema, record: dict[str, str | None]) -> int:
    return len(schema.check_record(record).issues.filter(severity="error"))


def _plain() -> st.SearchStrategy[str]:
    return st.sampled_from(["a", "b", "1", "CN", "2024-01-05"])
