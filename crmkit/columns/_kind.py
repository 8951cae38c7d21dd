"""Tell which kind of record a table of no known system holds.

Names of columns say it first; where they can mean two things, what the columns hold decides. The one mistake that
costs records is to take people for the companies they work for: colleagues would be merged to one. So a list that
names say is of companies is one of people all the same where

- a column that names the row's own person (姓名, "Full name", "Last name") is filled in half of the rows or more;
- a column whose name fits a person or a company ("Name", "Client name") stands beside the company's and holds known
  names of people, or what may be such where the companies have several each;
- a column of the company's contact (联系人, "Contact", or one that only its contents tell) is filled in half of the
  rows or more, and the companies have several persons each: a list of accounts has one for each, and few twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from crmkit.columns._contents import infer_kind
from crmkit.columns._names import kind_by_names, read_name
from crmkit.systems import fold_header

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.columns._contents import Contents
    from crmkit.frames import Table
    from crmkit.typing import RecordKind

__all__ = ["kind_of", "names_a_person", "people_aside"]

_PERSON_NAMES = frozenset({"full_name", "given_name", "family_name"})
_PERSON_CHANNELS = frozenset({"email", "phone", "mobile"})
_PEOPLE: tuple[RecordKind, ...] = ("contact", "lead")
_OF_A_COMPANY = ("contact", "联系人", "联络人", "聯絡人", "聯繫人")
"""What is in the folded name of a column with the person to speak to at a company, who need not be the row's own."""
_OF_EITHER = frozenset({"displayname", "completename"})
"""Names of columns that no list of companies is known for, and that may be of one all the same."""

_FILLED = 0.5
_SEVERAL = 1.25
"""Persons for each company, on average, from which the rows are persons: of accounts, one in ten may be there twice."""

_Role = Literal["own", "either", "linked"]


def kind_of(table: Table, contents: Contents) -> RecordKind | None:
    """Return the kind of record, or ``None`` where neither names nor contents point anywhere.

    Note:
        O(columns + sampled cells), and O(rows) where the persons of each company must be counted: a sample of a long
        list shows few colleagues.
    """
    readings = {column: read_name(column, "contact") for column in table.columns}
    fields = {reading.canonical for reading in readings.values() if reading}
    named = (
        []
        if fields & {"given_name", "family_name"}
        else [column for column, reading in readings.items() if reading and reading.canonical == "full_name"]
    )
    unnamed = [column for column, reading in readings.items() if reading is None]
    by_names = kind_by_names(table.columns)
    people = by_names == "deal" and bool(fields & _PERSON_CHANNELS) and _deals_are_people(table, contents)
    found = infer_kind(by_names, unnamed, named, contents, people=people)
    if found == "account" and _lists_people(table, contents):
        return kind_by_names(table.columns, among=_PEOPLE) or "contact"
    return found


def names_a_person(header: str) -> bool:
    """Say whether a column is called as those with the name of a person, or a part of it, are.

    Example:
        >>> names_a_person("联系人"), names_a_person("Last name"), names_a_person("Company"), names_a_person("Owner")
        (True, True, False, False)
    """
    reading = read_name(header, "contact")
    return reading is not None and reading.trap is None and reading.canonical in _PERSON_NAMES


def people_aside(columns: Iterable[str], contents: Contents) -> tuple[str, ...]:
    """Return which of the columns, for which a list of companies has no field, hold names of people.

    Their rows may be contacts of one company all the same, of which a merge would keep one: that has to be said.
    """
    return tuple(
        column
        for column in columns
        if (role := _role(column, contents)) is not None
        and (contents.are_people(column) if role == "either" else contents.may_be_people(column))
    )


def _deals_are_people(table: Table, contents: Contents) -> bool:
    """Say whether the one column that could be the name of a deal holds names of people."""
    of_deal = {column: read_name(column, "deal") for column in table.columns}
    naming = [column for column, reading in of_deal.items() if reading and reading.canonical == "name"]
    if len(naming) != 1:
        return False
    of_person = read_name(naming[0], "contact")
    return of_person is not None and of_person.canonical == "full_name" and contents.are_people(naming[0])


def _lists_people(table: Table, contents: Contents) -> bool:
    """Say whether the rows of what names say is a list of companies are people."""
    people: dict[_Role, list[str]] = {"own": [], "either": [], "linked": []}
    for column in table.columns:
        role = _role(column, contents)
        if role is not None and _is_filled(column, contents) and contents.may_be_people(column):
            people[role].append(column)
    if people["own"]:
        return True
    company = _company_of(table, {column for columns in people.values() for column in columns})
    if company is None:
        return False
    if any(contents.are_people(column) for column in people["either"]):
        return True
    return any(_persons_each(table, company, column) >= _SEVERAL for column in [*people["either"], *people["linked"]])


def _role(column: str, contents: Contents) -> _Role | None:
    """Return whose name a column may hold: the row's own person, a person or a company, the contact of a company."""
    of_account = read_name(column, "account")
    if not names_a_person(column):
        unread = of_account is None and read_name(column, "contact") is None
        return "linked" if unread and contents.holds(column) == "person" else None
    folded = fold_header(column)
    if any(word in folded for word in _OF_A_COMPANY):
        return "linked"
    either = folded in _OF_EITHER or (of_account is not None and of_account.canonical == "name")
    return "either" if either else "own"


def _is_filled(column: str, contents: Contents) -> bool:
    cells = contents.sample.cells(column)
    return bool(cells) and sum(cell is not None and cell != "" for cell in cells) >= _FILLED * len(cells)


def _company_of(table: Table, people: set[str]) -> str | None:
    """Return the column that tells the companies apart best: their name, else a number of theirs."""
    fields = {
        column: reading.canonical
        for column in table.columns
        if column not in people and (reading := read_name(column, "account")) is not None and reading.trap is None
    }
    for wanted in ("name", "legal_name", "registration_id", "vat_id", "tax_id", "trade_name"):
        for column, field in fields.items():
            if field == wanted:
                return column
    return next((column for column in table.columns if _is_company_name(column)), None)


def _is_company_name(column: str) -> bool:
    reading = read_name(column, "contact")
    return reading is not None and reading.canonical == "company_name"


def _persons_each(table: Table, company: str, person: str) -> float:
    """Return how many persons a company has on average, of the rows that have both; 0 where none has."""
    pairs = set(zip(_folded(table, company), _folded(table, person), strict=True))
    pairs = {(one, other) for one, other in pairs if one and other}
    return len(pairs) / len({one for one, _ in pairs}) if pairs else 0.0


def _folded(table: Table, column: str) -> list[str]:
    """Return the cells of a column without case and outer blanks, missing ones empty."""
    distinct = table.texts(column)
    texts = [*(str(text).strip().casefold() for text in distinct.values), ""]
    return [texts[code] for code in distinct.codes.tolist()]  # -1, which is missing, is the last
