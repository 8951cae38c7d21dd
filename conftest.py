"""Import every module of crmkit as Python does before pytest collects its doctests.

Pytest's own import of a private module imports the package first, which imports the module, and then runs the module a
second time: there are two classes of one name then, and ``isinstance`` says no.
"""

from __future__ import annotations

import importlib
from pathlib import Path

ROOT = Path(__file__).parent


def pytest_collect_file(file_path: Path) -> None:
    """Leave the module in ``sys.modules``, where pytest looks before it imports."""
    if file_path.suffix == ".py" and file_path.is_relative_to(ROOT / "crmkit"):
        parts = file_path.relative_to(ROOT).with_suffix("").parts
        importlib.import_module(".".join(parts).removesuffix(".__init__"))
