"""Events as OCSF has them, for whoever collects logs of many systems.

Source:
    Open Cybersecurity Schema Framework 1.3.0 (https://schema.ocsf.io/1.3.0): Entity Management 3004, User Access
    Management 3005, API Activity 6003; ``type_uid`` is class times 100 plus activity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._event import moment

if TYPE_CHECKING:
    from datetime import datetime

    from ._event import Event

__all__ = ["to_ocsf"]

OCSF_VERSION = "1.3.0"
ENTITY, ACCESS, API = 3004, 3005, 6003
_CRUD = {
    "create": 1, "add": 1, "import": 1, "restore": 1,
    "read": 2, "view": 2, "get": 2, "list": 2, "export": 2, "search": 2, "decrypt": 2,
    "update": 3, "edit": 3, "merge": 3, "fix": 3, "write": 3, "rename": 3, "encrypt": 3,
    "delete": 4, "remove": 4, "erase": 4, "purge": 4,
}  # fmt: skip
_CRUD_NAMES = {1: "Create", 2: "Read", 3: "Update", 4: "Delete"}
_ASSIGN, _REVOKE = (1, "Assign Privileges"), (2, "Revoke Privileges")
_ACCESS = {
    "permission.grant": _ASSIGN, "permission.revoke": _REVOKE, "role.assign": _ASSIGN, "role.revoke": _REVOKE,
}  # fmt: skip
_USER_TYPES = {"user": (1, "User"), "service": (3, "System"), "job": (3, "System")}
_ENTITY_TYPES = {"user": (2, "User"), "policy": (5, "Policy")}
MAX_TEXT = 65_535
_ENTITY_KINDS = frozenset({"contact", "account", "lead", "deal", "activity", "role", "policy", "key", "user", "backup"})
OTHER = 99


def to_ocsf(event: Event, *, origin: str) -> dict[str, Any]:
    """Return an event as an OCSF event.

    Args:
        event: An event of a log.
        origin: The log's name.

    Returns:
        A dict that JSON can say. ``role.assign``, ``role.revoke``, ``permission.grant`` and ``permission.revoke`` on a
        user become User Access Management; what is done to one record of a CRM, a role, a policy or a key becomes
        Entity Management; everything else API Activity. A role is privileges to OCSF, which has no activity of its own
        for it. What OCSF has no place for is in ``unmapped``.

    Example:
        >>> from crmkit.audit import Event
        >>> event = Event(action="contact.merge", actor="u-17", resource=("contact", "42"))
        >>> found = to_ocsf(event, origin="crm.example.com/audit")
        >>> found["class_name"], found["activity_name"], found["type_uid"], found["entity"]["uid"]
        ('Entity Management', 'Update', 300403, '42')

    .. versionadded:: 0.1.0
    """
    verb = event.action.rpartition(".")[2]
    crud = _CRUD.get(verb, OTHER)
    name = _CRUD_NAMES.get(crud, verb)
    resource = event.resource
    if event.action in _ACCESS and resource is not None and resource.type == "user":
        activity, name = _ACCESS[event.action]
        said = _head(ACCESS, "User Access Management", 3, "Identity & Access Management", activity, name)
        said["user"] = {"uid": resource.id}
        said["privileges"] = list(event.fields)
    elif resource is not None and resource.type in _ENTITY_KINDS:
        said = _head(ENTITY, "Entity Management", 3, "Identity & Access Management", crud, name)
        type_id, kind = _ENTITY_TYPES.get(resource.type, (OTHER, resource.type))
        said["entity"] = {"uid": resource.id, "type": kind, "type_id": type_id}
    else:
        said = _head(API, "API Activity", 6, "Application Activity", crud, name)
        said["api"] = {"operation": event.action}
        said["src_endpoint"] = {"svc_name": origin}
        if resource is not None:
            said["resources"] = [{"uid": resource.id, "type": resource.type}]
    ok = event.outcome == "ok"
    said |= {
        "actor": _actor(event, origin),
        "metadata": _metadata(event, origin, [] if said["class_uid"] == API else ["host"]),
        "severity_id": 1 if ok else 2,
        "severity": "Informational" if ok else "Low",
        "status_id": 1 if ok else 2,
        "status": "Success" if ok else "Failure",
        "time": _milliseconds(event.at),
    }
    if not ok:
        said["status_detail"] = event.outcome
    if event.code is not None:
        said["status_code"] = event.code
    if event.purpose is not None and len(event.purpose) <= MAX_TEXT:
        said["message"] = event.purpose
    rest = {
        key: value
        for key, value in event.to_dict().items()
        if key in ("action", "fields", "count", "purpose", "request", "rules", "policy", "scope", "change", "detail")
    }
    if event.actor is not None and event.actor.type != "user":
        rest["actor_type"] = event.actor.type
    return said | {"unmapped": rest}


def _head(uid: int, caption: str, category: int, category_name: str, activity: int, name: str) -> dict[str, Any]:
    return {
        "class_uid": uid,
        "class_name": caption,
        "category_uid": category,
        "category_name": category_name,
        "activity_id": activity,
        "activity_name": name,
        "type_uid": uid * 100 + activity,
        "type_name": f"{caption}: {'Other' if activity == OTHER else name}",
    }


def _actor(event: Event, origin: str) -> dict[str, Any]:
    """Return the actor; where there is none, the system acted."""
    if event.actor is None:
        return {"app_name": origin}
    type_id, kind = _USER_TYPES.get(event.actor.type, (OTHER, event.actor.type))
    user: dict[str, Any] = {"uid": event.actor.id, "type": kind, "type_id": type_id}
    if event.actor.roles:
        user["groups"] = [{"name": role} for role in event.actor.roles]
    found: dict[str, Any] = {"user": user}
    if event.actor.session is not None:
        found["session"] = {"uid": event.actor.session}
    return found


def _metadata(event: Event, origin: str, profiles: list[str]) -> dict[str, Any]:
    """Return where the event is from; identity classes know an actor only by the profile ``host``."""
    said: dict[str, Any] = {
        "version": OCSF_VERSION,
        "product": {"name": "crmkit", "vendor_name": "crmkit"},
        "uid": event.id,
        "log_name": origin,
        "original_time": moment(event.at),
    }
    if profiles:
        said["profiles"] = profiles
    if event.seq is not None and event.stored_at is not None:
        said |= {"sequence": event.seq, "logged_time": _milliseconds(event.stored_at)}
    return said


def _milliseconds(at: datetime) -> int:
    """Return a moment as OCSF's ``timestamp_t``: milliseconds since 1970."""
    return int(at.timestamp()) * 1000 + at.microsecond // 1000
