"""The long tail of identifiers: anything that python-stdnum knows, wrapped so that it can never stop a run."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

import attrs

from crmkit._optional import require
from crmkit.errors import NotFoundError
from crmkit.normalize._placeholders import is_placeholder
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import Skipped, Verdict, failed, normal, stand_in

if TYPE_CHECKING:
    from types import ModuleType

    from crmkit.validators._checks._references import Context

__all__ = ["StandardNumber"]

_NAME = re.compile(r"[a-z_]+(?:\.[a-z0-9_]+)?\Z").match
_LONGEST = 64


@attrs.frozen
class StandardNumber(Check):
    """A number of a scheme that python-stdnum knows, by its name there: ``es.cif``, ``br.cnpj``, ``isin``.

    Needs the extra ``ids``. A scheme that crashes on a value has not judged it: the value counts as skipped with the
    reason ``library_failed``.

    Args:
        scheme: The module of python-stdnum without ``stdnum.``.

    Raises:
        MissingDependencyError: If python-stdnum is not installed.
        NotFoundError: If it has no such scheme.

    Example:
        >>> StandardNumber("br.cnpj").examine("16727230000197")[0].fix
        '16.727.230/0001-97'

    Source:
        https://arthurdejong.org/python-stdnum/ lists the schemes with their sources.

    .. versionadded:: 0.1.0
    """

    scheme: str = attrs.field()

    @scheme.validator
    def _known(self, _attribute: object, scheme: str) -> None:
        _module(scheme)

    @property
    def slug(self) -> str:
        return f"standard_number_{self.scheme.replace('.', '_')}"

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        if len(text) > _LONGEST:
            return failed("standard_number_invalid", scheme=self.scheme)
        module: Any = _module(self.scheme)
        refused = importlib.import_module("stdnum.exceptions").ValidationError
        try:
            compact = str(module.validate(text))
            form = str(module.format(compact)) if hasattr(module, "format") else compact
            if module.is_valid(form) is not True:
                form = compact
        except refused:
            if is_placeholder(text):
                return stand_in("warning")
            return failed("standard_number_invalid", scheme=self.scheme)
        except Exception:  # noqa: BLE001 - the boundary: a library that fails on a value has said nothing about it
            return Skipped("library_failed")
        return normal(text, form)


def _module(scheme: str) -> ModuleType:
    require("stdnum", extra="ids", what="StandardNumber")
    if _NAME(scheme):
        try:
            module = importlib.import_module(f"stdnum.{scheme}")
        except ImportError:
            module = None
        if module is not None and hasattr(module, "validate"):
            return module
    raise NotFoundError.of("scheme of python-stdnum", scheme, _names())


def _names() -> list[str]:
    import pkgutil

    import stdnum

    return [found.name.removeprefix("stdnum.") for found in pkgutil.walk_packages(stdnum.__path__, "stdnum.")]
