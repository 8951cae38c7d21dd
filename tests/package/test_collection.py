"""Doctests of a private module are collected without making its classes a second time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

ONE_CLASS = """
import sys
from crmkit.changes import Change

def test_one_class():
    assert sys.modules["crmkit.changes._change"].Change is Change
"""


def test_a_private_module_named_first_is_the_one_that_its_package_has(tmp_path: Path) -> None:
    (tmp_path / "test_one_class.py").write_text(ONE_CLASS)
    command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    places = [str(ROOT / "crmkit" / "changes" / "_change.py"), str(tmp_path / "test_one_class.py")]
    alone = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}  # not this run's coverage
    done = subprocess.run([*command, *places], cwd=ROOT, env=alone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
