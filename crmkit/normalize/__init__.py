"""Raw strings to comparable forms, one module per kind of value; bad text is never an exception.

A module is loaded when its name is first used, so that asking for ``normalize.text`` does not load phone metadata.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit.normalize import addresses, companies, countries, dates, emails, names, numbers, phones, text

__all__ = ["addresses", "companies", "countries", "dates", "emails", "names", "numbers", "phones", "text"]


def __getattr__(name: str) -> object:
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
