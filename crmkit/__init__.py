"""Keep customer data correct, unique, private, permitted and recoverable.

Nothing is imported until it is used: ``import crmkit`` costs about a millisecond and loads no third-party module.
The functions here are doors to the areas; ``crmkit.<area>`` holds everything else.
"""

from __future__ import annotations

import importlib
import logging

__all__ = ["Schema", "check", "dedupe", "link", "read_csv", "read_excel", "report"]

_AREAS = frozenset(
    {
        "changes", "columns", "errors", "files", "frames", "issues", "masking", "matching", "normalize", "records",
        "reports", "systems", "testing", "typing", "validators", "values",
    }
)  # fmt: skip

logging.getLogger("crmkit").addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(importlib.import_module("crmkit._facade"), name)
    if name in _AREAS:
        return importlib.import_module(f"crmkit.{name}")
    if name == "__version__":
        from importlib.metadata import version

        return version("crmkit")
    raise AttributeError(f"module 'crmkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_AREAS, "__version__"})
