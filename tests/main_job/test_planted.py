"""What the check says of generated contacts, held against the errors that were put into them."""

from __future__ import annotations

from collections import Counter

import crmkit as ck
from crmkit.testing import generate

UNTIDY = {"not_normalized", "duplicate"}
"""Found in rows as they are: formats as people write them, and the duplicates that the generator makes."""
ELSEWHERE = {"updated_before_created": "created_at"}


def test_planted_errors_are_found_and_little_else():
    made = generate.contacts(3_000, seed=5, messy=True)
    report = ck.check(made.records)
    issues = report.issues
    found = set(zip(issues.column("row"), issues.column("path"), strict=True))
    planted = {(error.row, ELSEWHERE.get(error.kind, error.column)) for error in made.planted}
    missed = Counter(
        error.kind for error in made.planted if (error.row, ELSEWHERE.get(error.kind, error.column)) not in found
    )
    assert len(made.planted) > 200
    assert sum(missed.values()) <= 0.02 * len(made.planted), missed
    beside = Counter(
        (path, code)
        for row, path, code in zip(issues.column("row"), issues.column("path"), issues.column("code"), strict=True)
        if path is not None and code not in UNTIDY and (row, path) not in planted
    )
    assert sum(beside.values()) <= 0.02 * len(made.planted), beside
