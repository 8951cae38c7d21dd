"""Find personal data in any column and inside free text, and propose who may see it and what to encrypt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from crmkit import _notebook, frames
from crmkit._called import check_called
from crmkit._plain import digits, plain
from crmkit.columns import read_header, recognize
from crmkit.issues import Report
from crmkit.masking import mask
from crmkit.normalize import emails, phones
from crmkit.records import RecordSet
from crmkit.validators import IBAN, BankCard, HongKongId, ResidentId, TaiwanId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import numpy as np

    from crmkit.masking import Kind
    from crmkit.typing import Frame, JSONValue, Progress

__all__ = ["PersonalData", "PersonalDataReport", "find_personal_data", "is_about_people", "is_personal"]

Found: TypeAlias = Literal[
    "email", "phone", "national_id", "bank_card", "iban", "ip_address", "name", "address", "birth_date", "gender"
]
_LONGEST = 20_000

# What each kind is to permissions and encryption: class, whether to encrypt, whether it is looked up by equality.
_MEANING: Mapping[str, tuple[str, bool, bool]] = {
    "email": ("pii", True, True), "phone": ("pii", True, True), "national_id": ("sensitive", True, True),
    "bank_card": ("sensitive", True, False), "iban": ("finance", True, True), "ip_address": ("pii", False, False),
    "name": ("pii", False, False), "address": ("pii", True, False), "birth_date": ("pii", True, False),
    "gender": ("pii", False, False),
}  # fmt: skip
_RANK = {"sensitive": 3, "finance": 2, "pii": 1}
_MASKS: Mapping[str, Kind] = {
    "email": "email", "phone": "phone", "national_id": "id", "bank_card": "card", "iban": "iban", "name": "name",
}  # fmt: skip

_EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6}")
_DIGITS = re.compile(r"(?<![\w.])\+?\(?\d(?:[ ().-]{0,2}\d){6,18}(?![\w])", re.ASCII)
_RESIDENT = re.compile(r"(?<![0-9A-Za-z])(?:[1-9]\d{16}[\dXx]|[1-8]\d{14})(?![0-9A-Za-z])", re.ASCII)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Za-z0-9])")
_HONG_KONG = re.compile(r"(?<![A-Za-z0-9])[A-Z]{1,2}\d{6}\([0-9A]\)")
_TAIWAN = re.compile(r"(?<![A-Za-z0-9])[A-Z][1289A-D]\d{8}(?![A-Za-z0-9])")
_IP = re.compile(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])", re.ASCII)
_CARD_BEGINNINGS = re.compile(r"(?:3[47]|4|5[1-5]|2[2-7]|6[02458])").match
_OF_COLUMNS: Mapping[str, Found] = {
    "full_name": "name", "given_name": "name", "middle_name": "name", "family_name": "name", "nickname": "name",
    "street": "address", "street_2": "address", "house_number": "address", "other_street": "address",
    "other_street_2": "address", "birth_date": "birth_date",
    "gender": "gender", "national_id": "national_id", "email": "email", "email_2": "email", "phone": "phone",
    "mobile": "phone", "phone_home": "phone", "phone_other": "phone", "fax": "phone",
}  # fmt: skip


@attrs.frozen(kw_only=True)
class PersonalData:
    """One kind of personal data in one column.

    Attributes:
        column: The column.
        kind: ``email``, ``phone``, ``national_id``, ``bank_card``, ``iban``, ``ip_address``, ``name``, ``address``,
            ``birth_date`` or ``gender``.
        rows: Rows that hold some.
        share: Of the rows with a value.
        within_text: Whether it stands inside longer text, so that masking the column needs more than a mask.
        by: ``contents`` or ``column name``.
        examples: A few, masked.

    .. versionadded:: 0.1.0
    """

    column: str
    kind: str
    rows: int
    share: float
    within_text: bool
    by: str
    examples: tuple[str, ...] = attrs.field(default=(), repr=False)

    @property
    def sensitivity(self) -> str:
        """The class proposed for permissions: ``pii``, ``finance`` or ``sensitive``."""
        return _MEANING[self.kind][0]


class PersonalDataReport(Report):
    """What personal data a table holds, and what is proposed for it.

    Attributes:
        findings: One for each column and kind, the most sensitive first.
        rows: Rows of the table.
        columns: Its columns.

    Example:
        >>> report = find_personal_data([{"id": "1", "note": "call li at 138 0013 8000 or li@example.com"}])
        >>> [(found.column, found.kind, found.within_text) for found in report.findings]
        [('note', 'email', True), ('note', 'phone', True)]
        >>> report.sensitivities(), report.fields_to_encrypt()
        ({'id': 'internal', 'note': 'pii'}, {'note': 'none'})

    .. versionadded:: 0.1.0
    """

    def __init__(self, findings: tuple[PersonalData, ...], rows: int, columns: tuple[str, ...]) -> None:
        self.findings = findings
        self.rows = rows
        self.columns = columns

    @property
    def ok(self) -> bool:
        """Whether no personal data were found."""
        return not self.findings

    def counts(self) -> dict[str, int]:
        """Return the number of columns by kind."""
        found: dict[str, int] = {}
        for finding in self.findings:
            found[finding.kind] = found.get(finding.kind, 0) + 1
        return found

    def sensitivities(self) -> dict[str, str]:
        """Return the class proposed for each column, of its most sensitive kind; ``internal`` where none was found.

        Permissions take it as the ``sensitivity`` of a field.
        """
        found = dict.fromkeys(self.columns, "internal")
        for finding in self.findings:
            if _RANK[finding.sensitivity] > _RANK.get(found[finding.column], 0):
                found[finding.column] = finding.sensitivity
        return found

    def fields_to_encrypt(self) -> dict[str, str]:
        """Return the columns to encrypt, and how they can then be searched.

        Returns:
            Column to ``equality`` (a blind index over its normal form) or ``none`` (free text, or nothing to look up).
        """
        found: dict[str, str] = {}
        for finding in self.findings:
            _, encrypt, searched = _MEANING[finding.kind]
            if encrypt:
                whole = searched and not finding.within_text
                found[finding.column] = "equality" if whole and found.get(finding.column) != "none" else "none"
        return found

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the findings as a frame of the kind of ``like``, or a ``RecordSet``."""
        names_ = ("column", "kind", "rows", "share", "within_text", "by", "sensitivity")
        columns = {name: [getattr(finding, name) for finding in self.findings] for name in names_}
        return RecordSet(columns) if like is None else frames.build(columns, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the findings as plain data, without examples."""
        return {
            "rows": self.rows,
            "findings": [
                {**attrs.asdict(finding, filter=lambda field, _: field.name != "examples"),
                 "sensitivity": finding.sensitivity}
                for finding in self.findings
            ],
            "sensitivities": dict(self.sensitivities()), "encrypt": dict(self.fields_to_encrypt()),
        }  # fmt: skip

    def __repr__(self) -> str:
        figures = ", ".join(f"{kind} in {n}" for kind, n in self.counts().items())
        return f"PersonalDataReport({self.rows} rows, {len(self.columns)} columns: {figures or 'nothing found'})"

    def _repr_html_(self) -> str:
        heads = ("column", "kind", "rows", "share", "inside text", "class", "examples (masked)")
        rows = [
            [found.column, found.kind, found.rows, f"{found.share:.1%}", found.within_text,
             found.sensitivity, ", ".join(found.examples)]
            for found in self.findings[:20]
        ]  # fmt: skip
        table = _notebook.table(heads, rows) if rows else ""
        rest = _notebook.more(len(rows), len(self.findings), "columns")
        return _notebook.sheet("Personal data", "" if rows else "none found", table, rest)


def find_personal_data(
    frame: Frame, *, country: str | None = None, min_share: float = 0.0, progress: Progress | None = None
) -> PersonalDataReport:  # fmt: skip
    """Find e-mails, phones, national ids, cards, accounts, addresses, names and birth dates, in columns and in text.

    Contents decide first; names of people and addresses, which have no form, are told by what the columns are called.

    Args:
        frame: Any frame that :mod:`crmkit.frames` reads.
        country: Where national phone numbers belong; Chinese mobiles are known without it.
        min_share: Leave out what fewer of a column's values hold.
        progress: Shows how far it is; ``tqdm`` fits.

    Example:
        >>> find_personal_data([{"a": "4111 1111 1111 1111"}]).findings[0].examples
        ('**** **** **** 1111',)

    .. versionadded:: 0.1.0
    """
    check_called(progress=progress)
    from crmkit._progress import steps

    table = frames.read(frame)
    known = recognize(table).fields
    found: list[PersonalData] = []
    for column in steps(progress, table.columns, "scan"):
        distinct = table.texts(column)
        counts = distinct.counts()
        texts = [str(text) for text in distinct.values]
        present = int(sum(n for text, n in zip(texts, counts.tolist(), strict=True) if text.strip()))
        if not present:
            continue
        of_contents = _scan(column, texts, counts, present, country)
        kinds = {finding.kind for finding in of_contents}
        named = _OF_COLUMNS.get(known.get(column, column))
        if named is not None and named not in kinds:
            shown = tuple(mask(text, _MASKS.get(named, "full")) for text in texts[:2])
            of_contents.append(
                PersonalData(
                    column=column, kind=named, rows=present, share=1.0, within_text=False, by="column name",
                    examples=shown,
                )
            )  # fmt: skip
        found += [finding for finding in of_contents if finding.share >= min_share]
    found.sort(key=lambda item: (-_RANK[item.sensitivity], item.column, item.kind))
    return PersonalDataReport(tuple(found), len(table), tuple(table.columns))


def is_about_people(column: str) -> bool:
    """Return whether a column's name says that its values tell people apart; a gender does not."""
    return _OF_COLUMNS.get(read_header(column) or column, "gender") != "gender"


def is_personal(text: str) -> bool:
    """Return whether a text holds an e-mail, phone, national id, card, account or address of a computer."""
    return next(_found_in(text, None), None) is not None


def _scan(
    column: str, texts: list[str], counts: np.ndarray[tuple[int], np.dtype[np.int64]], present: int, country: str | None
) -> list[PersonalData]:
    hits: dict[str, list[int]] = {}
    inside: dict[str, int] = {}
    examples: dict[str, list[str]] = {}
    for at, raw in enumerate(texts):
        if len(raw) < 7:
            continue
        for kind, value, whole in _found_in(raw[:_LONGEST], country):
            places = hits.setdefault(kind, [])
            if places and places[-1] == at:
                continue
            places.append(at)
            inside[kind] = inside.get(kind, 0) + (0 if whole else int(counts[at]))
            shown = examples.setdefault(kind, [])
            if len(shown) < 2:
                shown.append(mask(value, _MASKS.get(kind, "full")))
    findings = []
    for word, places in hits.items():
        rows = int(counts[places].sum())
        findings.append(
            PersonalData(
                column=column, kind=word, rows=rows, share=rows / present, within_text=2 * inside[word] > rows,
                by="contents", examples=tuple(examples[word]),
            )
        )  # fmt: skip
    return findings


def _found_in(raw: str, country: str | None) -> Iterator[tuple[Found, str, bool]]:
    """Yield what one text holds: kind, value, whether it is the whole text."""
    text = digits(plain(raw))
    taken: list[tuple[int, int]] = []

    def free(start: int, end: int) -> bool:
        return all(end <= a or start >= b for a, b in taken)

    tests: tuple[tuple[Found, re.Pattern[str], Callable[[str], bool]], ...] = (
        ("email", _EMAIL, lambda value: emails.address(value.rstrip(".")) is not None),
        ("national_id", _RESIDENT, ResidentId().is_valid),
        ("national_id", _HONG_KONG, HongKongId().is_valid),
        ("national_id", _TAIWAN, TaiwanId().is_valid),
        ("iban", _IBAN, IBAN().is_valid),
        ("bank_card", _DIGITS, _is_card),
        ("phone", _DIGITS, lambda value: _is_phone(value, country)),
        ("ip_address", _IP, lambda value: not value.startswith(("0.", "127."))),
    )
    for kind, pattern, test in tests:
        if kind == "email" and "@" not in text:
            continue
        for match in pattern.finditer(text):
            value = match[0].strip()
            if free(match.start(), match.end()) and test(value):
                taken.append((match.start(), match.end()))
                yield kind, value, len(value) + 2 >= len(text)


def _is_card(value: str) -> bool:
    number = re.sub(r"[ -]", "", value)
    return (
        number.isdecimal() and 13 <= len(number) <= 19 and _CARD_BEGINNINGS(number) is not None
        and BankCard().is_valid(number)
    )  # fmt: skip


def _is_phone(value: str, country: str | None) -> bool:
    if value.startswith("+"):
        return phones.is_valid(value)
    found = sum(map(str.isdecimal, value))
    # A bare row of digits is a phone only where its plan says so clearly: amounts, ids and dates are digits, too.
    if country is not None and (found < len(value) or value.startswith("0") or phones.is_mobile(value, country)):
        return phones.is_valid(value, country)
    return found == 11 and phones.is_mobile(value, "CN")
