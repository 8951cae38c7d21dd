"""Static separation, numbers of members and prerequisites: refused where assignments are given."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

import pytest

from crmkit.errors import NotFoundError, SchemaError
from crmkit.permissions import (
    Assignment,
    Engine,
    Exemption,
    Grant,
    OrgChart,
    Policy,
    Resource,
    Role,
    SoD,
    check_access_not_granted,
    constraint_breaches,
)

AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
INVOICE = Resource("invoice", actions=["create", "approve"])
ROLES = [
    Role("maker", grants=[Grant("create", "invoice", scope="all")]),
    Role("checker", grants=[Grant("approve", "invoice", scope="all")]),
    Role("boss", inherits=["checker"]),
    Role("owner", max_members=2),
    Role("trained"),
    Role("senior", inherits=["trained"]),
    Role("driver", requires=["trained"]),
]


def policy(**options: Any) -> Policy:
    separation = SoD("four eyes", members=["invoice.create", "invoice.approve"], **options)
    return Policy([INVOICE], ROLES, sod=[separation])


def held(*pairs: tuple[str, str], **times: Any) -> list[Assignment]:
    return [Assignment(who, role, **times) for who, role in pairs]


def told(given: list[Assignment], made: Policy | None = None) -> list[tuple[str, str, tuple[str, ...], dt.timedelta]]:
    found = constraint_breaches(policy() if made is None else made, given, at=AT)
    return [(one.kind, one.name, one.principals, one.at - AT) for one in found]


def test_duties_are_separated_by_what_roles_bring() -> None:
    assert told(held(("ann", "maker"), ("bob", "checker"))) == []
    now = dt.timedelta(0)
    assert told(held(("ann", "maker"), ("ann", "boss"))) == [("separation", "four eyes", ("ann",), now)]
    in_tenants = [Assignment("ann", "maker", tenant="t1"), Assignment("ann", "checker", tenant="t2")]
    assert told(in_tenants) == [("separation", "four eyes", ("ann",), now)]


def test_what_begins_later_is_found_now() -> None:
    later = [*held(("ann", "maker"), not_after=AT + 5 * DAY), *held(("ann", "checker"), not_before=AT + 3 * DAY)]
    assert told(later) == [("separation", "four eyes", ("ann",), 3 * DAY)]
    apart = [*held(("ann", "maker"), not_after=AT + 3 * DAY), *held(("ann", "checker"), not_before=AT + 3 * DAY)]
    assert told(apart) == []
    over = [*held(("ann", "maker"), not_after=AT), *held(("ann", "checker"))]
    assert told(over) == []


def test_an_exception_excuses_until_it_ends() -> None:
    excused = policy(exceptions=[Exemption("ann", AT + DAY, approver="bob", reason="year end")])
    both = held(("ann", "maker"), ("ann", "checker"))
    assert told(both, excused) == [("separation", "four eyes", ("ann",), DAY)]
    assert told(held(("ann", "maker"), ("ann", "checker"), not_after=AT + DAY), excused) == []
    assert [one[2] for one in told(held(("bob", "maker"), ("bob", "checker")), excused)] == [("bob",)]


def test_no_more_than_so_many_hold_a_role_at_once() -> None:
    assert told(held(("a", "owner"), ("b", "owner"), ("a", "owner"))) == []
    assert told(held(("a", "owner"), ("b", "owner"), ("c", "owner"))) == [
        ("members", "owner", ("a", "b", "c"), dt.timedelta(0))
    ]
    handing_over = [*held(("a", "owner"), ("b", "owner"), not_after=AT + DAY),
                    *held(("c", "owner"), ("d", "owner"), not_before=AT + DAY)]  # fmt: skip
    assert told(handing_over) == []
    assert told([*handing_over, *held(("e", "owner"))]) == [("members", "owner", ("a", "b", "e"), dt.timedelta(0))]
    soon = [*held(("a", "owner"), ("b", "owner")), *held(("c", "owner"), not_before=AT + DAY)]
    assert told(soon) == [("members", "owner", ("a", "b", "c"), DAY)]


def test_a_role_needs_its_prerequisite_for_as_long_as_it_is_held() -> None:
    assert told(held(("ann", "driver"), ("ann", "trained"))) == []
    assert told(held(("ann", "driver"), ("ann", "senior"))) == []
    assert told(held(("ann", "driver"), ("bob", "trained"))) == [("prerequisite", "driver", ("ann",), dt.timedelta(0))]
    lapsing = [*held(("ann", "driver")), *held(("ann", "trained"), not_after=AT + DAY)]
    assert told(lapsing) == [("prerequisite", "driver", ("ann",), DAY)]


def test_an_engine_refuses_what_breaks_a_constraint_or_reports_it(caplog: pytest.LogCaptureFixture) -> None:
    both = held(("ann", "maker"), ("ann", "checker"))
    options: dict[str, Any] = {"now": lambda: AT}
    with pytest.raises(SchemaError, match="separation of duties 'four eyes' is broken by 'ann' at 2026-06-01"):
        Engine(policy(), both, **options)
    crowd = held(*((f"u{number}", "driver") for number in range(9)))
    with pytest.raises(SchemaError, match="and 6 more"):
        Engine(policy(), crowd, **options)
    with pytest.raises(SchemaError, match="role 'owner' has 9 members"):
        Engine(policy(), held(*((f"u{number}", "owner") for number in range(9))), **options)
    made = Engine(policy(), both[:1], **options)
    with pytest.raises(SchemaError, match="four eyes"):
        made.replace(assignments=both)
    assert made.assignments == tuple(both[:1])
    with caplog.at_level(logging.WARNING):
        assert Engine(policy(), both, constraints="report", **options).view("ann").may("approve", "invoice")
    assert "break 1 constraints" in caplog.text
    with pytest.raises(NotFoundError, match="way with constraints"):
        Engine(policy(), [], constraints="maybe", **options)  # type: ignore[arg-type]  # a typing error


def test_members_are_counted_where_nothing_else_is_constrained():
    made = Policy([INVOICE], [Role("owner", max_members=1)])
    assert told(held(("ann", "owner"), ("bob", "owner")), made)[0][:2] == ("members", "owner")


def test_a_prerequisite_that_lacks_at_two_moments_is_told_once():
    given = [*held(("ann", "driver")), *held(("ann", "owner"), not_before=AT + DAY)]
    assert told(given) == [("prerequisite", "driver", ("ann",), dt.timedelta(0))]


def test_who_is_in_a_tenant_without_the_right_is_not_told_of():
    made = Policy([INVOICE], [Role("viewer"), Role("maker", grants=[Grant("create", "invoice", scope="all")])])
    given = held(("ann", "viewer"), tenant="acme")
    assert check_access_not_granted(made, [("create", "invoice")], given) == []


def test_territories_above_are_worked_out_once():
    org = OrgChart(territories={"oslo": "norway", "norway": None})
    assert org.around("oslo") == org.around("oslo")
