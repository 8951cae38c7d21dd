"""Reviews, offboarding and least privilege: what speaks against a role, and that the proposal denies nothing used."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crmkit.errors import IntegrityError, NotFoundError, SchemaError
from crmkit.permissions import (
    FLAGS,
    Assignment,
    Engine,
    Exemption,
    Grant,
    OrgChart,
    Policy,
    Principal,
    Resource,
    Role,
    SoD,
    least_privilege,
    offboard,
    review,
    simulate,
)
from crmkit.typing import UsageSource

AT = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
DEAL = Resource("deal", actions=["read", "update", "delete", "export"], owner="owner_id", team="team_id")
INVOICE = Resource("invoice", actions=["create", "approve"])


def days(number: int) -> dt.datetime:
    return AT - dt.timedelta(days=number)


class UsageLog:
    """What an audit log says of use."""

    def __init__(self, *uses: tuple[str, str, str | None, int], verified: bool = True) -> None:
        self.verified = verified
        self._uses = [
            SimpleNamespace(actor=actor, action=action, resource=None if key is None else ("deal", key), at=days(ago))
            for actor, action, key, ago in uses
        ]

    def usage(self, *, since: dt.datetime) -> Any:
        return [use for use in self._uses if use.at >= since]


ROLES = [
    Role("sales", grants=[Grant(["read", "update"], "deal", scope="all")], function="sales", owner="lea"),
    Role("lead", inherits=["sales"], grants=[Grant("delete", "deal", scope="all")], function="sales"),
    Role("admin", privileged=True, grants=[Grant("export", "deal", scope="all"), Grant("*", "invoice", scope="all")]),
]
POLICY = Policy(
    [DEAL, INVOICE], ROLES,
    sod=[SoD("four eyes", members=["invoice.create", "invoice.approve"], exceptions=[
        Exemption("amy", AT + dt.timedelta(days=1), approver="lea", reason="small office")])],
)  # fmt: skip
PEOPLE = OrgChart(
    [
        Principal("ann", manager="lea"),
        Principal("bob", status="left"),
        Principal("lea"),
        Principal("amy"),
        Principal("cy"),
    ]
)
HELD = [
    Assignment("ann", "lead", granted_by="lea", reason='=HYPERLINK("x")', ticket="T-1", granted_at=days(400)),
    Assignment("bob", "sales", granted_by="bob", not_before=days(30), reason="+cmd|x"),
    Assignment("ghost", "sales", reason="x"),
    Assignment("cy", "admin", reason="x"),
    Assignment("amy", "admin", reason="x", not_after=days(1)),
    Assignment("lea", "sales", reason="x"),
    Assignment("lea", "sales", reason="x"),
    Assignment("ann", "retired"),
]
USES = UsageLog(
    ("ann", "deal.read", "1", 10),
    ("lea", "update", "2", 100),
    ("ann", "deal.unknown", None, 5),
    ("zoe", "read", None, 3),
)


def made(**options: Any) -> Any:
    return review(POLICY, HELD, org=PEOPLE, at=AT, **options)


def flags(found: Any, who: str, role: str) -> tuple[str, ...]:
    return next(row.flags for row in found.rows if (row.principal, row.role) == (who, role))


def test_a_review_lists_every_role_of_everybody_and_what_speaks_against_it() -> None:
    assert isinstance(USES, UsageSource)
    found = made(usage=USES, functions={"ann": "support", "lea": "sales"})
    assert [(row.principal, row.role, row.via) for row in found.rows] == [
        ("amy", "admin", "admin"), ("ann", "lead", "lead"), ("ann", "sales", "lead"), ("bob", "sales", "sales"),
        ("cy", "admin", "admin"), ("ghost", "sales", "sales"), ("lea", "sales", "sales"),
        ("lea", "sales", "sales"),
    ]  # fmt: skip
    assert flags(found, "ann", "lead") == ("mover",)
    assert flags(found, "bob", "sales") == ("leaver", "never_used", "self_granted")
    assert flags(found, "ghost", "sales") == ("orphan", "never_used")
    assert flags(found, "cy", "admin") == ("never_used", "privileged", "sod", "permanent")
    assert flags(found, "amy", "admin") == ("expired", "never_used", "privileged")
    assert flags(found, "lea", "sales") == ("stale", "duplicate")
    assert found.notes == ("role 'retired' is not in the policy",)
    assert {flag for row in found.rows for flag in row.flags} | {"no_reason"} == FLAGS.keys()
    ann = found.rows[1]
    assert (ann.last_used, ann.since, ann.status, ann.reason) == (days(10), days(400), "active", '=HYPERLINK("x") T-1')
    assert not found.ok
    assert found.counts()["orphan"] == 1
    assert repr(found) == "<Review of 8 rows, 8 flagged, 0 decided>"


def test_use_is_not_judged_by_a_log_that_does_not_verify() -> None:
    found = made(usage=UsageLog(verified=False))
    assert not {"stale", "never_used"} & found.counts().keys()
    assert "does not verify" in found.notes[0]
    assert not {"stale", "never_used"} & made().counts().keys()
    assert review(POLICY, [], org=PEOPLE).ok


class Sink:
    def __init__(self) -> None:
        self.events: list[Any] = []

    def record(self, action: str, **event: Any) -> None:
        self.events.append((action, event))


def test_decisions_are_signed_against_the_list_that_was_shown() -> None:
    found = made()
    decided = found.decide("bob", "sales", "keep", by="lea").decide("bob", "sales", "revoke", by="lea", comment="left")
    decided = decided.decide("ann", "lead", "keep", by="lea")
    assert decided.digest == found.digest
    assert len(found.open()) - len(decided.open()) == 2
    assert decided.revocations(HELD) == [HELD[1]]
    sink = Sink()
    decided.sign_off(sink, by="lea", digest=found.digest)
    assert [action for action, _ in sink.events] == ["review.decided", "review.decided", "review.signed"]
    assert sink.events[0][1]["detail"]["verdict"] == "revoke"
    with pytest.raises(IntegrityError, match="another review"):
        decided.sign_off(sink, by="lea", digest="0" * 64)
    with pytest.raises(NotFoundError, match="no row"):
        found.decide("bob", "lead", "keep", by="lea")
    with pytest.raises(NotFoundError, match="unknown verdict 'kepe'"):
        found.decide("bob", "sales", "kepe", by="lea")
    assert made(usage=USES).digest != found.digest
    assert decided.to_dict()["decided"] == 2
    assert decided.to_frame(like=[{}])[3]["decision"] == "revoke"


def test_a_role_held_in_two_tenants_or_by_two_ways_has_a_row_for_each_and_loses_no_flag() -> None:
    people = OrgChart([Principal("ann", tenant="de")])
    held = [
        Assignment("ann", "sales", tenant="fr", granted_by="ann", not_after=days(1)),
        Assignment("ann", "sales", tenant="de", granted_by="lea", reason="x"),
        Assignment("ann", "sales", granted_by="lea", reason="y"),
        Assignment("ann", "lead", granted_by="ann", reason="x"),
    ]
    for order in (held, held[::-1]):
        found = review(POLICY, order, org=people, at=AT)
        assert {(row.role, row.via, row.tenant): row.flags for row in found.rows} == {
            ("sales", "sales", "fr"): ("expired", "self_granted", "no_reason"),
            ("sales", "sales", "de"): ("duplicate",),
            ("sales", "sales", None): ("duplicate",),
            ("lead", "lead", None): ("self_granted",),
            ("sales", "lead", None): ("self_granted",),
        }
    abroad = found.decide("ann", "sales", "revoke", by="lea", tenant="fr")
    assert abroad.revocations(held) == held[:1]
    assert [(row.role, row.tenant) for row in abroad.open()] == [("lead", None), ("sales", None), ("sales", "de")]
    everywhere = abroad.decide("ann", "sales", "revoke", by="lea").decide("ann", "sales", "keep", by="lea", tenant="de")
    assert everywhere.revocations(held) == [held[0], held[2]]
    assert [row["decision"] for row in everywhere.to_frame(like=[])] == [None, None, "revoke", "keep", "revoke"]
    page = everywhere.to_html()
    assert ">in fr</span>" in page
    assert page.count("<b>revoke</b>") == 2
    with pytest.raises(NotFoundError, match="no row"):
        found.decide("ann", "sales", "keep", by="lea", tenant="es")


def test_a_role_that_another_brings_is_not_decided_alone() -> None:
    found = review(POLICY, HELD[:1], org=PEOPLE, at=AT)
    with pytest.raises(NotFoundError, match="comes to 'ann' by 'lead' only"):
        found.decide("ann", "sales", "revoke", by="lea")


def test_a_spreadsheet_shows_the_review_and_runs_nothing(tmp_path: Path) -> None:
    path = made().to_csv(tmp_path / "review.csv")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[1]["reason"].startswith("'=HYPERLINK")
    assert rows[3]["reason"].startswith("'+cmd")
    assert rows[3]["principal"] == "bob"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_is_static_escapes_everything_and_speaks_both_languages(lang: Any, tmp_path: Path) -> None:
    people = OrgChart([Principal("<script>alert(1)</script>\u202e\x00")])
    held = [Assignment("<script>alert(1)</script>\u202e\x00", "sales", reason='"><img src=x>')]
    html = review(POLICY, held, org=people, at=AT).to_html(lang=lang)
    for wrong in ("<script", "<img", "\u202e", "\x00", "http:", "https:", "src="):
        assert wrong not in html.replace("src=x", ""), wrong
    found = made(usage=USES).decide("cy", "admin", "revoke", by="lea")
    page = found.save(tmp_path / "review.html", lang=lang, title=None).read_text(encoding="utf-8")
    for flag in {flag for row in found.rows for flag in row.flags}:
        assert FLAGS[flag][0 if lang == "en" else 1] in page
    assert found.digest in page
    assert ("<b>revoke</b> lea" if lang == "en" else "<b>撤销</b> lea") in page
    assert 'class="box"' in page
    assert "<table>" in found._repr_html_()
    assert "My review" in found.to_html(title="My review")
    with pytest.raises(NotFoundError, match="language"):
        found.to_html(lang="fr")  # type: ignore[arg-type]


def test_offboarding_lists_what_to_take_and_what_to_hand_over() -> None:
    made_engine = Engine(
        POLICY,
        [one for one in HELD if one.role != "retired" and one.principal != "ghost"],
        org=PEOPLE,
        constraints="report",
    )
    records = {"deal": [{"id": 1, "owner_id": "lea"}, {"id": 2, "owner_id": "ann"}], "invoice": [{"id": 1}]}
    found = offboard(made_engine, "lea", records=records)
    assert found.revoke == (HELD[5], HELD[6])
    assert found.granted == (HELD[0],)
    assert (dict(found.owned), found.reports, found.exemptions, found.owned_roles) == (
        {"deal": (1,)},
        ("ann",),
        ("four eyes",),
        ("sales",),
    )
    assert offboard(made_engine, "nobody").revoke == ()


ORG = OrgChart([Principal("ann", teams=["red"]), Principal("bob", teams=["red"]), Principal("cy")])
RECORDS = {
    "deal": {
        "1": {"id": "1", "owner_id": "ann", "team_id": "red"},
        "2": {"id": "2", "owner_id": "cy", "team_id": "red"},
    }
}
TEAM = [
    Assignment("ann", "sales"),
    Assignment("bob", "sales"),
    Assignment("cy", "admin"),
    Assignment("ann", "admin", not_after=days(300)),
]


def test_what_nobody_used_is_suggested_and_the_replay_denies_nothing() -> None:
    log = UsageLog(("ann", "deal.read", "1", 60), ("ann", "read", "2", 20))
    found = least_privilege(POLICY, TEAM, log, at=AT, org=ORG, records=RECORDS)
    assert {(one.kind, one.role, one.permission, one.principals) for one in found.suggestions} == {
        ("unused_permission", "sales", "deal.update", ("ann", "bob")),
        ("unused_assignment", "sales", None, ("bob",)),
        ("unused_role", "admin", None, ("cy",)),
        ("unused_permission", "admin", "deal.export", ("cy",)),
        ("unused_permission", "admin", "invoice.create", ("cy",)),
        ("unused_permission", "admin", "invoice.approve", ("cy",)),
        ("narrower_scope", "sales", "deal.read", ()),
    }
    assert "team was enough for all 2 uses" in found.suggestions[-1].detail
    less = found.proposal()
    assert [grant.actions for grant in less.roles["sales"].grants] == [("read",)]
    assert less.roles["admin"].grants == ()
    assert less.roles["lead"].grants == ROLES[1].grants
    replay = simulate(less, TEAM, log, since=days(90), org=ORG)
    assert replay.ok
    assert replay.allowed == 2
    assert not found.ok
    assert found.counts()["unused_permission"] == 4
    assert found.to_frame(like=[{}])[0]["kind"]
    assert found.to_dict()["withheld"] is None
    assert "<table>" in found._repr_html_()
    assert repr(found) == "<LeastPrivilege: 7 suggestions>"


def test_nothing_is_suggested_by_a_log_that_says_too_little() -> None:
    for log, reason in ((UsageLog(verified=False), "does not verify"), (UsageLog(), "less than 30 days"),
                        (UsageLog(("ann", "read", "1", 5)), "less than 30 days")):  # fmt: skip
        found = least_privilege(POLICY, TEAM, log, at=AT, org=ORG)
        assert found.suggestions == ()
        assert reason in str(found.withheld)
        assert reason in repr(found)
        assert not found.ok
    least_privilege(Policy([DEAL]), [], UsageLog(("ann", "read", "1", 60)), at=AT)


def test_a_role_used_by_groups_with_nothing_in_common_could_be_two() -> None:
    log = UsageLog(
        ("ann", "read", "1", 60), ("bob", "update", "1", 50), ("cy", "update", "2", 40), ("cy", "read", "1", 2)
    )
    held = [Assignment(who, "sales") for who in ("ann", "bob")]
    (found,) = [
        one for one in least_privilege(POLICY, held, log, at=AT, org=ORG).suggestions if one.kind == "split_role"
    ]
    assert "ann | bob" in found.detail
    joined = least_privilege(POLICY, [*held, Assignment("cy", "sales")], log, at=AT, org=ORG)
    assert "split_role" not in joined.counts()


def test_a_replay_names_what_would_have_been_denied_and_what_nobody_can_tell() -> None:
    own = Policy(
        [DEAL], [Role("sales", grants=[Grant("read", "deal", scope="own"), Grant("export", "deal", effect="deny")])]
    )
    log = UsageLog(("ann", "read", "1", 5), ("ann", "read", "2", 4), ("ann", "read", "9", 3), ("ann", "delete", "1", 2),
                   ("zoe", "read", "1", 1), ("ann", "read", None, 1))  # fmt: skip
    found = simulate(own, TEAM[:1], log, since=days(90), org=ORG, records=RECORDS)
    assert found.allowed == 1
    assert [(use.actor, use.action, use.resource) for use in found.denied] == [
        ("ann", "read", ("deal", "2")), ("ann", "delete", ("deal", "1")), ("zoe", "read", ("deal", "1"))
    ]  # fmt: skip
    assert [use.resource for use in found.unsure] == [("deal", "9")]
    assert not found.ok
    with pytest.raises(TypeError, match=r"use \.ok"):
        bool(found)
    with pytest.raises(SchemaError, match="does not verify"):
        simulate(own, TEAM[:1], UsageLog(verified=False), since=AT)
