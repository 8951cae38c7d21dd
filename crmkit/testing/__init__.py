"""Test data for whatever handles customer records: strategies, generators and corruptors.

``generate`` makes tables of any size with the truth about them, ``corrupt`` breaks single values, ``strategies`` feeds
Hypothesis. Each is imported when it is first used, and only ``strategies`` needs Hypothesis.
"""

from __future__ import annotations

import importlib

__all__ = ["generate"]


def __getattr__(name: str) -> object:
    if name in __all__:
        return importlib.import_module(f"crmkit.testing.{name}")
    raise AttributeError(f"module 'crmkit.testing' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
