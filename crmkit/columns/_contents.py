"""Tell a field from what a column holds, where its name tells nothing, and correct what a name suggests wrongly.

Every rule asks for a large share of the distinct values, and for a shape that ids, amounts and codes do not have: a
column left alone costs little, one taken for a phone costs a wrong match.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from crmkit.normalize import companies, countries, dates, emails, names, phones

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from crmkit.columns._sample import Sample
    from crmkit.typing import RecordKind

__all__ = ["Contents", "correct", "infer_kind", "read_contents"]

_MANY = 0.8
_MOST = 0.9
_PROBE = 20
_FEW = 5
_GLANCE = 6
_PHONE_DIGITS = 5.0  # on average: four fifths of the values have seven
_DAY_DIGITS = 3.0
_LAST_BIRTH = 2020
_COMMON_SURNAME = 50.0  # of 100,000 people
_PLACES = frozenset({"city", "region", "street"})
_PERSON_NAMES = frozenset({"full_name", "given_name", "family_name"})
_REPEATED = frozenset({"email", "phone", "mobile"})
"""Fields that a table may well have twice: the second column gets the second place."""

_Rule: TypeAlias = "Callable[[list[str]], tuple[str, float] | None]"

_REACHED = {
    "email": "email", "url": "website", "mobile": "mobile", "phone": "phone", "country": "country",
    "postcode": "postal_code",
}  # fmt: skip
_PERSON = _REACHED | {
    "person": "full_name", "company": "company_name", "birth": "birth_date", "citizen": "national_id"
}  # fmt: skip
_ACCOUNT = _REACHED | {"domain": "domain", "company": "name", "registration": "registration_id"}
_FIELDS: Mapping[RecordKind | None, Mapping[str, str]] = {
    "contact": _PERSON,
    "lead": _PERSON | {"domain": "domain", "registration": "registration_id"},
    "account": _ACCOUNT,
    "deal": {"company": "company_name"},
    "activity": {},
    None: _REACHED,
}
"""What contents of a sort are called in each kind of record."""

_URL = re.compile(r"(?:https?://|www\.)[^\s@]+\.[^\s@]+", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}", re.IGNORECASE)
_CHINESE_MOBILE = re.compile(r"(?:\+?\(?86\)?[- ]?)?1[3-9]\d([- ]?)\d{4}\1\d{4}")
_PHONE = re.compile(
    r"\+\d[\d ().\-/]{6,20}\d"  # international
    r"|\(0?\d{2,4}\) ?\d{3,4}[- .]?\d{3,4}"  # (212) 555-0123
    r"|1?[-. ]?\d{3}([-. ])\d{3}\1\d{4}"  # 212-555-0123
    r"|0\d{1,4}[- /]\d{5,8}"  # 010-66668888, 030 901820
    r"|0\d{2,3}-\d{7,8}-\d{1,6}"  # 010-66668888-801
    r"|\d{3}-\d{4}"  # 555-0123
    r"|0\d{3,4} \d{3} \d{3,4}"  # 0191 498 0123
)
_EXTENSION = re.compile(r"\s*(?:x|ext\.?|extension|转|分机|#)\s*\d{1,6}$", re.IGNORECASE)
_REGISTRATION = re.compile(r"[159Y][1239]\d{6}[0-9A-HJ-NPQRTUWXY]{10}")
_CHINESE_ID = re.compile(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]")
_POSTCODE = re.compile(
    r"\d{5}(?:-\d{4})?|\d{6}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4} ?[A-Z]{2}", re.IGNORECASE
)
_TWO_WORDS = re.compile(r"[^\W\d_][\w'’.-]*(?: [^\W\d_][\w'’.-]*){1,3}")
_LIKE_A_NAME = re.compile(r"[^\W\d_][^\d_@/:;&#+]{0,60}")
_HAN = re.compile("[\u4e00-\u9fff]")
_LONGEST_HAN = 6  # four and a form of address, but for those of two parts with a dot between
_HAN_NAME = re.compile("[\u4e00-\u9fff]{2,4}")
_DIGITS = re.compile(r"\d+")
_HONORIFICS = frozenset(
    {"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "herr", "frau", "sir", "madam", "先生", "女士", "小姐"}
)
_STATUS = frozenset(
    {
        "open", "closed", "active", "inactive", "new", "won", "lost", "pending", "converted", "qualified",
        "unqualified", "archived", "deleted", "enabled", "disabled", "done", "draft", "working", "contacted",
    }
)  # fmt: skip


def infer_kind(
    by_names: RecordKind | None, columns: Iterable[str], named: Iterable[str], contents: Contents, *, people: bool
) -> RecordKind | None:
    """Return the kind of record: what the names say, unless the one name in the table is that of a company or person.

    Args:
        by_names: What the names of the columns say.
        columns: Columns that names say nothing about; looked at where names say nothing at all.
        named: Columns that may hold the name of a person or of a company.
        contents: What the columns hold.
        people: Whether what would name a deal holds the names of people, who can be reached.
    """
    if by_names in {"contact", None} and any(contents.holds(column) == "company" for column in named):
        return "account"
    if by_names == "deal" and people:
        return "contact"
    if by_names is not None:
        return by_names
    found = {contents.holds(column) for column in columns}
    if found & {"email", "mobile", "person", "citizen", "birth"}:
        return "contact"
    return "account" if found & {"company", "registration"} else None


def read_contents(
    contents: Contents, columns: Iterable[str], *, taken: Collection[str], kind: RecordKind | None
) -> list[tuple[str, str]]:
    """Return ``(column, field)`` for each column whose contents tell, the most certain column first.

    Args:
        contents: What the columns hold.
        columns: The columns in question.
        taken: Fields that other columns hold already; some contents need them as company, some yield to them.
        kind: The record kind.
    """
    fields = {name: field for name, field in _FIELDS[kind].items() if field not in taken or field in _REPEATED}
    if not _PLACES & set(taken):
        fields.pop("postcode", None)
    if _PERSON_NAMES & set(taken):
        fields.pop("person", None)
    found = [(-contents.share(column), column) for column in columns if contents.holds(column) in fields]
    return [(column, fields[contents.holds(column) or ""]) for _, column in sorted(found)]


def correct(canonical: str, column: str, contents: Contents) -> str:
    """Return the field that a name means, where the name means one of two and the contents tell which.

    "Title" is a job or a form of address, "state" a region or a status.
    """
    meant = {"job_title": ("prefix", _HONORIFICS), "region": ("status", _STATUS)}.get(canonical)
    if meant is None:
        return canonical
    other, words = meant
    texts = contents.sample.texts(column)
    if texts and sum(text.casefold().rstrip(".") in words for text in texts) >= _MANY * len(texts):
        return other
    return canonical


class Contents:
    """What columns hold, each looked at once."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self._known: dict[str, tuple[str, float] | None] = {}

    def holds(self, column: str) -> str | None:
        """Return what the column holds (``email``, ``phone``, ``person``, ...), or ``None`` if that is not certain."""
        found = self._look(column)
        return found[0] if found else None

    def are_people(self, column: str) -> bool:
        """Return whether the column holds people's names; a few names are enough, as :meth:`holds` wants more."""
        texts = self.sample.texts(column)
        return len(texts) > 1 and (_person(texts) is not None or all(map(_is_han_name, texts)))

    def may_be_people(self, column: str) -> bool:
        """Return whether nothing in how the values are written speaks against names of people, or parts of them."""
        texts = self.sample.texts(column)
        return _share(texts, _is_like_a_name) >= _MANY and not self.are_companies(column)

    def are_companies(self, column: str) -> bool:
        """Return whether the column holds names of companies; a few are enough, as :meth:`holds` wants more."""
        texts = self.sample.texts(column)
        return bool(texts) and _company(texts) is not None

    def share(self, column: str) -> float:
        """Return the share of its values that are such; 0 where nothing is certain."""
        found = self._look(column)
        return found[1] if found else 0.0

    def _look(self, column: str) -> tuple[str, float] | None:
        if column not in self._known:
            self._known[column] = _tell(self.sample.texts(column))
        return self._known[column]


def _tell(texts: list[str]) -> tuple[str, float] | None:
    """Ask only the rules that a glance at some values does not rule out: wide tables have thousands of columns."""
    if not texts:
        return None
    probe = texts[:: max(1, len(texts) // _PROBE)][:_PROBE]
    joined = "\n".join(probe)
    letters = any(map(str.isalpha, joined))
    if "@" in joined and (found := _email(texts)):
        return found
    if "." in joined and letters and (found := _web(texts)):
        return found
    digits = sum(map(str.isdigit, joined)) / len(probe)
    if len(texts) < _FEW:
        return _country(texts) if letters and not digits else None
    rules: list[_Rule] = []
    if digits >= _PHONE_DIGITS:
        rules += [_phone, _identity]
    if digits >= _DAY_DIGITS:
        rules += [_birth]
    if _POSTCODE.fullmatch(probe[0]) or _POSTCODE.fullmatch(probe[-1]):
        rules += [_postcode]
    if letters:
        rules += [_company]
    if letters and not digits:
        rules += [_country, _person]
    return next((found for rule in rules if (found := rule(texts))), None)


def _share(texts: Sequence[str], holds: Callable[[str], object]) -> float:
    """Return the share of texts for which something holds; 0 as soon as a few of them show that it is small."""
    size = len(texts)
    if not any(holds(text) for text in texts[:: max(1, size // _GLANCE)][:_GLANCE]):
        return 0.0
    probe = texts[:: max(1, size // _PROBE)][:_PROBE]
    if 4 * sum(bool(holds(text)) for text in probe) < len(probe):
        return 0.0
    return sum(bool(holds(text)) for text in texts) / size


def _email(texts: list[str]) -> tuple[str, float] | None:
    share = _share(texts, lambda text: "@" in text and emails.is_valid(text))
    return ("email", share) if share >= _MANY else None


def _web(texts: list[str]) -> tuple[str, float] | None:
    share = _share(texts, lambda text: _URL.fullmatch(text) or _DOMAIN.fullmatch(text))
    if share < _MANY:
        return None
    if any(map(_URL.fullmatch, texts)):
        return "url", share
    return ("domain", share) if len(texts) >= _FEW else None


def _phone(texts: list[str]) -> tuple[str, float] | None:
    share = _share(texts, _CHINESE_MOBILE.fullmatch)
    if share >= _MANY:
        return None if _is_sequence(texts) else ("mobile", share)
    share = _share(texts, lambda text: _PHONE.fullmatch(_EXTENSION.sub("", text)))
    if share < _MANY or _share(texts, lambda text: dates.parse(text, order="DMY")) > 1 - _MANY:
        return None
    international = [text for text in texts[:50] if text.startswith("+")]
    if international and sum(map(phones.is_valid, international)) < len(international) / 2:
        return None
    return "phone", share


def _identity(texts: list[str]) -> tuple[str, float] | None:
    share = _share(texts, _is_chinese_id)
    if share >= _MANY:
        return "citizen", share
    share = _share(texts, _REGISTRATION.fullmatch)
    return ("registration", share) if share >= _MOST else None


def _birth(texts: list[str]) -> tuple[str, float] | None:
    """A column of days that begin long before any CRM and spread over a generation."""
    if len(texts) < 2 * _FEW or _share(texts, _looks_like_a_day) < _MOST:
        return None
    read = (dates.parse(text, order="DMY", first_year=_LAST_BIRTH - 99) for text in texts)
    years = sorted(day.year for day in read if day is not None)
    if len(years) < _MOST * len(texts):
        return None
    early, late = years[len(years) // 20], years[-1 - len(years) // 20]
    return ("birth", len(years) / len(texts)) if early < 1985 and late - early >= 15 and late <= _LAST_BIRTH else None


def _country(texts: list[str]) -> tuple[str, float] | None:
    if len(texts) > 250:
        return None
    long = [text for text in texts if len(text) > 3 or not text.isascii()]
    if 2 * len(long) < len(texts):
        return None  # two letters are a state of the USA as well
    share = _share(texts, countries.normalize)
    return ("country", share) if share >= _MOST else None


def _company(texts: list[str]) -> tuple[str, float] | None:
    share = _share(texts, lambda text: companies.legal_form(text) is not None)
    return ("company", share) if share >= _MANY / 2 else None


def _person(texts: list[str]) -> tuple[str, float] | None:
    share = _share(texts, _is_han_name)
    if share >= _MANY and len({text[0] for text in texts}) >= 3:
        return "person", share
    if _share(texts, _TWO_WORDS.fullmatch) < _MOST or sum(text[:1].isupper() for text in texts) < _MANY * len(texts):
        return None
    known = _share(texts, lambda text: len(names.nicknames(text.split()[0])) > 1)
    return ("person", known) if known >= _MANY / 2 else None


def _postcode(texts: list[str]) -> tuple[str, float] | None:
    """Digits are no postcode if they differ in length, count up or are round."""
    share = _share(texts, _POSTCODE.fullmatch)
    if share < _MOST or len({len(text) for text in texts if _DIGITS.fullmatch(text)}) > 1:
        return None
    if _is_sequence(texts) or sum(text.endswith("00") for text in texts) > len(texts) / 2:
        return None
    return "postcode", share


def _is_sequence(texts: Sequence[str]) -> bool:
    """Whether the values are numbers that lie close together, as numbers given out one after the other do."""
    if not all(map(_DIGITS.fullmatch, texts[:_PROBE])):
        return False
    numbers = sorted(int(text) for text in texts if _DIGITS.fullmatch(text))
    return numbers[-1] - numbers[0] < 50 * len(numbers)


def _is_like_a_name(text: str) -> bool:
    return _LIKE_A_NAME.fullmatch(text) is not None and (len(_HAN.findall(text)) <= _LONGEST_HAN or "·" in text)


def _is_han_name(text: str) -> bool:
    if _HAN_NAME.fullmatch(text) is None:
        return False
    family = names.split(text).family
    return family is not None and names.surname_frequency(family) >= _COMMON_SURNAME


def _is_chinese_id(text: str) -> bool:
    """Whether it is a citizen's number with a right check character (GB 11643-1999, ISO 7064 MOD 11-2)."""
    if _CHINESE_ID.fullmatch(text) is None:
        return False
    remainder = sum(int(digit) * pow(2, 17 - index, 11) for index, digit in enumerate(text[:17])) % 11
    return "10X98765432"[remainder] == text[17].upper()


def _looks_like_a_day(text: str) -> bool:
    if not 6 <= len(text) <= 40 or (text.isdigit() and len(text) != 8) or ":" in text:
        return False
    return dates.parse(text, order="DMY") is not None
