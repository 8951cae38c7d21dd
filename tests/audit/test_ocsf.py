"""Events as OCSF has them, held against the schema."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crmkit.audit import Actor, Event, to_ocsf

AT = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)

TABLE = json.loads(Path(__file__).with_name("ocsf-1.3.0.json").read_text(encoding="utf-8"))
"""The published schema, reduced to the classes and objects that are written here; see its ``source``."""


def check(found):
    """Hold an event against the schema: attributes, requirements, types, enumerations and their names, constraints."""
    kind = TABLE["classes"][str(found["class_uid"])]
    assert found["class_name"] == kind["caption"]
    assert found["type_uid"] == found["class_uid"] * 100 + found["activity_id"]
    check_object(found, kind, set(found["metadata"].get("profiles", ())))
    json.dumps(found, allow_nan=False)


def check_object(found, kind, profiles):
    known = {
        name: attribute
        for name, attribute in kind["attributes"].items()
        if attribute.get("profile") is None or attribute["profile"] in profiles
    }
    assert set(found) <= set(known)
    assert {name for name, attribute in known.items() if attribute.get("required")} <= set(found)
    if "at_least_one" in kind.get("constraints", {}):
        assert set(kind["constraints"]["at_least_one"]) & set(found)
    for name, value in found.items():
        attribute = known[name]
        assert isinstance(value, list) == attribute.get("array", False)
        for item in value if isinstance(value, list) else [value]:
            check_value(item, attribute, profiles)
        if "enum" in attribute:
            assert str(value) in attribute["enum"], name
            said = found.get(attribute.get("sibling"))
            assert said is None or value == 99 or said == attribute["enum"][str(value)], name


def check_value(value, attribute, profiles):
    kind = attribute["type"]
    if kind == "object":
        assert isinstance(value, dict)
    elif kind in TABLE["objects"]:
        check_object(value, TABLE["objects"][kind], profiles)
    else:
        kind = TABLE["types"][kind].get("type", kind)
        assert type(value) is {"integer_t": int, "long_t": int, "string_t": str}[kind]
        assert len(str(value)) <= TABLE["types"][kind].get("max_len", 20)


@pytest.mark.parametrize(
    "change",
    [
        {"severity_id": 7}, {"severity_id": "1"}, {"time": 1.5}, {"status": "Failure"}, {"category_uid": 6}, {"foo": 1},
        {"entity": {}}, {"metadata": {"version": "1.3.0"}}, {"activity_id": 77, "type_uid": 300477}, {"entity": None},
        {"metadata": {"version": "1.3.0", "product": {"vendor_name": "crmkit", "name": "crmkit"}}},
        {"actor": {"user": {"uid": "u", "type_id": 3, "type": "User"}}}, {"actor": {}}, {"message": 7},
    ],
)  # fmt: skip
def test_the_table_tells_what_does_not_fit(change):
    good = to_ocsf(Event(action="contact.read", actor="u", resource=("contact", "1"), at=AT), origin="crm")
    check(good)
    with pytest.raises((AssertionError, KeyError, TypeError, AttributeError)):
        check(good | change)


@pytest.mark.parametrize("kind", ["contact", "role", "policy", "key", "list", "user", None])
@pytest.mark.parametrize("outcome", ["ok", "denied", "failed"])
@pytest.mark.parametrize(
    "action",
    ["contact.create", "contact.read", "contact.merge", "contact.delete", "contact.score", "role.assign", "role.revoke",
     "permission.grant", "permission.revoke", "log.erased", "login"],
)  # fmt: skip
def test_every_event_fits_the_schema(action, outcome, kind):
    event = Event(
        action=action, outcome=outcome, at=AT, actor=Actor(id="u-17", roles=["sales"], session="s-1"), fields=["email"],
        resource=None if kind is None else (kind, "42"), code="no_role", purpose="support", detail={"n": 1},
    )  # fmt: skip
    check(to_ocsf(event, origin="crm.example.com/audit"))
    check(to_ocsf(Event(action=action, outcome=outcome, resource=event.resource), origin="crm.example.com/audit"))


def test_what_is_said_where():
    event = Event(
        action="role.assign", at=AT, actor="u-1", resource=("user", "u-2"), fields=["export"], count=3, request="T-7",
        seq=5, stored_at=AT, id="01",
    )  # fmt: skip
    found = to_ocsf(event, origin="crm")
    assert (found["class_uid"], found["activity_id"], found["user"], found["privileges"]) == (
        3005,
        1,
        {"uid": "u-2"},
        ["export"],
    )
    assert found["actor"] == {"user": {"uid": "u-1", "type": "User", "type_id": 1}}
    assert found["time"] == 1772442000123
    assert found["metadata"]["sequence"] == 5
    assert found["metadata"]["logged_time"] == found["time"]
    assert found["unmapped"] == {"action": "role.assign", "fields": ["export"], "count": 3, "request": "T-7"}
    denied = to_ocsf(
        Event(action="list.export", outcome="denied", code="no_role", actor=Actor(id="j", type="job")), origin="crm"
    )
    assert (denied["class_uid"], denied["status_id"], denied["status_code"], denied["status_detail"]) == (
        6003,
        2,
        "no_role",
        "denied",
    )
    assert denied["actor"]["user"]["type_id"] == 3
    assert denied["unmapped"]["actor_type"] == "job"
    assert to_ocsf(Event(action="x", actor=Actor(id="j", type="robot")), origin="crm")["actor"]["user"]["type_id"] == 99
