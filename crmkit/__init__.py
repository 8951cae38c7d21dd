"""Keep customer data correct, unique, private, permitted and recoverable.

Nothing is imported until it is used: ``import crmkit`` costs little more than ``import logging`` and loads no
third-party module. The functions here are doors to the areas; ``crmkit.<area>`` holds everything else.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # What __getattr__ finds at run time, for editors and type checkers.
    from crmkit import audit as audit
    from crmkit import backup as backup
    from crmkit import changes as changes
    from crmkit import columns as columns
    from crmkit import encryption as encryption
    from crmkit import errors as errors
    from crmkit import files as files
    from crmkit import frames as frames
    from crmkit import issues as issues
    from crmkit import mapping as mapping
    from crmkit import masking as masking
    from crmkit import matching as matching
    from crmkit import normalize as normalize
    from crmkit import permissions as permissions
    from crmkit import quality as quality
    from crmkit import reconciliation as reconciliation
    from crmkit import records as records
    from crmkit import reports as reports
    from crmkit import sync as sync
    from crmkit import systems as systems
    from crmkit import testing as testing
    from crmkit import typing as typing
    from crmkit import validators as validators
    from crmkit import values as values
    from crmkit._facade import (
        Schema,
        check,
        dedupe,
        drift,
        link,
        profile,
        read_csv,
        read_excel,
        reconcile,
        report,
    )  # fmt: skip

__all__ = [
    "Schema", "check", "dedupe", "drift", "link", "profile", "read_csv", "read_excel", "reconcile", "report",
]  # fmt: skip

_AREAS = frozenset(
    {
        "audit", "backup", "changes", "columns", "encryption", "errors", "files", "frames", "issues", "mapping",
        "masking", "matching", "normalize", "permissions", "quality", "reconciliation", "records", "reports", "sync",
        "systems", "testing", "typing", "validators", "values",
    }
)  # fmt: skip

logging.getLogger("crmkit").addHandler(logging.NullHandler())


__version__: str

if not TYPE_CHECKING:  # or every misspelt name would have a type

    def __getattr__(name: str) -> object:
        if name in __all__:
            return getattr(importlib.import_module("crmkit._facade"), name)
        if name in _AREAS:
            return importlib.import_module(f"crmkit.{name}")
        if name == "__version__":
            from importlib.metadata import version

            return version("crmkit")
        from crmkit._elsewhere import no_such_name

        raise AttributeError(no_such_name(name, {*__all__, *_AREAS}))


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_AREAS, "__version__"})
