"""How often a fix that calls itself sure is right: errors planted by corruptors that know nothing of the fixer."""

from collections import Counter

import numpy as np
import pytest

from crmkit.normalize import phones
from crmkit.testing import corrupt
from crmkit.testing.generate import contacts
from crmkit.validators import (
    USCC,
    CompanyName,
    Country,
    Date,
    Email,
    PersonName,
    Phone,
    Postcode,
    Required,
    Schema,
    Text,
    col,
)  # fmt: skip

WAYS = {
    "email": [corrupt.Typo(), corrupt.KeyboardSlip(), corrupt.FullWidth(), corrupt.Whitespace(), corrupt.Ocr()],
    "phone": [corrupt.PhoneFormat(), corrupt.FullWidth(), corrupt.Whitespace(), corrupt.Ocr(), corrupt.KeyboardSlip()],
    "family_name": [corrupt.Mojibake(), corrupt.Whitespace(), corrupt.FullWidth()],
    "company_name": [corrupt.Mojibake(), corrupt.Whitespace(), corrupt.FullWidth()],
    "city": [corrupt.Mojibake(), corrupt.Whitespace(), corrupt.FullWidth()],
    "birth_date": [corrupt.DateFormat(), corrupt.FullWidth(), corrupt.Whitespace(), corrupt.Ocr()],
    "country": [corrupt.Whitespace(), corrupt.FullWidth(), corrupt.CaseNoise()],
    "postal_code": [corrupt.FullWidth(), corrupt.Whitespace(), corrupt.Ocr()],
    "uscc": [corrupt.Ocr(), corrupt.FullWidth(), corrupt.Whitespace(), corrupt.Typo()],
}
SCHEMA = Schema(
    "contacts",
    fields={
        "email": Email(), "phone": Phone(country=col("country")), "family_name": Required() & PersonName(),
        "company_name": CompanyName(), "city": Text(), "birth_date": Date(before="now"), "country": Country(),
        "postal_code": Postcode(country=col("country")), "uscc": USCC(),
    },
)  # fmt: skip


def clean(rows, seed):
    """Contacts in which every value is written in its normal form."""
    from crmkit.testing._generator._uscc import credit_code

    made = contacts(rows, seed=seed).columns
    made["phone"] = [
        number and phones.normalize(number, country)
        for number, country in zip(made["phone"], made["country"], strict=True)
    ]
    made["uscc"] = [credit_code(n % 18, n) for n in range(rows)]
    columns = {name: list(made[name]) for name in SCHEMA.fields}
    report = SCHEMA.check(columns)
    for row, field in zip(report.issues.column("row"), report.issues.column("path"), strict=True):
        columns[field][row] = None  # what is not clean to begin with proves nothing
    return columns


def spoilt(columns, seed):
    """The same with an error in one cell of three."""
    rng = np.random.Generator(np.random.PCG64(seed))
    changed = {name: list(values) for name, values in columns.items()}
    planted = set()
    for row in range(len(columns["email"])):
        for field, ways in WAYS.items():
            value = columns[field][row]
            if value is None or rng.random() > 1 / 3:
                continue
            broken = ways[int(rng.integers(len(ways)))](value, rng)
            if broken is not None and broken != value and field != "country":
                changed[field][row] = broken
                planted.add((row, field))
    return changed, planted


def figures(rows, seed):
    truth = clean(rows, seed)
    dirty, planted = spoilt(truth, seed)
    plan = SCHEMA.check(dirty).fixes(min_confidence=0.95)
    right, wrong = Counter(), []
    for row, field, before, after in zip(plan.rows, plan.paths, plan.befores, plan.afters, strict=True):
        if truth[field][row] == after:
            right[field] += 1
        else:
            wrong.append((field, before, after, truth[field][row]))
    return right, wrong, planted


def test_sure_fixes_are_right_and_many():
    right, wrong, planted = figures(1500, 4)
    n = sum(right.values())
    assert n > 1000
    assert n / (n + len(wrong)) >= 0.99, Counter(field for field, *_ in wrong)
    assert n / len(planted) > 0.4


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(5))
def test_sure_fixes_are_right_on_many(seed):
    right, wrong, _ = figures(10_000, 100 + seed)
    n = sum(right.values())
    assert n / (n + len(wrong)) >= 0.99
