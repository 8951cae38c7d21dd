"""Optional libraries: imported where they are used, missing in one clear sentence."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from .errors import MissingDependencyError

if TYPE_CHECKING:
    from types import ModuleType


def require(module: str, *, extra: str | None, what: str) -> ModuleType:
    """Import ``module`` for ``what``, or say how to install it.

    Args:
        module: Dotted module name.
        extra: The crmkit extra that brings it; ``None`` for a library that crmkit has no extra for.
        what: The function that needs it, as its caller knows it.

    Raises:
        MissingDependencyError: The library is not installed.

    Example:
        >>> require("json", extra=None, what="an example").__name__
        'json'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        if error.name is not None and error.name.partition(".")[0] != package:
            raise  # the library is there and broken: its own message is the useful one
        target = package if extra is None else f"crmkit[{extra}]"
        raise MissingDependencyError(
            f'{what} needs {package}. Install it with: pip install "{target}"', extra=extra
        ) from error


def loaded(module: str) -> ModuleType | None:
    """Return ``module`` if somebody imported it already.

    Whoever holds a pandas frame has imported pandas, so asking ``sys.modules`` finds every such library and costs
    nobody an import.
    """
    return sys.modules.get(module)
