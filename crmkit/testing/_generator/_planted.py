"""Errors put into finished columns on purpose, each with its place, so that finding them can be measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ._draws import hashed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ACCOUNT_ERRORS", "CONTACT_ERRORS", "Planted", "plant"]

_SHARE = 0.10
_DEAD_DOMAINS = ("gmail.con", "hotmail.cmo", "outlook.conm", "yahoo.ocm", "gmail,com")  # no such top-level domains
_COMMON_SPELLINGS = {
    "US": "United States", "GB": "England", "CA": "Canada", "AU": "Australia", "DE": "Deutschland", "FR": "France",
    "ES": "España", "CN": "中国", "BG": "България",
}  # fmt: skip


class Planted(NamedTuple):
    """One planted error: where it is and what it is.

    .. versionadded:: 0.1.0
    """

    row: int
    column: str
    kind: str


def _mojibake(text: str, number: int) -> str:  # noqa: ARG001 - every edit takes the number
    try:
        return text.encode().decode("latin-1")
    except UnicodeDecodeError:
        return text


def _without_digits(text: str, number: int) -> str:
    keep = 3 + number % 3
    seen = 0
    out = []
    for sign in text:
        seen += sign.isdigit()
        if seen > keep:
            break
        out.append(sign)
    return "".join(out)


def _impossible(text: str, number: int) -> str:
    return f"{text[:4]}-{('02-30', '13-01', '00-00', '04-31', '06-35')[number % 5]}"


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())


# column -> kind -> the edit
_NAME: dict[str, Callable[[str, int], str]] = {
    "name_placeholder": lambda _, number: ("test", "N/A", "unknown", "xxx", "测试", "无", "-", "Asdf")[number % 8],
    "name_digits": lambda text, number: f"{text}{number % 90 + 10}",
    "name_mojibake": _mojibake,
    "name_zero_width": lambda text, _: f"{text[:1]}\u200b{text[1:]}",
    "name_control": lambda text, _: f"{text}\x00",
}
CONTACT_ERRORS: dict[str, dict[str, Callable[[str, int], str]]] = {
    "given_name": _NAME,
    "family_name": _NAME | {"formula": lambda text, _: f'=HYPERLINK("{text}")'},
    "email": {
        "email_no_at": lambda text, _: text.replace("@", "."),
        "email_two_at": lambda text, _: text.replace("@", "@@"),
        "email_blank_inside": lambda text, _: text.replace("@", " @ "),
        "email_no_domain": lambda text, _: text.partition("@")[0] + "@",
        "email_dead_domain": lambda text, number: f"{text.partition('@')[0]}@{_DEAD_DOMAINS[number % 5]}",
        "email_trailing_dot": lambda text, _: f"{text}.",
        "email_placeholder": lambda _, number: ("none", "n/a", "no@email", "unknown@", "x@x")[number % 5],
    },
    "phone": {
        "phone_too_short": _without_digits,
        "phone_placeholder": lambda _, number: ("0000000000", "1234567890", "9999999999", "111-111-1111")[number % 4],
        "phone_words": lambda _, number: ("see notes", "call office", "n/a", "none")[number % 4],
        "phone_scientific": lambda text, _: f"{float(_digits(text) or 0):.5E}",
        "phone_two_numbers": lambda text, _: f"{text} / {text[:-2]}00",
    },
    "birth_date": {
        "date_impossible": _impossible,
        "date_future": lambda text, number: f"20{60 + number % 39}{text[4:]}",
        "date_placeholder": lambda _, number: ("1900-01-01", "0000-00-00", "1111-11-11")[number % 3],
        "date_words": lambda _, number: ("unknown", "TBC", "spring")[number % 3],
    },
    "postal_code": {
        "postcode_short": lambda text, _: text[:2],
        "postcode_long": lambda text, _: f"{text}{text}",
        "postcode_words": lambda _, number: ("unknown", "N/A", "?")[number % 3],
    },
    "country": {
        "country_unknown": lambda _, number: ("Atlantis", "XX", "Earth", "??")[number % 4],
        "country_name": lambda text, _: _COMMON_SPELLINGS.get(text, text),
    },
    "company_name": {
        "company_placeholder": lambda _, number: ("n/a", "none", "-", "test company", "无")[number % 5],
        "formula": lambda text, _: f"=1+1;{text}",
        "company_html": lambda text, _: f"<b>{text}</b>",
    },
    "updated_at": {"updated_before_created": lambda _, number: f"20{10 + number % 9}-03-01T00:00:00Z"},
    "id": {"id_repeated": lambda _, number: f"C{number % 5 + 1:07d}"},
}
ACCOUNT_ERRORS: dict[str, dict[str, Callable[[str, int], str]]] = {
    "name": CONTACT_ERRORS["company_name"] | {"name_mojibake": _mojibake, "name_control": _NAME["name_control"]},
    "website": {
        "website_words": lambda _, number: ("none", "coming soon", "n/a")[number % 3],
        "website_email": lambda text, _: f"info@{text.removeprefix('https://').removeprefix('www.')}",
    },
} | {column: CONTACT_ERRORS[column] for column in ("phone", "postal_code", "country", "email")}


def plant(
    columns: dict[str, list[str | None]],
    errors: dict[str, dict[str, Callable[[str, int], str]]],
    *,
    seed: int,
    start: int,
) -> list[Planted]:
    """Put one error into a small share of the rows, in place.

    An edit that would leave the value as it is (a mojibake of plain ASCII) or that meets a missing value plants
    nothing, so the list says exactly which cells are wrong.

    Args:
        columns: The columns of the rows from ``start`` on.
        errors: Column -> kind -> edit.
        seed: The table's seed.
        start: Position of the first row in the whole table.
    """
    choices = [(column, kind, edit) for column, kinds in errors.items() for kind, edit in kinds.items()]
    rows = np.arange(start, start + len(next(iter(columns.values()))))
    chosen = np.flatnonzero(hashed(seed, "plant", rows) < round(_SHARE * 2**62))
    which = hashed(seed, "plant kind", rows)[chosen] % len(choices)
    numbers = hashed(seed, "plant value", rows)[chosen]
    found = []
    for at, choice, number in zip(chosen.tolist(), which.tolist(), numbers.tolist(), strict=True):
        column, kind, edit = choices[choice]
        old = columns[column][at] if column in columns else None
        if old is None:
            continue
        new = edit(old, number)
        if new != old:
            columns[column][at] = new
            found.append(Planted(start + at, column, kind))
    return found
