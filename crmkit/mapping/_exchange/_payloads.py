"""Records as API clients return and take them, to and from the flat tables that mappings work on."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from crmkit import frames, systems
from crmkit.errors import CrmkitWarning, NotFoundError, SchemaError
from crmkit.mapping._mappings._presets import preset

from ._payload_shapes import SHAPES, Flat

if TYPE_CHECKING:
    from crmkit.mapping._parts._form import Form
    from crmkit.typing import Frame, RecordKind

    from ._payload_shapes import Shape

__all__ = ["from_payload", "to_payload"]

_ERROR_KEYS = (
    {"errorCode"},
    {"error"},
    {"status", "message", "category"},
    {"code", "message", "status"},
    {"code", "msg"},
)
_MOST_DIGITS = 15


def from_payload(answer: Any, system: str) -> list[dict[str, object]]:
    """Return flat records from what an API client returned.

    The answer may be the whole envelope (``{"totalSize": 2, "done": true, "records": [...]}`` as simple-salesforce
    returns it, ``{"data": [...], "info": {...}}`` of Zoho), a list of records, one record, or objects with a
    ``to_dict`` method, as HubSpot's client returns. Objects become dotted columns (``Account.Name``); what says
    something about the transport only (``attributes``, ``@odata.etag``) is left out.

    Args:
        answer: What the client returned.
        system: Whose API it is.

    Warns:
        CrmkitWarning: The answer says that there are more pages.

    Raises:
        NotFoundError: crmkit does not know the shape of that system's records.
        SchemaError: The answer reports an error, or holds no records.

    Example:
        >>> from crmkit import mapping
        >>> answer = {"records": [{"attributes": {"type": "Contact"}, "Id": "003", "Account": {"Name": "Acme"}}]}
        >>> mapping.from_payload(answer, "salesforce")
        [{'Id': '003', 'Account.Name': 'Acme'}]

    .. versionadded:: 0.1.0
    """
    shape = _shape(system)
    if _has_more(answer):
        said = "the answer is one page of several: fetch the others too, each has records of its own"
        warnings.warn(said, CrmkitWarning, stacklevel=2)
    return [shape.flatten(_as_mapping(record, place), shape) for place, record in enumerate(_records(answer, shape))]


def to_payload(
    frame: Frame, system: str, kind: RecordKind | None = None, *, empty: bool = False
) -> list[dict[str, Any]]:
    """Return records as the API of a system takes them.

    Args:
        frame: Columns named as the system's API names them: what ``preset(system, kind).inverse()`` writes.
        system: Whose API it is.
        kind: The kind of record; may be left out where the system has only one.
        empty: Whether fields without a value are written as ``None``, which clears them in the system; they are left
            out without it.

    Returns:
        One dict for each row. Numbers, booleans and milliseconds are such, and texts for HubSpot, whose values all
        travel as text. A number of more than fifteen digits stays a text.

    Raises:
        NotFoundError: Unknown system or kind.
        SchemaError: Not a frame, or the kind is not named.

    Example:
        >>> from crmkit import mapping
        >>> deals = mapping.preset("zoho", "deal").inverse()
        >>> rows, _ = deals.apply([{"name": "Renewal", "probability": "0.35", "tags": "a;b"}])
        >>> mapping.to_payload(rows, "zoho", "deal")
        [{'Deal_Name': 'Renewal', 'Probability': 35, 'Tag': [{'name': 'a'}, {'name': 'b'}]}]

    .. versionadded:: 0.1.0
    """
    shape = _shape(system)
    forms = {link.source.name: link.source.form for link in preset(system, kind).links if link.source}
    table = frames.read(frame)
    columns = {name: _typed(table.column(name), forms.get(name), shape) for name in table.columns}
    made = []
    for row in range(len(table)):
        flat: Flat = {name: cells[row] for name, cells in columns.items() if empty or cells[row] not in (None, "")}
        made.append(shape.nest(flat))
    return made


_MORE: tuple[tuple[str, ...], ...] = (
    ("nextRecordsUrl",),  # Salesforce
    ("paging", "next"),  # HubSpot
    ("info", "more_records"),  # Zoho
    ("@odata.nextLink",),  # Dynamics
    ("additional_data", "pagination", "more_items_in_collection"),  # Pipedrive, first version
    ("additional_data", "next_cursor"),  # Pipedrive, second version
)
"""Where an answer says that it is not the whole."""


def _has_more(answer: Any) -> bool:
    for path in _MORE:
        found = _plain(answer)
        for part in path:
            found = _plain(found.get(part)) if isinstance(found, Mapping) else None
        if found:
            return True
    return False


def _shape(system: str) -> Shape:
    given: object = system  # what callers without a type checker pass
    if not isinstance(given, str):
        what = type(given).__name__
        raise SchemaError(f"system is a name such as 'hubspot', and comes after the records, not {what}")
    if system not in SHAPES:
        known = set(systems.names()) - set(SHAPES)
        if system in known:
            raise NotFoundError(f"{system} has no API whose records crmkit knows; read its files", name=system)
        raise NotFoundError.of("system", system, SHAPES)
    return SHAPES[system]


def _records(answer: Any, shape: Shape) -> list[Any]:
    found = _plain(answer)
    if isinstance(found, Mapping):
        # A record may have a list of the same name as an envelope; a record has an id, an envelope hardly ever.
        for path in () if "id" in found and "jsonrpc" not in found else shape.envelopes:
            inner: Any = found
            for part in path.split("."):
                inner = _plain(inner.get(part)) if isinstance(inner, Mapping) else None
            if isinstance(inner, list | tuple):
                return _checked(list(inner))
            if isinstance(inner, Mapping) and "." not in path and path in ("data", "result"):
                return _checked([inner])
        [*inner] = found.values()
        if len(inner) == 1 and isinstance(inner[0], Mapping) and "error" not in found:  # {"contact": {...}}
            return _checked(inner)
        return _checked([found])
    if isinstance(found, str | bytes) or not isinstance(found, Iterable):
        raise SchemaError(f"an object of type {type(answer).__name__} holds no records; pass what the client returned")
    return _checked(list(found))


def _checked(records: list[Any]) -> list[Any]:
    """Refuse an answer that reports an error: it would come out as a record of that error."""
    for record in records[:1]:
        keys = set(map(str, record)) if isinstance(record, Mapping) else set()
        if any(wanted <= keys and len(keys) <= len(wanted) + 4 for wanted in _ERROR_KEYS) and "id" not in {
            key.lower() for key in keys
        }:
            raise SchemaError("the answer reports an error and holds no records; look at it before you go on")
    return records


def _plain(value: Any) -> Any:
    """Return the dict behind an object of a client library."""
    return value.to_dict() if not isinstance(value, Mapping) and callable(getattr(value, "to_dict", None)) else value


def _as_mapping(record: Any, place: int) -> Mapping[str, Any]:
    found = _plain(record)
    if not isinstance(found, Mapping):
        raise SchemaError(f"record {place} is a {type(found).__name__}, not an object with fields")
    return found


def _typed(cells: list[object], form: Form | None, shape: Shape) -> list[object]:
    if shape.as_text:
        return [cell if cell is None or isinstance(cell, str | Mapping | list) else _text(cell) for cell in cells]
    if form is None or form.type not in ("number", "bool", "datetime", "date"):
        return cells
    if form.type in ("datetime", "date") and form.style != "epoch-ms":
        return cells
    if form.type == "bool" and form.style == "true":
        truth = {"true": True, "false": False}
        return [truth.get(cell.casefold(), cell) if isinstance(cell, str) else cell for cell in cells]
    return [_number(cell) if isinstance(cell, str) else cell for cell in cells]


def _text(cell: object) -> str:
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def _number(text: str) -> object:
    """Return a number where JSON can hold it exactly; else the text."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    if not value.is_finite() or len(value.as_tuple().digits) > _MOST_DIGITS:
        return text
    if value == value.to_integral_value():
        return int(value) if abs(value) < Decimal(10) ** _MOST_DIGITS else text
    return float(value)
