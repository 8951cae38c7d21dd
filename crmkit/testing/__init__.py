"""Test data for whatever handles customer records: generators, corruptors and strategies.

``generate`` makes tables of any size with the truth about them, ``corrupt`` breaks single values, ``strategies`` feeds
Hypothesis. Each is imported when it is first used, and only ``strategies`` needs Hypothesis.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from crmkit._optional import require

if TYPE_CHECKING:
    from . import corrupt, generate, strategies

__all__ = ["corrupt", "generate", "strategies"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'crmkit.testing' has no attribute {name!r}")
    if name == "strategies":
        require("hypothesis", extra="testing", what="crmkit.testing.strategies")
    return importlib.import_module(f"crmkit.testing.{name}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
