"""Levels and masks of fields on records, frames, changes and queries; the audit log; searches."""

from __future__ import annotations

import json
import logging
from decimal import Decimal
from typing import Any

import attrs
import pytest

from crmkit import frames
from crmkit.errors import AccessDeniedError, NotFoundError, PolicyFileError, SchemaError
from crmkit.permissions import (
    Access,
    Assignment,
    Custom,
    Engine,
    Field,
    FieldRule,
    Grant,
    OrgChart,
    Outcome,
    Policy,
    Principal,
    Resource,
    Role,
    record,
)
from crmkit.typing import AuditSink, FieldAccess

CONTACT = Resource(
    "contact",
    fields={
        "id": Field(sensitivity="public"),
        "name": Field(sensitivity="public", nullable=False),
        "email": Field(sensitivity="pii", mask="email"),
        "phone": Field(sensitivity="pii", mask="phone"),
        "salary": Field("decimal", sensitivity="finance"),
        "notes": Field(),
    },
    actions=["read", "create", "update", "export"],
    owner="owner_id",
    team="team_id",
    sensitive_actions=["export"],
)
OWN = {"id": "7", "name": "Ann", "email": "ann@example.com", "phone": "13800138000", "salary": Decimal("10.50"),
       "notes": "n", "owner_id": "u1", "team_id": "red"}  # fmt: skip
TEAM = {**OWN, "id": "8", "owner_id": "u2"}
SALES = Role(
    "sales",
    grants=[Grant("read", "contact", scope="team"), Grant(["create", "update"], "contact", scope="own")],
    field_rules=[
        FieldRule("contact", "write", sensitivity="pii", scope="own"),
        FieldRule("contact", "masked", sensitivity="pii", scope="team"),
    ],
)
ORG = OrgChart([Principal("u1", teams=["red"]), Principal("u2", teams=["red"])])


def engine(*roles: Role, masks: Any = None, functions: Any = None, **options: Any) -> Engine:
    policy = Policy([CONTACT], list(roles), masks=masks)
    held = [Assignment("u1", role.id) for role in roles]
    return Engine(policy, held, org=ORG, masks=functions, **options)


def view(*roles: Role, **options: Any) -> Any:
    return engine(*(roles or (SALES,)), **options).view("u1")


def test_a_grant_brings_public_fields_only_and_rules_may_depend_on_the_record() -> None:
    assert view().project("contact", OWN) == {
        "id": "7", "name": "Ann", "email": "ann@example.com", "phone": "13800138000"
    }  # fmt: skip
    assert view().project("contact", {**TEAM, "surprise": 1}) == {
        "id": "8", "name": "Ann", "email": "a***@example.com", "phone": "138****8000"
    }  # fmt: skip
    with pytest.raises(AccessDeniedError):
        view().project("contact", {**OWN, "owner_id": "x", "team_id": "blue"})


def test_levels_are_what_encryption_asks_for() -> None:
    access: FieldAccess = view()
    assert isinstance(access, FieldAccess)
    assert access.level("contact", "email", OWN) == "write"
    assert access.level("contact", "email", TEAM) == "masked"
    assert access.level("contact", "email", {**OWN, "owner_id": "x", "team_id": "blue"}) == "hidden"
    assert access.level("contact", "email", None) == "hidden"
    assert access.level("contact", "name", TEAM) == "read"
    assert access.level("contact", "notes", OWN) == "hidden"
    with pytest.raises(NotFoundError, match='"emial"; did you mean "email"'):
        access.level("contact", "emial", OWN)
    everything = Role("all", grants=[Grant("*", "contact", scope="all")],
                      field_rules=[FieldRule("contact", "write", fields="*", scope="all")])  # fmt: skip
    assert view(everything).level("contact", "salary", None) == "write"


def test_a_cap_takes_what_others_allow_where_it_is_not_false() -> None:
    cap = Role("cap", field_rules=[FieldRule("contact", "masked", fields=["email"], effect="cap",
                                             when=record.team_id.eq("blue"))])  # fmt: skip
    both = view(SALES, cap)
    assert both.level("contact", "email", OWN) == "write"
    assert both.level("contact", "email", {**OWN, "team_id": "blue"}) == "masked"
    assert both.level("contact", "email", {**OWN, "team_id": None}) == "masked"
    assert both.project("contact", {**OWN, "team_id": "blue"})["email"] == "a***@example.com"
    hidden = Role("none", field_rules=[FieldRule("contact", "hidden", fields=["email"], effect="cap")])
    assert "email" not in view(SALES, hidden).project("contact", OWN)


def test_of_two_masks_the_one_that_reveals_less_is_used() -> None:
    strict = FieldRule("contact", "masked", fields=["email"], scope="team", mask="full")
    loose = FieldRule("contact", "masked", fields=["email"], scope="team", when=record.name.eq("Ann"), mask="last2")
    reader = Grant("read", "contact", scope="team")
    assert view(Role("a", grants=[reader], field_rules=[strict, loose])).project("contact", OWN)["email"] == "***"
    other = Role("b", grants=[reader], field_rules=[loose])
    assert view(other).project("contact", {**OWN, "email": "1234567"})["email"] == "***67"
    assert view(other).project("contact", {**OWN, "email": None})["email"] is None
    capped = FieldRule("contact", "masked", fields=["email"], effect="cap", mask="hash")
    third = Role("c", grants=[reader], field_rules=[loose, capped])
    assert view(third).project("contact", OWN)["email"].startswith("#")


def test_masks_of_the_caller_stand_in_the_same_order_and_never_leak_by_failing() -> None:
    rule = FieldRule("contact", "masked", fields=["salary", "email"], scope="team", mask="band")
    role = Role("r", grants=[Grant("read", "contact", scope="team")], field_rules=[rule])
    made = view(role, masks={"band": "hash"}, functions={"band": lambda text: f"<{len(text)}>"})
    assert made.project("contact", OWN)["salary"] == "<5>"

    def broken(text: str) -> str:
        raise ValueError(text)

    assert view(role, masks={"band": "hash"}, functions={"band": broken}).project("contact", OWN)["salary"] == "***"
    with pytest.raises(NotFoundError, match='mask "band"'):
        view(role, masks={"band": "hash"})
    second = FieldRule("contact", "masked", fields=["email"], scope="team", mask="other")
    with pytest.raises(PolicyFileError, match="reveal equally much"):
        Policy([CONTACT], [Role("r", field_rules=[rule, second])], masks={"band": "phone", "other": "phone"})


@pytest.mark.parametrize("kind", ["dicts", "columns", "pandas", "polars", "pyarrow"])
def test_frames_are_projected_as_records_are(kind: str) -> None:
    rows = [OWN, TEAM, {**OWN, "id": "9", "owner_id": "x", "team_id": "blue"}, {**TEAM, "id": "10", "email": None}]
    columns = {name: [row[name] for row in rows] for name in OWN} | {"undeclared": [1, 2, 3, 4]}
    if kind == "dicts":
        data: Any = [{**row, "undeclared": 1} for row in rows]
    elif kind == "columns":
        data = columns
    else:
        library = pytest.importorskip(kind, reason="frames of that library")
        data = library.table({**columns, "salary": ["10.50"] * 4}) if kind == "pyarrow" else library.DataFrame(columns)
    result = frames.read(view().project_frame("contact", data))
    assert result.columns == ("id", "name", "email", "phone")
    wanted = [view().project("contact", row) for row in (OWN, TEAM, rows[3])]
    assert [
        dict(zip(result.columns, cells, strict=True)) for cells in zip(*map(result.column, result.columns), strict=True)
    ] == wanted


def test_a_column_hidden_in_some_rows_is_kept_with_nothing_in_them() -> None:
    rule = FieldRule("contact", "read", fields=["notes"], scope="own")
    masked = FieldRule("contact", "masked", fields=["email"], scope="team", when=record.notes.eq("n"), mask="name")
    also = FieldRule("contact", "masked", fields=["email"], scope="own", mask="hash")
    role = Role("r", grants=[Grant("read", "contact", scope="team")], field_rules=[rule, masked, also])
    found = view(role).project_frame("contact", [OWN, TEAM])
    assert [row["notes"] for row in found] == ["n", None]
    assert found[0]["email"].startswith("#")
    assert found[1]["email"] == "a***"
    with pytest.raises(SchemaError, match="unknown column 'owner_id'"):
        view().project_frame("contact", [{"id": 1, "team": "red"}])


def test_a_change_is_checked_before_and_after_and_field_by_field() -> None:
    me = view()
    assert me.check_write("contact", OWN, {"email": "new@example.com"}) == []
    assert [(one.field, one.code) for one in me.check_write("contact", TEAM, {"email": "x", "name": "B"})] == [
        (None, "denied"), ("email", "not_writable"), ("name", "not_writable"),
    ]  # fmt: skip
    found = me.check_write("contact", OWN, {"owner_id": "u2", "salary": Decimal(1), "name": None})
    assert [(one.field, one.code) for one in found] == [
        (None, "denied_after"), ("owner_id", "not_writable"), ("salary", "not_writable"), ("name", "missing"),
    ]  # fmt: skip
    assert str(found[1]) == 'field "owner_id" may not be written; its level is hidden'
    with pytest.raises(SchemaError, match='"emial"; did you mean "email"'):
        me.check_write("contact", OWN, {"emial": "x"})
    with pytest.raises(SchemaError, match='field "salary" of resource "contact" is decimal, not str'):
        me.check_write("contact", OWN, {"salary": "CANARY"})


def test_a_new_record_is_checked_field_by_field_and_must_be_complete() -> None:
    me = view()
    assert me.check_create("contact", {"name": "Cy", "email": "c@example.com", "owner_id": "u1"}) == []
    found = me.check_create("contact", {"email": "c@example.com", "owner_id": "u2", "salary": Decimal(1)})
    assert [(one.field, one.code) for one in found] == [
        (None, "denied"), ("name", "missing"), ("email", "not_writable"), ("salary", "not_writable"),
    ]  # fmt: skip


def test_a_query_may_go_by_what_is_readable_wherever_the_record_is() -> None:
    me = view()
    assert me.check_query("contact", where=["name"], sort=["id"]) == []
    found = me.check_query("contact", where=["email"], sort=["salary"], aggregate=["notes"])
    assert [(one.field, one.code) for one in found] == [
        ("email", "not_readable"), ("salary", "not_readable"), ("notes", "not_readable"),
    ]  # fmt: skip
    assert "sort by" in found[1].message
    with pytest.raises(SchemaError, match="did you mean"):
        me.check_query("contact", where=["nmae"])
    nothing = Role("none", grants=[Grant("export", "contact", scope="all")])
    assert [one.code for one in view(nothing).check_query("contact", where=["name"])] == ["not_readable"]


# The audit log


class Log:
    def __init__(self, *, fails: bool = False) -> None:
        self.events: list[dict[str, Any]] = []
        self.fails = fails

    def record(self, action: str, **event: Any) -> None:
        if self.fails:
            message = "CANARY disk"
            raise OSError(message)
        self.events.append({"action": action, **event})


BLUE = {**OWN, "owner_id": "x", "team_id": "blue"}
EXPORTER = Role("exporter", grants=[Grant("export", "contact", scope="own")])


def test_denials_are_recorded_and_allows_only_where_asked() -> None:
    assert isinstance(Log(), AuditSink)
    for mode, wanted in (("denies", ["contact.read"]), ("sensitive", ["contact.read", "contact.export"]),
                         ("all", ["contact.read", "contact.read", "contact.export"])):  # fmt: skip
        log = Log()
        me = engine(SALES, EXPORTER, audit=log, record=mode).view("u1")
        me.allows("read", "contact", BLUE)
        me.allows("read", "contact", OWN)
        me.allows("export", "contact", OWN)
        assert [event["action"] for event in log.events] == wanted
        first = log.events[0]
        assert (first["outcome"], first["resource"], first["actor"]) == ("denied", ("contact", "7"), "u1")
        assert first["detail"] == {"policy": me.policy_digest}
        assert first["at"].utcoffset() is not None


def test_sensitive_fields_shown_in_the_clear_are_recorded_once() -> None:
    log = Log()
    me = engine(SALES, audit=log, record="sensitive").view("u1")
    me.project("contact", OWN)
    me.project("contact", TEAM)
    me.project_frame("contact", [OWN, TEAM])
    assert [(event["fields"], event["count"]) for event in log.events] == [
        (("email", "phone"), 1), (("email", "phone"), 2)
    ]  # fmt: skip
    me.filter("export", "contact").select([OWN])
    assert log.events[2]["outcome"] == "denied"


def test_a_bulk_read_is_one_event_with_its_count() -> None:
    log = Log()
    plan = engine(EXPORTER, audit=log, record="sensitive").view("u1").filter("export", "contact")
    plan.apply([OWN, TEAM])
    plan.select([OWN, OWN])
    assert [event["count"] for event in log.events] == [1, 2]


def test_what_cannot_be_recorded_is_denied_or_allowed_as_chosen(caplog: pytest.LogCaptureFixture) -> None:
    for choice in ("deny", "allow"):
        options: Any = {"audit": Log(fails=True), "record": "all", "on_audit_failure": choice}
        made = engine(SALES, EXPORTER, **options)
        me = made.view("u1")
        assert me.allows("read", "contact", OWN) is (choice == "allow")
        assert not me.allows("read", "contact", BLUE)
        for bulk in (
            lambda me=me: me.filter("read", "contact").select([OWN]),
            lambda me=me: me.filter("read", "contact").apply([OWN]),
        ):
            if choice == "deny":
                with pytest.raises(AccessDeniedError, match="audit log"):
                    bulk()
            else:
                assert len(bulk()) == 1
    failing = engine(SALES, audit=Log(fails=True), record="sensitive").view("u1")
    for shown in (lambda: failing.project("contact", OWN), lambda: failing.project_frame("contact", [OWN])):
        with pytest.raises(AccessDeniedError, match="nothing is shown"):
            shown()
    assert "CANARY" not in caplog.text
    assert any(entry.levelno == logging.ERROR for entry in caplog.records)
    with pytest.raises(SchemaError, match="nothing was replaced"):
        engine(SALES, audit=Log(fails=True)).replace(Policy([CONTACT], [SALES]))


def test_a_change_of_policy_is_recorded_with_both_digests() -> None:
    log = Log()
    made = engine(SALES, audit=log)
    before = made.policy.digest
    made.replace(Policy([CONTACT], [SALES, EXPORTER]), actor="boss")
    (event,) = log.events
    assert (event["action"], event["actor"]) == ("policy.changed", "boss")
    after = made.policy.digest
    assert event["detail"] == {"before": before, "after": after, "roles_added": ["exporter"]}
    less = attrs.evolve(SALES, grants=SALES.grants[1:])
    made.replace(Policy([CONTACT], [less]), [Assignment("u1", "sales"), Assignment("u9", "sales")])
    detail = log.events[1]["detail"]
    assert {"resource": "contact", "action": "read", "change": "narrower", "people": 1} in detail["access"]
    assert {"resource": "contact", "action": "create", "change": "wider", "people": 1} in detail["access"]
    assert (detail["roles_removed"], detail["roles_changed"]) == (["exporter"], ["sales"])
    assert detail["assigned"] == [{"principal": "u9", "role": "sales"}]
    many = [Assignment(f"v{number}", "sales") for number in range(150)]
    made.replace(assignments=many)
    detail = log.events[2]["detail"]
    assert len(detail["assigned"]) == 101
    assert detail["assigned"][-1] == {"more": 50}
    assert {"resource": "contact", "action": "create", "change": "wider", "people": 150} in detail["access"]
    assert {"resource": "contact", "action": "create", "change": "narrower", "people": 2} in detail["access"]
    json.dumps(detail)
    with pytest.raises(NotFoundError, match="record mode"):
        engine(SALES, record="some")
    with pytest.raises(NotFoundError, match="audit failure"):
        engine(SALES, on_audit_failure="maybe")


# Searches


def test_searches_agree_with_decisions_and_cut_nothing_off() -> None:
    people = [Principal(f"u{number}", teams=["red"] if number % 2 else []) for number in range(200)]
    off = Principal("off", status="left", teams=["red"])
    roles = [SALES, Role("boss", inherits=["sales"]), Role("idle")]
    held = [Assignment(person.id, "boss" if person.id.endswith("7") else "sales") for person in people]
    held += [Assignment("off", "boss"), Assignment("u1", "idle")]
    made = Engine(Policy([CONTACT], roles), held, org=OrgChart([*people, off]))
    wanted = {person.id for person in people if made.view(person.id).allows("read", "contact", TEAM)}
    found = made.who_can("read", "contact", TEAM)
    assert (
        {access.principal for access in found}
        == wanted
        == {access.principal for access in made.who_can("read", "contact", TEAM)}
    )
    assert len(found) == 101  # the owner, and a hundred in the team
    assert Access("u7", Outcome.ALWAYS, ("boss",)) in found
    assert {access.outcome for access in made.who_can("read", "contact")} == {Outcome.DEPENDS}
    assert made.who_can("export", "contact") == []
    assert made.who_can("read", "contact", {}) == []
    assert {(one.action, one.outcome.name) for one in made.what_can("u1")} == {
        ("read", "DEPENDS"), ("create", "DEPENDS"), ("update", "DEPENDS"),
    }  # fmt: skip
    assert "record.owner_id.eq('u1')" in made.what_can("u1")[1].condition
    assert made.what_can("off") == []
    assert made.accessible("u1", "update", "contact", [OWN, {**OWN, "owner_id": "u1", "id": "9"}, TEAM]) == ["7", "9"]
    assert made.accessible("u1", "update", "contact", [TEAM]) == []


def test_a_predicate_of_the_caller_is_asked_row_by_row_in_frames() -> None:
    role = Role("r", grants=[Grant("read", "contact", scope="all", when=Custom("even") & record.name.eq("Ann"))])
    policy = Policy([CONTACT], [role], predicates=["even"])
    made = Engine(
        policy, [Assignment("u1", "r")], org=ORG, predicates={"even": lambda row, who, context: row["name"] == "Ann"}
    )
    plan = made.view("u1").filter("read", "contact")
    assert plan.apply([OWN, {**OWN, "name": "Bo"}]) == [OWN]
    assert repr(plan) == "<Plan DEPENDS: read on contact>"
    for ask in (plan.to_narwhals, plan.to_sql):
        with pytest.raises(ValueError, match="predicate of the caller"):
            ask()


@pytest.mark.parametrize("kind", ["dicts", "polars", "pandas"])
def test_a_predicate_of_the_caller_sees_the_whole_row_of_a_frame(kind: str) -> None:
    """It may read any field: what it is not shown it would take for missing."""
    open_rows = Custom("open")
    policy = Policy(
        [Resource("deal", fields={"stage": Field(), "secret": Field("bool"), "n": Field("int"), "note": Field()},
                  actions=["read"])],
        [Role("r", grants=[Grant("read", "deal", scope="all", when=open_rows)], field_rules=[
            FieldRule("deal", "read", fields=["stage", "secret", "n"], scope="all", when=open_rows),
            FieldRule("deal", "masked", fields="note", scope="all", mask="last4", when=open_rows),
            FieldRule("deal", "masked", fields="note", effect="cap", mask="full", when=~Custom("mine")),
        ])],
        predicates=["open", "mine"],
    )  # fmt: skip
    seen: list[set[str]] = []

    def is_open(row: Any, _who: Any, _context: Any) -> bool:
        seen.append(set(row))
        return row.get("secret") is not True

    predicates = {"open": is_open, "mine": lambda row, _who, _context: row.get("n") == 2}
    me = Engine(policy, [Assignment("u1", "r")], predicates=predicates).view("u1")
    rows = [{"stage": "a", "secret": True, "n": 1, "note": "AB1234567"},
            {"stage": "b", "secret": False, "n": 2, "note": "AB1234567"},
            {"stage": "c", "secret": False, "n": 3, "note": "AB1234567"}]  # fmt: skip
    frame: Any = rows
    if kind != "dicts":
        frame = pytest.importorskip(kind, reason="a frame").DataFrame(rows)
    plan = me.filter("read", "deal")
    wanted = [me.project("deal", row) for row in rows[1:]]
    assert [row["note"] for row in wanted] == ["***4567", "***"]
    kept, shown = plan.apply(frame), me.project_frame("deal", frame)
    if kind == "pandas":
        kept, shown = kept.to_dict("records"), shown.to_dict("records")
    elif kind == "polars":
        kept, shown = kept.to_dicts(), shown.to_dicts()
    assert kept == rows[1:] == plan.select(rows)
    assert shown == wanted
    assert all(names == {"stage", "secret", "n", "note"} for names in seen)
    renamed = [{"stage": "a", "geheim": True}, {"stage": "b", "geheim": False}]
    assert plan.apply(renamed, columns={"secret": "geheim"}) == renamed[1:]
    assert plan.apply([]) == []


def test_plans_of_always_and_never_need_no_column() -> None:
    policy = Policy(
        [Resource("deal", actions=["read", "update"])], [Role("r", grants=[Grant("read", "deal", scope="all")])]
    )
    me = Engine(policy, [Assignment("u1", "r")]).view("u1")
    rows = [{"a": 1}, {"a": None}]
    assert me.filter("read", "deal").apply(rows) == rows
    assert me.filter("update", "deal").apply(rows) == []
    assert me.filter("read", "deal").to_sql() == ("1 = 1", [])
    assert me.filter("update", "deal").to_sql(paramstyle="named") == ("1 = 0", {})


def test_whole_floats_of_a_frame_are_integers_where_integers_are_declared() -> None:
    pd = pytest.importorskip("pandas", reason="makes floats of integers")
    deal = Resource("deal", fields={"score": Field("int")}, actions=["read"])
    policy = Policy([deal], [Role("r", grants=[Grant("read", "deal", scope="all", when=record.score.gt(1))])])
    plan = Engine(policy, [Assignment("u1", "r")]).view("u1").filter("read", "deal")
    frame = pd.DataFrame({"score": [1, 2, None, 3]}, index=["a", "b", "c", "d"])
    assert list(plan.apply(frame).index) == ["b", "d"]
    assert list(plan.apply(pd.DataFrame({"punkte": [1, 2]}), columns={"score": "punkte"})["punkte"]) == [2]
    assert plan.apply(pd.DataFrame({"score": [2.5, 0.5]})).empty


def test_decrypting_may_be_narrower_than_reading() -> None:
    fields = {"email": Field(sensitivity="public")}
    rights = [Grant(["read", "update"], "contact", scope="all"), Grant("decrypt", "contact", scope="own")]
    for actions, wanted in ((["read", "update", "decrypt"], "masked"), (["read", "update"], "write")):
        resource = Resource("contact", fields=fields, actions=actions, owner="owner_id")
        grants = [grant for grant in rights if set(grant.actions) <= set(actions)]
        me = Engine(Policy([resource], [Role("r", grants=grants)]), [Assignment("u1", "r")]).view("u1")
        box: FieldAccess = me.decrypting()
        assert isinstance(box, FieldAccess)
        assert box.level("contact", "email", {"owner_id": "u1"}) == "write"
        assert box.level("contact", "email", {"owner_id": "u2"}) == wanted
        assert box.level("contact", "email", None) == wanted
        assert box.level("contact", "owner_id", {"owner_id": "u2"}) == "hidden"


def test_plans_take_records_that_are_objects() -> None:
    Contact = attrs.make_class("Contact", ["name", "owner_id", "team_id"])  # noqa: N806 - a class
    mine, other = Contact("Ann", "u1", None), Contact("Bo", "x", None)
    plan = view().filter("read", "contact")
    assert plan.select([mine, other]) == [mine]
    assert plan.allows(mine)
