"""Fixtures that every area uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def conformance() -> Path:
    """Folder of test vectors that others wrote; its place comes from ``CRMKIT_CONFORMANCE``."""
    place = os.environ.get("CRMKIT_CONFORMANCE")
    if not place:
        pytest.skip("CRMKIT_CONFORMANCE is not set: it names the folder of published test vectors")
    folder = Path(place)
    if not folder.is_dir():
        pytest.fail(f"CRMKIT_CONFORMANCE names {place}, which is not a folder", pytrace=False)
    return folder
