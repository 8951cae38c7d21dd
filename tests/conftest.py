"""Fixtures that every area uses."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

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


@pytest.fixture(scope="session")
def exports() -> Any:
    """Writes each system's export: ``tests/systems/exports.py``, loaded by its place because tests are no package."""
    name = "crmkit_test_exports"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "systems" / "exports.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]
