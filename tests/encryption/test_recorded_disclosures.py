"""What a guarded box shows is in the log of the engine that granted it, or is not shown."""

from __future__ import annotations

import attrs
import pytest

from crmkit.encryption import Field, Index
from crmkit.errors import AccessDeniedError, NotFoundError
from crmkit.permissions import Assignment, Engine, OrgChart, Policy, Principal
from crmkit.typing import FieldDisclosure

POLICY = """
version = 1
[resources.contacts]
actions = ["read", "update"%s]
owner = "owner_id"
[resources.contacts.fields]
id = { sensitivity = "public" }
email = { sensitivity = "pii", mask = "email" }
phone = { sensitivity = "pii", mask = "phone" }
city = { sensitivity = "internal" }
[roles.agent]
grants = [{ actions = ["read", "update"%s], resource = "contacts", scope = "own" }]
fields = [
  { resource = "contacts", fields = ["email", "city"], level = "read", scope = "own" },
  { resource = "contacts", fields = ["phone"], level = "masked", scope = "own" },
]
"""


class FullDisk:
    def record(self, *_args, **_more):
        raise OSError("disk full")


@attrs.define
class World:
    box: object
    row: dict

    def view(self, sink, record="sensitive", *, decrypt=False, **options):
        more = ', "decrypt"' if decrypt else ""
        held = [Assignment("u1", "agent"), Assignment("u2", "agent")]
        org = OrgChart([Principal("u1"), Principal("u2")])
        return Engine(Policy.from_toml(POLICY % (more, more)), held, org=org, audit=sink, record=record, **options).view


@pytest.fixture
def world(ring):
    fields = [
        Field("contacts.email", normalizer="email-v1", indexes=[Index.unique()]),
        Field("contacts.phone", normalizer="e164-v1"),
        Field("contacts.city"),
    ]
    box = ring.box(fields)
    record = {"id": 7, "email": "ana@a.example", "phone": "+8613800138000", "city": "Rome"}
    return World(box, {**box.seal(record), "owner_id": "u1"})


def told(sink):
    return [(event["action"], event["outcome"], event["resource"], event["fields"]) for event in sink.events]


@pytest.mark.parametrize(
    ("mode", "whole", "sensitive"), [("all", True, True), ("sensitive", False, True), ("denies", False, False)]
)
def test_what_is_shown_is_recorded_as_projecting_records_it(world, sink, mode, whole, sensitive):
    view = world.view(sink, mode)("u1")
    shown = world.box.for_principal(view).open(world.row)
    assert (shown["email"], shown["phone"], shown["city"]) == ("ana@a.example", "+86138****8000", "Rome")
    first = told(sink)
    place = ("contacts", "7")
    assert (
        first == [("contacts.read", "ok", place, ())] * whole + [("contacts.read", "ok", place, ("email",))] * sensitive
    )
    sink.events.clear()
    plain = {"id": 7, "email": "ana@a.example", "phone": "+8613800138000", "city": "Rome", "owner_id": "u1"}
    view.project("contacts", plain)
    assert told(sink) == first


def test_what_is_refused_is_recorded_and_closed(world, sink):
    shown = world.box.for_principal(world.view(sink, "denies")("u2")).open(world.row)
    assert (shown["email"], shown["phone"], shown["city"]) == (None, None, None)
    assert told(sink) == [("contacts.read", "denied", ("contacts", "7"), ())]


def test_a_hidden_field_of_a_record_that_may_be_read_is_no_refusal(world, sink):
    view = world.view(sink, "denies")("u1")
    view.disclose("contacts", {"email": "hidden"}, {"id": 7, "owner_id": "u1"})
    assert sink.events == []
    view.disclose("contacts", {"email": "hidden"})
    assert told(sink) == [("contacts.read", "denied", ("contacts", "*"), ())]


@pytest.mark.parametrize("mode", ["all", "sensitive"])
@pytest.mark.parametrize("narrowed", [False, True])
def test_nothing_is_shown_that_cannot_be_recorded(world, mode, narrowed):
    view = world.view(FullDisk(), mode, decrypt=narrowed)("u1")
    guarded = world.box.for_principal(view.decrypting() if narrowed else view)
    asked = [
        lambda: guarded.decrypt("contacts.email", world.row["email"], record=7, row=world.row),
        lambda: guarded.open(world.row),
    ]
    for ask in asked:
        with pytest.raises(AccessDeniedError, match="audit log"):
            ask()


def test_the_engine_may_have_been_told_to_go_on(world):
    view = world.view(FullDisk(), "all", on_audit_failure="allow")("u1")
    assert world.box.for_principal(view).open(world.row)["email"] == "ana@a.example"
    silent = world.view(FullDisk(), "denies")
    assert world.box.for_principal(silent("u1")).open(world.row)["email"] == "ana@a.example"
    assert world.box.for_principal(silent("u2")).open(world.row)["email"] is None


def test_nothing_is_decrypted_before_it_is_recorded(world, sink):
    inner = world.box.ring.box(world.box.fields, audit=sink)
    with pytest.raises(AccessDeniedError):
        inner.for_principal(world.view(FullDisk())("u1")).open(world.row)
    assert sink.events == []


def test_columns_and_single_tokens_are_recorded_with_what_is_known_of_them(world, sink):
    policy = Policy.from_toml((POLICY % ("", "")).replace('"own"', '"all"'))
    view = Engine(policy, [Assignment("u1", "agent")], audit=sink, record="all").view("u1")
    guarded = world.box.for_principal(view.decrypting())
    tokens, ids = [world.row["email"], None], [7, 8]
    assert guarded.decrypt_column("contacts.email", tokens, records=ids) == ["ana@a.example", None]
    assert [(event["resource"], event["count"], event["fields"]) for event in sink.events] == [
        (("contacts", "*"), 2, ()), (("contacts", "*"), 2, ("email",))
    ]  # fmt: skip
    sink.events.clear()
    assert guarded.decrypt("contacts.email", world.row["email"], record=7) == "ana@a.example"
    assert {event["resource"] for event in sink.events} == {("contacts", "7")}
    failing = Engine(policy, [Assignment("u1", "agent")], audit=FullDisk(), record="all").view("u1")
    with pytest.raises(AccessDeniedError):
        world.box.for_principal(failing).decrypt_column("contacts.email", tokens, records=ids)


def test_what_is_not_declared_is_not_recorded_as_shown(world, sink):
    view = world.view(sink)("u1")
    assert isinstance(view, FieldDisclosure)
    with pytest.raises(NotFoundError):
        view.disclose("contacts", {"emial": "read"})
    with pytest.raises(NotFoundError):
        view.disclose("contact", {"email": "read"})
    policy = Policy.from_toml('version = 1\n[resources.t]\nactions = ["list"]\n[resources.t.fields]\na = {}')
    blind = Engine(policy, [], org=OrgChart([Principal("u1")]), audit=sink).view("u1")
    blind.disclose("t", {"a": "hidden"}, {"id": 1})
    assert told(sink) == [("t.read", "denied", ("t", "1"), ())]
