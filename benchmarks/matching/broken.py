"""Files that break what the matching model assumes, each with its truth.

Independent noise, explanations that exist, addresses that belong to somebody: real files have none of it for sure. On
each of these a matcher must stay sane: no collapse into one cluster, no flood of false links.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from crmkit.testing import corrupt, generate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Columns = dict[str, list[str | None]]
    Made = tuple[Columns, np.ndarray]

__all__ = ["FILES", "LINKED", "files", "linked"]

_TYPED = ("given_name", "family_name", "street", "email", "phone", "company_name")


def _contacts(rows: int, seed: int, **settings: float) -> Made:
    made = generate.contacts(rows, seed=seed, **settings)
    return made.columns, made.truth


def _put(columns: Columns, name: str, value: str, share: float, random: np.random.Generator) -> None:
    for row in np.flatnonzero(random.random(len(columns[name])) < share).tolist():
        columns[name][row] = value


def no_duplicates(rows: int, seed: int) -> Made:
    return _contacts(rows, seed, duplicates=0.0)


def everything_twice(rows: int, seed: int) -> Made:
    columns, truth = _contacts(rows // 2, seed, duplicates=0.0)
    return {name: values + values for name, values in columns.items()}, np.concatenate([truth, truth])


def mostly_duplicates(rows: int, seed: int) -> Made:
    return _contacts(rows, seed, duplicates=0.7)


def no_households(rows: int, seed: int) -> Made:
    return _contacts(rows, seed, households=0.0)


def households_only(rows: int, seed: int) -> Made:
    return _contacts(rows, seed, households=0.9)


def shared_mailboxes(rows: int, seed: int) -> Made:
    columns, truth = _contacts(rows, seed)
    random = np.random.default_rng(seed)
    for row in random.choice(rows, rows // 8, replace=False).tolist():
        name = ("info", "frontdesk")[row % 2]
        columns["email"][row] = f"{name}@shop{row % 15}.example.com"
    return columns, truth


def placeholders(rows: int, seed: int) -> Made:
    columns, truth = _contacts(rows, seed)
    random = np.random.default_rng(seed)
    for name, value, share in (
        ("phone", "555-555-5555", 0.04), ("phone", "+1 212 555 0100", 0.04), ("email", "none@none.com", 0.02),
        ("email", "noreply.crm@customer.example.com", 0.04), ("birth_date", "1900-01-01", 0.06),
        ("birth_date", "1970-01-01", 0.06), ("company_name", "Self employed", 0.05), ("city", "Unknown", 0.05),
        ("family_name", "Unknown", 0.01), ("street", "n/a", 0.03),
    ):  # fmt: skip
        _put(columns, name, value, share, random)
    return columns, truth


def franchise(rows: int, seed: int) -> Made:
    made = generate.accounts(rows, seed=seed)
    columns, truth = made.columns, made.truth
    chosen = np.random.default_rng(seed).choice(np.unique(truth), rows // 25, replace=False)
    for row in np.flatnonzero(np.isin(truth, chosen)).tolist():
        columns["name"][row] = "Burger Palace Inc"
        columns["website"][row] = "https://www.burgerpalace.example.com"
        columns["registration_id"][row] = None
    return columns, truth


def department_twice(rows: int, seed: int) -> Made:
    columns, truth = _contacts(rows, seed)
    staff: dict[str, list[int]] = {}
    for row, company in enumerate(columns["company_name"]):
        if company is not None:
            staff.setdefault(company, []).append(row)
    largest = sorted(staff.values(), key=len, reverse=True)[: rows // 100]
    again = [row for one in largest for row in one]
    copied = {name: values + [values[row] for row in again] for name, values in columns.items()}
    return copied, np.concatenate([truth, truth[again]])


def errors_come_together(rows: int, seed: int) -> Made:
    columns, truth = _contacts(rows, seed)
    random = np.random.default_rng(seed)
    typo = corrupt.Typo()
    for row in np.flatnonzero(random.random(rows) < 0.1).tolist():
        for name in _TYPED:
            if random.random() < 0.6:
                columns[name][row] = typo(columns[name][row], random)
    return columns, truth


def columns_shifted(rows: int, seed: int) -> Made:
    columns, truth = _contacts(rows, seed)
    for name in ("email", "phone"):
        columns[name][: rows // 25] = columns[name][1 : rows // 25 + 1]
    return columns, truth


def _without(name: str) -> Callable[[int, int], Made]:
    def make(rows: int, seed: int) -> Made:
        columns, truth = _contacts(rows, seed)
        del columns[name]
        return columns, truth

    return make


def _only(*names: str) -> Callable[[int, int], Made]:
    def make(rows: int, seed: int) -> Made:
        columns, truth = _contacts(rows, seed)
        return {name: columns[name] for name in ("id", *names)}, truth

    return make


FILES: dict[str, Callable[[int, int], Made]] = {
    "no duplicates": no_duplicates,
    "everything twice": everything_twice,
    "70 % duplicates": mostly_duplicates,
    "no households": no_households,
    "households only": households_only,
    "shared mailboxes": shared_mailboxes,
    "placeholders": placeholders,
    "franchise": franchise,
    "a department twice": department_twice,
    "errors come together": errors_come_together,
    "columns shifted": columns_shifted,
    **{
        f"without {name}": _without(name)
        for name in ("given_name", "family_name", "email", "phone", "birth_date", "company_name", "street",
                     "postal_code", "city", "region", "country")
    },
    "names and e-mail": _only("given_name", "family_name", "email"),
    "leads": _only("company_name", "email"),
    "names alone": _only("given_name", "family_name"),
}  # fmt: skip
"""Name of each file to what makes it from a number of rows and a seed."""

LINKED = {"two alike": (0.5, 0.5), "fifty against all": (0.005, 0.995)}
"""Pairs of tables by the shares of the rows that they get."""


def linked(name: str, rows: int, seed: int) -> Made:
    """Make a file for two tables; the column ``side`` says which table a row is of."""
    columns, truth = _contacts(rows, seed, duplicates=0.3)
    left = int(rows * LINKED[name][0])
    return columns | {"side": ["left"] * left + ["right"] * (rows - left)}, truth


def files(rows: int, seed: int) -> Iterator[tuple[str, str, Columns, np.ndarray]]:
    """Yield name, kind of record, columns and truth of every file; ids are numbered anew."""
    for name, make in FILES.items():
        columns, truth = make(rows, seed)
        columns = columns | {"id": [str(row) for row in range(len(truth))]}
        yield name, "account" if name == "franchise" else "lead" if name == "leads" else "contact", columns, truth
