"""How each system nests what a table holds flat: references, lists of e-mails and phones, tags, custom fields.

A reference becomes the column of its name and, behind a full stop, its id. The primary e-mail has the plain name; other
e-mails, and phones, have that of their label; what has no column of its own has a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from ._bindings import bound, unbound

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SHAPES", "Flat", "Shape", "plain"]

Flat = dict[str, object]


@attrs.frozen(kw_only=True)
class Shape:
    """How one system's API answers and asks.

    Attributes:
        envelopes: Where the records are in an answer, as paths, the likeliest first.
        drop: Keys that say something about the transport and not about the record.
        flatten: Brings one record into columns.
        nest: Brings columns back into the form that the API takes.
        as_text: Whether every value travels as text.
    """

    envelopes: tuple[str, ...] = ()
    drop: Callable[[str], bool] = lambda key: False  # noqa: ARG005 - most drop nothing
    flatten: Callable[[Mapping[str, Any], Shape], Flat]
    nest: Callable[[Flat], Flat]
    as_text: bool = False


_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
"""What most values are; asking whether one of these is a mapping costs more than all else about it."""


def plain(record: Mapping[str, Any], shape: Shape, prefix: str = "") -> Flat:
    """Flatten objects to dotted names; lists stay."""
    flat: Flat = {}
    for key, value in record.items():
        if shape.drop(str(key)):
            continue
        name = f"{prefix}{key}"
        if type(value) in _SCALARS:
            flat[name] = value
        elif isinstance(value, Mapping) and value and "records" not in value:
            flat.update(plain(value, shape, f"{name}."))
        else:
            flat[name] = None if isinstance(value, Mapping) and not value else value
    return flat


def unplain(flat: Flat) -> Flat:
    """Nest dotted names; a name that is a value and an object at once stays dotted."""
    nested: Flat = {}
    for name, value in flat.items():
        parts = name.split(".")
        place: Flat = nested
        for part in parts[:-1]:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                place, parts = nested, [name]
                break
            place = inner
        place[parts[-1]] = value
    return nested


# -- lists of things with a label --------------------------------------------------------------------------------------


def spread(
    flat: Flat, key: str, items: object, *, labels: Mapping[str, str], label: str = "label", primary: str = "primary",
    primary_wins: bool = False,
) -> None:  # fmt: skip
    """Write a list of labelled values as columns."""
    if isinstance(items, Mapping):  # Nutshell: {"0": ..., "1": ..., "--primary": one of them again}
        first = items.get("--primary")
        others = [item for name, item in items.items() if name != "--primary" and item != first]
        items = ([] if first is None else [first]) + others
    if not isinstance(items, list):
        flat[key] = items
        return
    found = [item if isinstance(item, Mapping) else {"value": item} for item in items]
    found = [item for item in found if item.get("value") not in (None, "")]
    found.sort(key=lambda item: not item.get(primary))
    number = 2
    for place, item in enumerate(found):
        word = str(item.get(label) or "").lower()
        name = labels.get(word, "")
        if not name or (place == 0 and primary_wins):
            name = key
        if name in flat:
            while f"{key}.{number}" in flat:
                number += 1
            name = f"{key}.{number}"
        flat[name] = item["value"]


def gather(flat: Flat, key: str, *, labels: Mapping[str, str], label: str = "label", primary: str = "primary") -> None:
    """Undo :func:`spread`: take the columns out and write one list."""
    names = [key, *(name for name in dict.fromkeys(labels.values()) if name != key)]
    names += [name for name in flat if name.startswith(f"{key}.") and name.removeprefix(f"{key}.").isdigit()]
    items: list[Flat] = []
    for name in dict.fromkeys(names):
        value = flat.pop(name, None)
        if value not in (None, ""):
            word = next((word for word, column in labels.items() if column == name), "other")
            items.append({"value": value, label: word, primary: not items})
    if items:
        flat[key] = items


# -- systems -----------------------------------------------------------------------------------------------------------


def _hubspot_flatten(record: Mapping[str, Any], shape: Shape) -> Flat:
    if not isinstance(record.get("properties"), Mapping):
        return plain(record, shape)
    flat: Flat = {str(key): value for key, value in record["properties"].items()}
    for key, name in (("id", "hs_object_id"), ("createdAt", "createdate"), ("updatedAt", "lastmodifieddate")):
        if flat.get(name) in (None, "") and record.get(key) is not None:
            other = {"lastmodifieddate": "hs_lastmodifieddate"}.get(name)
            if other is None or flat.get(other) in (None, ""):
                flat[name] = record[key]
    for key, value in record.items():
        if key not in (
            "properties",
            "id",
            "createdAt",
            "updatedAt",
            "properties_with_history",
            "created_at",
            "updated_at",
        ):
            flat[str(key)] = value
    return flat


def _hubspot_nest(flat: Flat) -> Flat:
    outside: Flat = {key: flat[key] for key in ("archived", "associations") if key in flat}
    inside = {key: value for key, value in flat.items() if key not in outside and key != "hs_object_id"}
    head: Flat = {"id": str(flat["hs_object_id"])} if flat.get("hs_object_id") not in (None, "") else {}
    return {**head, "properties": inside, **outside}


def _zoho_flatten(record: Mapping[str, Any], shape: Shape) -> Flat:
    flat: Flat = {}
    for key, value in record.items():
        if type(value) in _SCALARS and not shape.drop(str(key)):
            flat[str(key)] = value
        elif isinstance(value, Mapping) and "name" in value:
            flat[str(key)] = value["name"]
            flat.update({f"{key}.{part}": inner for part, inner in value.items() if part != "name"})
        elif key == "Tag" and isinstance(value, list):
            flat["Tag"] = _joined(value, "name")
        else:
            flat.update(plain({key: value}, shape))
    return flat


def _zoho_nest(flat: Flat) -> Flat:
    nested: Flat = {}
    owned = {name.partition(".")[0] for name in flat if "." in name}
    for name, value in flat.items():
        head, _, part = name.partition(".")
        if part or name in owned:
            inner = nested.setdefault(head, {})
            if isinstance(inner, dict):
                inner[part or "name"] = value
        elif name == "Tag" and isinstance(value, str):
            nested[name] = [{"name": item} for item in value.split(";") if item]
        elif name == "Owner" and isinstance(value, str):
            nested[name] = {"name": value}
        else:
            nested[name] = value
    return nested


_PIPEDRIVE_PHONES: Final = {"work": "phone", "mobile": "phone_mobile", "home": "phone_home", "other": "phone_other"}
_PIPEDRIVE_EMAILS: Final = {"work": "email", "home": "email_home"}


def _pipedrive_flatten(record: Mapping[str, Any], shape: Shape) -> Flat:
    flat: Flat = {}
    for key, value in record.items():
        if key in ("email", "emails"):
            spread(flat, "email", value, labels=_PIPEDRIVE_EMAILS, primary_wins=True)
        elif key in ("phone", "phones"):
            spread(flat, "phone", value, labels=_PIPEDRIVE_PHONES)
        elif key == "org_id" and isinstance(value, Mapping):
            flat["org_id"] = value.get("value", value.get("id"))
            flat.setdefault("org_name", value.get("name"))
        elif key == "org_name" and value is None and flat.get("org_name") is not None:
            continue
        elif isinstance(value, Mapping) and "name" in value and ({"id", "value"} & set(value)):
            flat[str(key)] = value["name"]
            flat[f"{key}.id"] = value.get("id", value.get("value"))
            if value.get("email") and not isinstance(value["email"], list):
                flat[f"{key}.email"] = value["email"]
        else:
            flat.update(plain({key: value}, shape))
    return flat


def _pipedrive_nest(flat: Flat) -> Flat:
    made = dict(flat)
    gather(made, "email", labels=_PIPEDRIVE_EMAILS)
    gather(made, "phone", labels=_PIPEDRIVE_PHONES)
    for name in [name for name in made if name.endswith(".id")]:
        head = name.removesuffix(".id")
        made.pop(f"{head}.email", None)
        made[head] = made.pop(name)  # what the API takes is the id
    return unplain(made)


def _insightly_flatten(record: Mapping[str, Any], shape: Shape) -> Flat:
    flat: Flat = {}
    for key, value in record.items():
        if key == "TAGS" and isinstance(value, list):
            flat["TAGS"] = _joined(value, "TAG_NAME")
        elif key == "CUSTOMFIELDS" and _are_objects(value):
            for item in value:
                flat[f"CUSTOMFIELDS.{item.get('FIELD_NAME', item.get('CUSTOM_FIELD_ID'))}"] = item.get("FIELD_VALUE")
        else:
            flat.update(plain({key: value}, shape))
    return flat


def _insightly_nest(flat: Flat) -> Flat:
    made: Flat = {}
    custom: list[Flat] = []
    for name, value in flat.items():
        if name.startswith("CUSTOMFIELDS."):
            custom.append({"FIELD_NAME": name.removeprefix("CUSTOMFIELDS."), "FIELD_VALUE": value})
        elif name == "TAGS" and isinstance(value, str):
            made[name] = [{"TAG_NAME": item} for item in value.split(";") if item]
        else:
            made[name] = value
    return made | ({"CUSTOMFIELDS": custom} if custom else {})


_NUTSHELL_PHONES: Final = {"work": "phone", "mobile": "phone_mobile", "cell": "phone_mobile"}


def _freshsales_flatten(record: Mapping[str, Any], shape: Shape) -> Flat:
    flat: Flat = {}
    for key, value in record.items():
        if key == "emails" and _are_objects(value):
            rest = [item for item in value if not item.get("is_primary")]
            if rest:
                flat["email_2"] = rest[0].get("value")
            flat.update({f"emails.{place}": item.get("value") for place, item in enumerate(rest[1:], 3)})
        elif key == "sales_accounts" and _are_objects(value):
            first = next((item for item in value if item.get("is_primary")), value[0] if value else None)
            if first is not None:
                flat["sales_account_id"], flat["sales_account.name"] = first.get("id"), first.get("name")
        elif key == "tags" and isinstance(value, list):
            flat["tags"] = ";".join(map(str, value)) or None
        else:
            flat.update(plain({key: value}, shape))
    return flat


def _freshsales_nest(flat: Flat) -> Flat:
    made = dict(flat)
    second = [made.pop(name) for name in list(made) if name == "email_2" or name.startswith("emails.")]
    if any(value not in (None, "") for value in second):
        first: list[Flat] = [{"value": made["email"], "is_primary": True}] if made.get("email") else []
        made["emails"] = first + [{"value": value, "is_primary": False} for value in second if value not in (None, "")]
    if made.get("sales_account.name") is not None or made.get("sales_account_id") is not None:
        account: Flat = {"id": made.pop("sales_account_id", None), "name": made.pop("sales_account.name", None)}
        made["sales_accounts"] = [
            {**{key: value for key, value in account.items() if value is not None}, "is_primary": True}
        ]
    if isinstance(made.get("tags"), str):
        made["tags"] = [item for item in str(made["tags"]).split(";") if item]
    return unplain(made)


def _nutshell_flatten(record: Mapping[str, Any], shape: Shape) -> Flat:
    flat: Flat = {}
    for key, value in record.items():
        if key == "email":
            spread(flat, "email", value, labels={}, label="name", primary="isPrimary", primary_wins=True)
            if "email.2" in flat:
                flat["email_2"] = flat.pop("email.2")
        elif key == "phone":
            items = value.values() if isinstance(value, Mapping) else value
            if isinstance(value, list | Mapping):
                items = [_nutshell_phone(item) for item in items]
            spread(flat, "phone", items, labels=_NUTSHELL_PHONES, label="name", primary="isPrimary")
        elif key == "tags" and isinstance(value, list):
            flat["tags"] = ";".join(map(str, value)) or None
        else:
            flat.update(plain({key: value}, shape))
    return flat


def _nutshell_phone(item: object) -> object:
    """Take the number of a phone, which is an object of its own."""
    if not isinstance(item, Mapping):
        return item
    number = item.get("value", item)
    if isinstance(number, Mapping):
        number = number.get("E164") or number.get("numberFormatted") or number.get("number")
    return {"value": number, "name": item.get("name"), "isPrimary": item.get("isPrimary")}


def _nutshell_nest(flat: Flat) -> Flat:
    made = dict(flat)
    if "email_2" in made:
        made["email.2"] = made.pop("email_2")
    gather(made, "email", labels={"email": "email"}, label="name", primary="isPrimary")
    gather(made, "phone", labels={"work": "phone", "mobile": "phone_mobile"}, label="name", primary="isPrimary")
    if isinstance(made.get("tags"), str):
        made["tags"] = [item for item in str(made["tags"]).split(";") if item]
    return unplain(made)


def _fxiaoke_flatten(record: Mapping[str, Any], shape: Shape) -> Flat:
    """Owners and departments are lists of one."""
    flat = plain(record, shape)
    return {key: value[0] if isinstance(value, list) and len(value) == 1 else value for key, value in flat.items()}


def _fxiaoke_nest(flat: Flat) -> Flat:
    lists = ("owner", "out_owner", "owner_department")
    return {key: [value] if key in lists and value is not None else value for key, value in flat.items()}


def _dynamics_flatten(record: Mapping[str, Any], shape: Shape) -> Flat:
    return unbound(plain(record, shape))


def _are_objects(items: object) -> bool:
    """Say whether it is a list of objects; any other list stays what it is."""
    return isinstance(items, list) and all(isinstance(item, Mapping) for item in items)


def _joined(items: list[Any], key: str) -> str | None:
    words = [str(item.get(key)) if isinstance(item, Mapping) else str(item) for item in items]
    return ";".join(word for word in words if word) or None


SHAPES: Final[Mapping[str, Shape]] = {
    "salesforce": Shape(
        envelopes=("records",), drop=lambda key: key == "attributes", flatten=plain, nest=unplain
    ),
    "hubspot": Shape(envelopes=("results",), flatten=_hubspot_flatten, nest=_hubspot_nest, as_text=True),
    "zoho": Shape(envelopes=("data",), flatten=_zoho_flatten, nest=_zoho_nest),
    "dynamics": Shape(
        envelopes=("value",), drop=lambda key: key.startswith("@odata."), flatten=_dynamics_flatten, nest=bound
    ),
    "pipedrive": Shape(envelopes=("data", "data.items"), flatten=_pipedrive_flatten, nest=_pipedrive_nest),
    "insightly": Shape(flatten=_insightly_flatten, nest=_insightly_nest),
    "sugarcrm": Shape(envelopes=("records", "data"), flatten=plain, nest=unplain),
    "nutshell": Shape(envelopes=("result",), flatten=_nutshell_flatten, nest=_nutshell_nest),
    "freshsales": Shape(
        envelopes=("contacts", "sales_accounts", "deals"), flatten=_freshsales_flatten, nest=_freshsales_nest
    ),
    "fxiaoke": Shape(envelopes=("data.dataList", "dataList"), flatten=_fxiaoke_flatten, nest=_fxiaoke_nest),
    "neocrm": Shape(
        envelopes=("result.records", "data.records", "records"), flatten=plain, nest=unplain
    ),
}  # fmt: skip
