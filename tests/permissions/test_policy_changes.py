"""Linting, and what a change of policy changes, held against every record of a small world."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from typing import Any

import pytest

from crmkit.errors import CheckFailedError
from crmkit.permissions import (
    LINT_CODES,
    NOW,
    Assignment,
    Custom,
    Engine,
    Exemption,
    Field,
    FieldRule,
    Grant,
    OrgChart,
    Policy,
    Principal,
    Resource,
    Role,
    SoD,
    check_access_not_granted,
    check_no_new_access,
    context,
    diff,
    lint,
    principal,
    record,
)
from crmkit.permissions._decisions._compare import changes
from crmkit.permissions._decisions._compile import Compiled
from crmkit.permissions._decisions._regions import regions
from crmkit.permissions._decisions._separation import violations

AT = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
DEAL = Resource(
    "deal",
    fields={
        "stage": Field(sensitivity="public"),
        "score": Field("int"),
        "email": Field(sensitivity="pii"),
        "vip": Field("bool"),
        "path": Field(),
        "due": Field("date"),
        "amount": Field("decimal"),
        "tags": Field("list"),
        "seen": Field("datetime"),
        "ratio": Field("float"),
        "note": Field(collation="binary"),
    },
    actions=["read", "update", "delete"],
    owner="owner_id",
    team="team_id",
    tenant="tenant_id",
)
ORG = OrgChart(
    [Principal("ann", tenant="t1", teams=["red"]), Principal("bob", tenant="t1"), Principal("off", status="left")]
)
HELD = [Assignment("ann", "r"), Assignment("bob", "r"), Assignment("off", "r")]


def policy(*grants: Grant, rules: Any = (), **options: Any) -> Policy:
    return Policy(
        [DEAL], [Role("r", grants=grants, field_rules=rules, owner="boss"), *options.pop("roles", [])], **options
    )


def allow(actions: Any = "read", scope: Any = "all", **options: Any) -> Grant:
    return Grant(actions, "deal", scope=scope, **options)


def verdicts(old: Policy, new: Policy, **options: Any) -> set[tuple[str, str, str]]:
    found = diff(old, new, HELD, org=ORG, at=AT, **options)
    return {(one.principal, one.action, one.verdict) for one in found.changes if ":" not in one.action}


BOTH = {"ann", "bob"}


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (record.score.gt(1), record.score.gt(1), None),
        (record.score.gt(1), record.score.ge(2), None),
        (record.score.gt(1), record.score.gt(2), "narrower"),
        (record.score.gt(1), record.score.gt(0), "wider"),
        (record.score.gt(1), record.score.lt(1), "different"),
        (record.amount.gt(1), record.amount.ge(1), "wider"),
        (record.amount.gt(Decimal("1.1")), record.amount.gt(Decimal("1.2")), "narrower"),
        (record.ratio.gt(1.0), record.ratio.gt(1.5), "narrower"),
        (record.due.gt(dt.date(2026, 1, 1)), record.due.ge(dt.date(2026, 1, 2)), None),
        (record.seen.gt(AT), record.seen.ge(AT), "wider"),
        (record.stage.eq("a"), record.stage.is_in(["a", "b"]), "wider"),
        (~record.stage.eq("a"), record.stage.ne("a"), None),
        (record.stage.eq("a") | ~record.stage.eq("a"), ~record.stage.is_null(), None),
        (record.path.under("a"), record.path.under("a/b"), "narrower"),
        (record.path.starts_with("a"), record.path.under("a"), "narrower"),
        (record.path.under("a/"), record.path.under("a"), None),
        (record.vip.eq(True), record.vip.ne(False), None),
        (record.vip.eq(True), ~record.vip.is_null(), "wider"),
        (record.tags.contains("a"), record.tags.contains("a") | record.tags.contains("b"), "wider"),
        (
            record.tags.contains("a") & record.tags.contains("b"),
            record.tags.contains("b") & record.tags.contains("a"),
            None,
        ),
        (record.stage.eq(record.path), record.stage.eq(record.path) & ~record.path.is_null(), None),
        (record.stage.eq(record.path), record.stage.ne(record.path), "different"),
        (record.stage.has_text("a"), record.stage.has_text("a") & record.stage.has_text("b"), "unknown"),
        (record.stage.has_text("a"), record.stage.has_text("a") | record.stage.eq("b"), "unknown"),
        (record.note.lt("a"), record.note.lt("b"), "unknown"),
        (record.seen.lt(NOW), record.seen.lt(NOW) | record.seen.is_null(), "unknown"),
        (record.seen.lt(NOW) & record.score.gt(1), record.seen.lt(NOW) & record.score.ge(2), "unknown"),
        (
            record.stage.is_in([str(n) for n in range(200)]) & record.path.is_in([str(n) for n in range(200)]),
            record.path.is_in([str(n) for n in range(200)])
            & record.stage.is_in([str(n) for n in range(200)])
            & ~record.path.is_null(),
            "unknown",
        ),
    ],
)
def test_a_change_of_condition_is_told_exactly_or_not_at_all(old: Any, new: Any, wanted: str | None) -> None:
    found = verdicts(policy(allow(when=old)), policy(allow(when=new)))
    if wanted == "unknown" and not found:
        pytest.fail("nothing was said")
    assert found == ({(who, "read", wanted) for who in BOTH} if wanted else set())


def test_each_verdict_has_a_record_that_both_engines_answer_so() -> None:
    old, new = policy(allow(scope="own")), policy(allow(scope="team", when=record.score.gt(1)))
    found = diff(old, new, HELD, org=ORG, at=AT)
    engines = [Engine(one, HELD, org=ORG) for one in (old, new)]
    (ann,) = [one for one in found.changes if (one.principal, one.action) == ("ann", "read")]
    assert ann.verdict == "different"
    for witness, wanted in ((ann.gained, [False, True]), (ann.lost, [True, False])):
        assert [engine.view("ann").allows("read", "deal", witness) for engine in engines] == wanted
    fields = {one.action for one in found.changes if one.principal == "ann" and ":" in one.action}
    assert fields == {"stage:masked", "stage:read"}


def test_random_changes_agree_with_every_record_of_a_small_world() -> None:
    pytest.importorskip("hypothesis", reason="property tests")
    from hypothesis import given, settings
    from hypothesis import strategies as st

    atoms = st.sampled_from(
        [
            record.score.gt(1),
            record.score.le(1),
            record.score.eq(2),
            record.stage.eq("a"),
            record.stage.ne("a"),
            record.stage.is_null(),
            record.vip.eq(True),
            record.stage.is_in(["a", "b"]),
            record.owner_id.eq(principal.id),
        ]
    )
    whens = st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.builds(lambda a, b: a & b, inner, inner),
            st.builds(lambda a, b: a | b, inner, inner),
            st.builds(lambda a: ~a, inner),
        ),
        max_leaves=5,
    )
    rows = [
        dict(zip(("score", "stage", "vip", "owner_id", "tenant_id"), cells, strict=True))
        for cells in itertools.product(
            (None, 0, 1, 2, 3), (None, "a", "b", "z"), (None, True, False), (None, "ann", "bob"), ("t1",)
        )
    ]

    @settings(deadline=None, max_examples=60)
    @given(whens, whens)
    def holds(one: Any, other: Any) -> None:
        old, new = policy(allow(when=one)), policy(allow(when=other))
        views = [Engine(each, HELD, org=ORG).view("ann", at=AT) for each in (old, new)]
        answers = {tuple(view.allows("read", "deal", row) for view in views) for row in rows}
        gained, lost = (False, True) in answers, (True, False) in answers
        wanted = {(True, True): "different", (True, False): "wider", (False, True): "narrower"}.get((gained, lost))
        found = {verdict for who, _, verdict in verdicts(old, new) if who == "ann"}
        assert found == ({wanted} if wanted else set())
        assert check_no_new_access(old, new, HELD[:1], org=ORG, at=AT).ok is (not gained)

    holds()


def test_roles_resources_actions_and_fields_that_come_and_go() -> None:
    old = policy(allow("*"))
    assert {(a, v) for _, a, v in verdicts(old, Policy([DEAL], [Role("r")]))} == {
        (a, "narrower") for a in ("read", "update", "delete")
    }
    other = Resource("case", actions=["read"], fields={"x": Field(sensitivity="public")})
    new = Policy([other], [Role("r", grants=[Grant("read", "case", scope="all")]), Role("s")])
    found = diff(old, new, HELD, org=ORG, at=AT)
    assert ("ann", "case", "read", "wider") in {(c.principal, c.resource, c.action, c.verdict) for c in found.changes}
    assert ("ann", "deal", "read", "narrower") in {
        (c.principal, c.resource, c.action, c.verdict) for c in found.changes
    }
    assert (found.roles_added, found.roles_removed) == (("s",), ())
    retyped = Resource("deal", actions=["read"], fields={"score": Field()}, tenant="tenant_id")
    changed = Policy([retyped], [Role("r", grants=[allow(when=record.score.eq("1"))])])
    assert ("ann", "read", "unknown") in verdicts(policy(allow(when=record.score.eq(1))), changed)
    assert verdicts(policy(allow()), Policy([DEAL], [])) == {(who, "read", "narrower") for who in BOTH}


def test_a_diff_reports_itself_and_gates_refuse_what_cannot_be_told() -> None:
    old, new = policy(allow(when=record.score.gt(1))), policy(allow(when=record.score.gt(0)), rules=[
        FieldRule("deal", "read", sensitivity="pii", scope="all")])  # fmt: skip
    found = diff(old, new, HELD, org=ORG, at=AT)
    assert not found.ok
    assert found.counts()["wider"] == len(found.changes)
    assert "wider" in repr(found)
    assert "<table>" in found._repr_html_()
    assert found.to_dict()["before"] == old.digest
    assert found.to_frame(like=[{}])[0]["verdict"] == "wider"
    with pytest.raises(CheckFailedError):
        found.raise_for()
    with pytest.raises(TypeError, match=r"use \.ok"):
        bool(found)
    same = diff(old, old, HELD, org=ORG, at=AT)
    assert same.ok
    assert repr(same) == "<PolicyDiff: no change>"
    assert not check_no_new_access(old, new, HELD, org=ORG, at=AT).ok
    assert check_no_new_access(new, old, HELD, org=ORG, at=AT).ok
    custom = Policy([DEAL], [Role("r", grants=[allow(when=Custom("p"))])], predicates=["p"], masks={"m": "phone"})
    predicates: Any = {"p": lambda *_: False}
    assert not check_no_new_access(policy(), custom, HELD, org=ORG, predicates=predicates).ok
    assert not diff(old, new, HELD).changes  # people out of the assignments are in no tenant
    assert check_access_not_granted(old, [("read", "deal"), ("delete", "deal")], HELD, org=ORG, except_for=["ann"]) == [
        "'bob' may read deal by r"
    ]


def test_regions_hold_a_value_on_each_side_of_every_mark() -> None:
    conditions = (
        record.score.gt(1) & record.score.lt(2) & record.due.gt(dt.date(2026, 1, 1)),
        record.note.is_null() | record.amount.is_null(),
    )
    found = regions(conditions, DEAL)
    assert found.complete
    assert found.values["score"] == (None, 0, 1, 2, 3)
    assert len(list(found.records())) == 5 * 4 * 2 * 2


# Linting


def codes(*arguments: Any, **options: Any) -> dict[str, int]:
    return dict(lint(*arguments, **options).counts())


def test_what_is_probably_a_mistake_is_found() -> None:
    pii = FieldRule("deal", "read", fields="*", scope="own")
    cases: list[tuple[Policy, str]] = [
        (policy(allow(when=record.score.gt(2) & record.score.lt(1))), "never_true"),
        (policy(allow(when=record.stage.is_in([]))), "never_true"),
        (policy(allow(when=~record.stage.is_in([]))), "always_true"),
        (policy(allow(), Grant("*", "deal", effect="deny")), "shadowed"),
        (policy(allow(), allow(scope="own")), "redundant_in_role"),
        (policy(allow(), allow()), "redundant_in_role"),
        (policy(allow(scope="own"), allow(scope=["own", "team"])), "redundant_in_role"),
        (
            policy(allow(when=record.score.gt(1)), allow(scope="own", when=record.score.gt(1) & record.vip.eq(True))),
            "redundant_in_role",
        ),
        (
            policy(roles=[Role("s", inherits=["r2"], grants=[allow(scope="own")]), Role("r2", grants=[allow()])]),
            "redundant_by_inheritance",
        ),
        (policy(Grant("read", "deal", effect="deny")), "deny_never_bites"),
        (policy(allow(cross_tenant=True)), "cross_tenant"),
        (policy(rules=[pii]), "wildcard_sensitive"),
        (policy(allow("update")), "write_without_read"),
        (policy(allow(when=record.email.eq("x"))), "sensitive_in_condition"),
        (policy(allow(), roles=[Role("s", grants=[allow()])]), "identical_roles"),
        (policy(), "empty_role"),
        (policy(roles=[Role("s")]), "role_without_owner"),
        (policy(), "granted_to_nobody"),
        (policy(allow(when=record.tags.contains("x"))), "untranslatable"),
        (policy(roles=[Role("sales"), Role("ѕales"), Role("sаles")]), "confusable_names"),
        (policy(allow(["read", "update"]), sod=[SoD("s", members=["deal.read", "deal.update"])]), "sod_unsatisfiable"),
    ]
    for number, (made, code) in enumerate(cases):
        found = codes(made)
        assert code in found, (number, code, found)
        assert found.keys() <= LINT_CODES.keys()
    clean = policy(allow("*", scope="own"), rules=[FieldRule("deal", "read", fields=["email"], scope="own")])
    assert codes(clean) == {}
    fine = [
        record.email.eq("x"),
        principal.teams.contains("x"),
        context.c.eq("x"),
        Custom("p"),
        record.stage.has_text("x"),
    ]
    for when in fine:
        made = policy(
            allow("*", when=when),
            rules=[FieldRule("deal", "read", fields=["email"], scope="all")],
            context={"c": "str"},
            predicates=["p"],
        )
        assert codes(made) == {}
    dynamic = policy(allow("*"), sod=[SoD("s", members=["deal.read", "deal.update"], kind="dynamic")])
    assert codes(dynamic) == {}
    different = policy(
        allow(when=record.score.gt(1) & record.vip.eq(True)), allow(when=record.score.gt(2) & record.vip.eq(True))
    )
    assert "redundant_in_role" not in codes(different)
    apart = policy(allow(when=record.score.gt(1) | record.vip.eq(True)), allow(when=record.score.gt(2)))
    assert "redundant_in_role" not in codes(apart)


def test_what_is_wrong_with_assignments_is_found() -> None:
    made = Policy(
        [DEAL],
        [
            Role("admin", privileged=True, grants=[allow("*")], max_members=1, owner="x"),
            Role("clerk", grants=[allow()], owner="x"),
            Role("payer", grants=[allow("update")], requires=["clerk"], owner="x"),
            Role("nobody", grants=[allow("delete", scope="own")], owner="x"),
        ],
        sod=[
            SoD(
                "two",
                members=["clerk", "payer"],
                exceptions=[Exemption("off", AT + dt.timedelta(1), approver="x", reason="y")],
            ),
            SoD("dyn", members=["clerk", "payer"], kind="dynamic"),
        ],
    )
    past = AT - dt.timedelta(days=1)
    held = [
        Assignment("ann", "admin"),
        Assignment("bob", "admin"),
        Assignment("ann", "payer"),
        Assignment("ann", "gone"),
        Assignment("zoe", "clerk"),
        Assignment("bob", "clerk", not_after=past),
        Assignment("bob", "clerk"),
        Assignment("bob", "clerk"),
        Assignment("bob", "payer"),
        Assignment("off", "clerk"),
        Assignment("off", "payer"),
    ]
    found = codes(made, held, org=ORG, at=AT)
    for code, number in {
        "permanent_privilege": 2,
        "too_many_members": 1,
        "missing_prerequisite": 1,
        "unknown_member": 2,
        "expired_assignment": 1,
        "duplicate_assignment": 1,
        "role_without_members": 1,
        "sod_violated": 1,
    }.items():
        assert found.get(code) == number, code
    assert "no_administrator" not in found
    assert codes(made, [Assignment("off", "admin")], org=ORG)["no_administrator"] == 1
    assert "no_administrator" not in codes(made, [Assignment("x", "admin", not_after=AT)], at=past)
    broken = violations(Compiled(made), [one for one in held if one.role != "gone"], AT)
    assert {(one.principal, one.exempt) for one in broken} == {("bob", False), ("off", True)}


def test_a_lint_report_reports_itself() -> None:
    report = lint(policy(allow(), Grant("*", "deal", effect="deny")))
    assert not report.ok
    assert report.to_dict()["findings"]
    assert report.to_frame(like=[{}])[0]["code"] == "shadowed"
    assert "<table>" in report._repr_html_()
    assert "shadowed" in repr(report)
    assert repr(lint(Policy())) == "<LintReport: nothing found>"
    with pytest.raises(CheckFailedError, match=r"r\.grants\.0"):
        report.raise_for()
    lint(policy(allow("*", scope="own"))).raise_for("info")


def test_access_in_another_tenant_is_compared_too() -> None:
    deal = Resource("deal", actions=["read"], tenant="tenant_id")
    roles = [[], [Grant("read", "deal", scope="tenant")]]
    old, new = (Policy([deal], [Role("helper", grants=grants)]) for grants in roles)
    held = [Assignment("ann", "helper", tenant="t2"), Assignment("bo", "helper", tenant="t1")]
    org = OrgChart([Principal("ann", tenant="t1"), Principal("bo", tenant="t1")])
    found = check_no_new_access(old, new, held, org=org)
    assert not found.ok
    assert [(one.principal, one.tenant, one.gained) for one in found.changes if one.action == "read"] == [
        ("ann", "t2", {"tenant_id": "t2"}), ("bo", None, {"tenant_id": "t1"}),
    ]  # fmt: skip
    assert {"principal": "ann", "resource": "deal", "action": "read", "verdict": "wider", "tenant": "t2"} in (
        found.to_dict()["changes"]  # type: ignore[operator]  # a list
    )
    assert check_access_not_granted(new, [("read", "deal")], held, org=org) == [
        "'bo' may read deal by helper", "'ann' may read deal in tenant 't2'",
    ]  # fmt: skip
    assert check_access_not_granted(new, [("read", "deal")], held, org=org, except_for=["ann", "bo"]) == []


def test_a_change_of_people_is_told_as_a_change_of_access() -> None:
    deal = Resource("deal", actions=["read"], team="team_id", owner="owner_id", territory="land")
    policy = Policy([deal], [Role("r", grants=[Grant("read", "deal", scope=["team", "reports", "territory"])])])
    lands = {"de": "emea"}
    old = OrgChart([Principal("ann", teams=["red"], territories=["emea"]), Principal("bo"), Principal("cy")],
                   territories=lands)  # fmt: skip
    held = [Assignment("ann", "r")]
    for new, wanted in (
        (OrgChart([Principal("ann", teams=["red"], territories=["emea"])], territories=lands), set()),
        (OrgChart([Principal("ann", teams=["blue"], territories=["emea"])], territories=lands), {"different"}),
        (OrgChart([Principal("ann", territories=["emea"])], territories=lands), {"narrower"}),
        (OrgChart([Principal("ann", status="left")], territories=lands), {"narrower"}),
        (OrgChart([Principal("ann", teams=["red"], territories=["emea"]), Principal("bo", manager="ann")],
                  territories=lands), {"wider"}),
        (OrgChart([Principal("ann", teams=["red"], territories=["emea"])]), {"narrower"}),
    ):  # fmt: skip
        made = Engine(policy, held, org=old)
        before = made._state
        made.replace(org=new)
        found = list(changes((made, before), (made, made._state), AT))
        assert {one.verdict for one in found if one.action == "read"} == wanted
        assert {one.principal for one in found} <= {"ann"}
