"""Business identifier codes of banks (SWIFT codes)."""

from __future__ import annotations

import re

import attrs

from crmkit.normalize import countries

from ._identifier import Fault, Identifier

__all__ = ["BIC"]

_FORM = re.compile(r"[A-Z0-9]{4}([A-Z]{2})[A-Z0-9]{2}(?:[A-Z0-9]{3})?\Z").match
_BESIDES_ISO = frozenset({"XK", "EU"})


@attrs.frozen
class BIC(Identifier):
    """A bank's business identifier code: 8 or 11 characters, of which two name a country.

    Example:
        >>> BIC().is_valid("DEUTDEFF"), BIC().is_valid("DEUTXXFF"), BIC().examine("deut de ff 500")[0].fix
        (True, False, 'DEUTDEFF500')

    Source:
        ISO 9362:2022.

    .. versionadded:: 0.1.0
    """

    word = "bic"
    proves = False

    def fault(self, compact: str) -> Fault | None:
        found = _FORM(compact)
        if found is None:
            return "malformed"
        return None if found[1] in _BESIDES_ISO or countries.normalize(found[1]) == found[1] else "malformed"
