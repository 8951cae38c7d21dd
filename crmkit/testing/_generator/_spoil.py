"""What changes a text whatever it says: typing errors, letter case, stray blanks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._draws import hashed
from ._edits import alike, typo
from ._people import WORLDS
from ._worlds import world

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ._duplicates import Causes
    from ._people import Codes

__all__ = ["Rows", "change_case", "digit_typo", "spoil"]


class Rows:
    """One range of rows with its hashed numbers."""

    def __init__(self, codes: Codes, causes: Causes, companies: Codes, seed: int, start: int, stop: int) -> None:
        self.codes = {field: values[start:stop] for field, values in codes.items()}
        self.causes = causes.names
        self.bits = causes.bits[start:stop]
        self.companies = companies
        self.index = np.arange(start, stop)
        self.seed = seed

    def number(self, label: str) -> NDArray[np.int64]:
        """Return a number in ``[0, 2**62)`` for each row; another label gives other numbers."""
        return hashed(self.seed, label, self.index)

    def has(self, cause: str) -> NDArray[np.bool_]:
        """Return whether ``cause`` happened to each row."""
        happened: NDArray[np.bool_] = (self.bits >> self.causes.index(cause) & 1) == 1
        return happened


def spoil(rows: Rows, columns: dict[str, NDArray[np.object_]]) -> None:
    """Apply what changes a text whatever it says: typing errors, letter case, stray blanks."""
    for cause, column in (
        ("given_typo", "given_name"), ("family_typo", "family_name"), ("street_typo", "street"),
        ("company_typo", "company_name"),
    ):  # fmt: skip
        _edit(rows, columns, cause, column, typo)
    _edit(rows, columns, "email_typo", "email", _email_typo)
    _edit(rows, columns, "phone_typo", "phone", digit_typo)
    for column in ("given_name", "family_name", "street", "company_name", "city", "email"):
        _edit(rows, columns, "case", column, change_case)
    for column in ("given_name", "family_name", "company_name"):
        _edit(rows, columns, "whitespace", column, _blanks)


def _edit(
    rows: Rows, columns: dict[str, NDArray[np.object_]], cause: str, column: str, edit: Callable[[str, int], str]
) -> None:
    at = np.flatnonzero(rows.has(cause))
    if len(at):
        label = cause if cause == "case" else f"{cause} {column}"
        numbers = rows.number(label)[at].tolist()
        here = columns[column]
        chinese = rows.codes["world"][at] == WORLDS.index("zh")
        for position, number, han in zip(at.tolist(), numbers, chinese.tolist(), strict=True):
            here[position] = (
                _homophone(here[position], number) if han and edit is typo else edit(here[position], number)
            )


def _homophone(text: str, number: int) -> str:
    """Write a character that sounds alike or its traditional form; else make a typing error."""
    here = world("zh")
    changed = alike(text, number, here.homophones, here.traditional)
    return typo(text, number) if changed == text else changed


def _email_typo(text: str, number: int) -> str:
    local, _, site = text.partition("@")
    return f"{typo(local, number)}@{site}"


def digit_typo(text: str, number: int) -> str:
    """Change one of the last seven digits; a text without digits stays."""
    places = [at for at, sign in enumerate(text) if sign.isdigit()][-7:]
    if not places:
        return text
    number, which = divmod(number, len(places))
    at = places[which]
    return text[:at] + str((int(text[at]) + 1 + number % 9) % 10) + text[at + 1 :]


def change_case(text: str, number: int) -> str:
    """Write all of it in capital or in small letters."""
    return text.upper() if number % 2 else text.lower()


def _blanks(text: str, number: int) -> str:
    return (f" {text}", f"{text} ", f"{text}\u00a0", text.replace(" ", "  ") + " ")[number % 4]
