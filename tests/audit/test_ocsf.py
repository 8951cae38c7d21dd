"""Events as OCSF has them, held against the schema."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from crmkit.audit import Actor, Event, to_ocsf

AT = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)

# What schema.ocsf.io/1.3.0 asks of the classes, restated: attributes that are required in the base event, in the
# category and in the class (ocsf/ocsf-schema, events/base_event.json, iam/*.json, application/api_activity.json,
# Apache-2.0), and the activities that the class knows besides 0 and 99.
BASE = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}
CLASSES = {
    3004: ("Entity Management", 3, {"entity"}, {1: "Create", 2: "Read", 3: "Update", 4: "Delete"}),
    3005: (
        *("User Access Management", 3, {"user", "privileges"}),
        {1: "Assign Privileges", 2: "Revoke Privileges", 3: "Assign Role", 4: "Remove Role"},
    ),
    6003: ("API Activity", 6, {"actor", "api", "src_endpoint"}, {1: "Create", 2: "Read", 3: "Update", 4: "Delete"}),
}
OBJECTS = {
    "metadata": {"product", "version"},
    "api": {"operation"},
}
AT_LEAST_ONE = {
    "actor": {"process", "user", "invoked_by", "session", "app_name", "app_uid"},
    "user": {"account", "name", "uid"},
    "entity": {"name", "uid"},
    "src_endpoint": {"ip", "uid", "name", "hostname", "svc_name", "instance_uid", "interface_uid", "interface_name"},
}
KNOWN = BASE | {
    "activity_name", "category_name", "class_name", "type_name", "severity", "status", "status_id", "status_code",
    "status_detail", "message", "actor", "unmapped", "entity", "user", "privileges", "api", "src_endpoint", "resources",
}  # fmt: skip


def check(found):
    name, category, required, activities = CLASSES[found["class_uid"]]
    assert (found["class_name"], found["category_uid"]) == (name, category)
    assert set(found) <= KNOWN
    assert (required | BASE) <= set(found)
    activity = found["activity_id"]
    assert activity in activities or activity == 99
    if activity != 99:
        assert found["activity_name"] == activities[activity]
    assert found["type_uid"] == found["class_uid"] * 100 + activity
    assert found["type_name"] == f"{name}: {found['activity_name']}"
    assert (found["severity_id"], found["severity"]) in {(1, "Informational"), (2, "Low")}
    assert (found["status_id"], found["status"]) in {(1, "Success"), (2, "Failure")}
    assert type(found["time"]) is int
    for key, parts in OBJECTS.items():
        if key in found:
            assert parts <= set(found[key])
    for key, parts in AT_LEAST_ONE.items():
        if key in found:
            assert parts & set(found[key])
    assert found["metadata"]["version"] == "1.3.0"
    json.dumps(found, allow_nan=False)


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
        3,
        {"uid": "u-2"},
        ["export"],
    )
    assert found["actor"] == {"user": {"uid": "u-1", "type": "user", "type_id": 1}}
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
    assert to_ocsf(Event(action="x", actor=Actor(id="j", type="robot")), origin="crm")["actor"]["user"]["type_id"] == 99
