"""Lookups of Dataverse: written as bindings, which is the one way in which its API takes them, and read back.

Source:
    Microsoft Learn, Dataverse Web API, "Associate table rows on create": ``parentcustomerid_account@odata.bind``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["bound", "unbound"]

_BIND: Final = "@odata.bind"
_GUID: Final = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?\Z")
_BOUND: Final = re.compile(r"/?\w+\(([0-9a-fA-F-]{36})\)\Z")
_LOOKUPS: Final[Mapping[str, tuple[str, str]]] = {
    "ownerid": ("ownerid", "systemusers"),
    "parentcustomerid": ("parentcustomerid_account", "accounts"),
    "customerid": ("customerid_account", "accounts"),
    "parentaccountid": ("parentaccountid", "accounts"),
    "parentcontactid": ("parentcontactid", "contacts"),
    "originatingleadid": ("originatingleadid", "leads"),
    "transactioncurrencyid": ("transactioncurrencyid", "transactioncurrencies"),
}
"""Column -> the property that binds it, and the set that it points into."""


def bound(flat: Mapping[str, object]) -> dict[str, object]:
    """Write lookups as bindings; empty ones as ``None``, which unbinds.

    A value that is no GUID stays where it is: the service then refuses the record, and nothing is bound to a guess.

    Example:
        >>> bound({"parentcustomerid": "c6da77b6-d53e-e611-80b9-0050568a6c2d"})
        {'parentcustomerid_account@odata.bind': '/accounts(c6da77b6-d53e-e611-80b9-0050568a6c2d)'}
    """
    made: dict[str, object] = {}
    for name, value in flat.items():
        lookup = _LOOKUPS.get(name.removeprefix("_").removesuffix("_value") if name.startswith("_") else name)
        found = _GUID.match(value.strip()) if lookup is not None and isinstance(value, str) else None
        if lookup is not None and (found is not None or value is None):
            made[lookup[0] + _BIND] = None if found is None else f"/{lookup[1]}({found[1].lower()})"
        else:
            made[name] = value
    return made


def unbound(flat: Mapping[str, object]) -> dict[str, object]:
    """Read bindings back as the ids of lookups."""
    names = {bound: name for name, (bound, _) in _LOOKUPS.items()}
    made: dict[str, object] = {}
    for key, value in flat.items():
        name = names.get(key.removesuffix(_BIND)) if key.endswith(_BIND) else None
        found = _BOUND.match(value) if name is not None and isinstance(value, str) else None
        if name is not None and (found is not None or value is None):
            made[name] = None if found is None else found[1]
        else:
            made[key] = value
    return made
