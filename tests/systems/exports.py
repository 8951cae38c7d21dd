"""Write exports as the systems write them: their headers, some customer's changes, plausible rows.

Every value is reserved for examples: ``example.com`` addresses, 555-01xx numbers, made-up names.
"""

from __future__ import annotations

import csv
import random
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import systems

if TYPE_CHECKING:
    from pathlib import Path

GIVEN = ("Ann", "Robert", "Margaret", "James", "Susan", "Daniel", "Katherine", "Thomas", "Elizabeth", "Michael")
FAMILY = ("Miller", "Okafor", "Garcia", "Novak", "Larsen", "Rossi", "Dubois", "Khan", "Tanaka", "O'Brien")
HAN = ("王小明", "李雷", "韩梅梅", "张伟", "刘洋", "陈静", "杨帆", "赵敏", "黄磊", "欧阳娜娜")
CITIES = ("Springfield", "Riverton", "Lakeside", "Oldtown", "Newport")


def pairs() -> list[tuple[str, Any]]:
    """Return every system with every kind of record that it has."""
    return [(name, kind) for name in systems.names() for kind in systems.get(name).objects]


def headers(system: str, kind: Any, *, labels: bool) -> list[str]:
    """Return the headers of a full export: labels, or names as the API gives them."""
    fields = systems.get(system).objects[kind].fields
    return [field.label if labels and field.label else field.name for field in fields]


def changed(names: list[str], rng: random.Random, *, renamed: float = 0.3, dropped: float = 0.2) -> list[str]:
    """Return headers as a customer leaves them: some renamed, some dropped, ten added, shuffled."""
    kept = [name for name in names if rng.random() >= dropped]
    kept = [f"Our field {number}" if rng.random() < renamed else name for number, name in enumerate(kept)]
    kept += [f"Custom {word}__c" for word in "ABCDEFGHIJ"]
    rng.shuffle(kept)
    return kept


def rows(system: str, kind: Any, count: int = 20) -> list[dict[str, str]]:
    """Return plausible rows by API name; fields without a canonical name stay empty."""
    rng = random.Random(f"{system} {kind}")
    chinese = system in {"fxiaoke", "neocrm"}
    made = []
    for number in range(count):
        given, family = rng.choice(GIVEN), rng.choice(FAMILY)
        full = HAN[number % len(HAN)] if chinese else f"{given} {family}"
        company = f"示例{number}科技有限公司" if chinese else f"{family} {number} Ltd"
        phone = f"+86 138 0013 {8000 + number}" if chinese else f"(212) 555-01{number:02d}"
        known = {
            "id": f"{system[:2]}{number:06d}",
            "full_name": full,
            "given_name": given,
            "family_name": family,
            "name": f"{company} renewal" if kind == "deal" else company,
            "company_name": company,
            "email": f"{given.lower()}{number}@example.com",
            "email_2": f"{family.lower().replace(chr(39), '')}{number}@example.net",
            "phone": phone,
            "mobile": f"138-0013-{8000 + number}" if chinese else f"(917) 555-01{number:02d}",
            "city": rng.choice(CITIES),
            "street": f"{number + 1} Example Street",
            "postal_code": f"{10_000 + rng.randrange(80_000)}",
            "country": "中国" if chinese else "USA",
            "website": f"https://www.example.com/{number}",
            "domain": f"site{number}.example.com",
            "birth_date": f"19{50 + rng.randrange(50)}-0{1 + rng.randrange(9)}-1{rng.randrange(10)}",
            "amount": str(100 * rng.randrange(1, 900)),
            "owner_name": "Sam Seller",
            "owner_id": "U-1",
            "subject": f"Call {number}",
            "created_at": f"2024-01-{1 + number:02d} 10:00",
        }
        made.append(
            {field.name: known.get(field.canonical or "", "") for field in systems.get(system).objects[kind].fields}
        )
    return made


def table(system: str, kind: Any, *, labels: bool = True) -> dict[str, list[str | None]]:
    """Return the export column by column, headers as labels or API names; empty cells are ``None``."""
    names = headers(system, kind, labels=labels)
    made = rows(system, kind)
    fields = systems.get(system).objects[kind].fields
    return {name: [row[field.name] or None for row in made] for name, field in zip(names, fields, strict=True)}


def write_csv(path: Path, system: str, kind: Any, *, labels: bool = True, encoding: str = "utf-8-sig") -> Path:
    """Write the export as CSV and return its path."""
    data = table(system, kind, labels=labels)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(data)
        writer.writerows(zip(*([cell or "" for cell in column] for column in data.values()), strict=True))
    return path


def write_excel(path: Path, system: str, kind: Any, *, labels: bool = True) -> Path:
    """Write the export as .xlsx, the header in the first row, and return its path."""
    pytest.importorskip("python_calamine", reason="needs a reader of Excel files")
    openpyxl = pytest.importorskip("openpyxl", reason="needs a writer of Excel files")

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    data = table(system, kind, labels=labels)
    sheet.append(list(data))
    for row in zip(*data.values(), strict=True):
        sheet.append(list(row))
    book.save(path)
    return path
