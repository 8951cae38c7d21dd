from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import crmkit as ck
from crmkit.testing import generate

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def results() -> tuple[Any, ...]:
    """Check, fixes, match and merges of a small messy file."""
    contacts = generate.contacts(400, seed=11, messy=True).records
    report = ck.check(contacts)
    clean, fixes = report.fixes().apply(contacts)
    found = ck.dedupe(clean)
    _, merges = found.merge()
    return report, fixes, found, merges


@pytest.fixture
def make_page(results: tuple[Any, ...]) -> Callable[..., Any]:
    return lambda **options: ck.report(*results, **options)
