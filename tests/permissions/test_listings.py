"""What searches find is a sequence, a table, plain data, and shows itself."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from crmkit import frames
from crmkit.permissions import Assignment, Engine, Grant, OrgChart, Outcome, Policy, Principal, Resource, Role, review

DEAL = Resource("deal", actions=["read", "delete"], owner="owner")
POLICY = Policy([DEAL], [
    Role("all", grants=[Grant("read", "deal", scope="all")]),
    Role("own", grants=[Grant(["read", "delete"], "deal", scope="own")]),
])  # fmt: skip
HELD = [
    Assignment("ann", "all"), Assignment("ann", "own"),
    Assignment("bob", "own", not_before=dt.datetime(2026, 1, 2, tzinfo=dt.UTC), reason="<b>"),
]  # fmt: skip
ENGINE = Engine(POLICY, HELD)


def test_a_listing_is_a_sequence_that_equals_lists() -> None:
    found = ENGINE.who_can("read", "deal")
    assert len(found) == 2
    assert [one.principal for one in found] == ["ann", "bob"]
    assert found[1].outcome is Outcome.DEPENDS
    assert found[-1] in found
    assert found == list(found) == found[:] == tuple(found)
    assert found[:1] != found
    assert found != "ann"
    assert found[:1] == [found[0]]
    assert repr(found) == "<Listing of 2 Access>"
    nothing = ENGINE.who_can("read", "deal", {"owner": None})[1:]
    assert not nothing
    assert nothing == []
    with pytest.raises(TypeError, match="unhashable"):
        hash(found)
    with pytest.raises(IndexError):
        found[2]


def test_a_listing_is_a_table_and_plain_data() -> None:
    found = ENGINE.who_can("read", "deal")
    assert found.to_frame(like=[]) == [
        {"principal": "ann", "outcome": "always", "roles": "all own"},
        {"principal": "bob", "outcome": "depends", "roles": "own"},
    ]
    assert json.loads(json.dumps(found.to_dict()))["rows"][0] == {
        "principal": "ann", "outcome": "always", "roles": ["all", "own"],
    }  # fmt: skip
    may = ENGINE.what_can("bob")
    assert [row["condition"] for row in may.to_frame(like=[])] == ["record.owner.eq('bob')"] * 2
    assert list(frames.read(may[:0].to_frame()).columns) == ["resource", "action", "outcome", "condition"]
    assert may[:0].to_dict() == {"rows": []}


def test_a_listing_shows_columns_that_hold_something_and_nothing_that_runs() -> None:
    seen = review(POLICY, HELD, org=OrgChart([Principal("ann"), Principal("bob")]))
    gone = seen.decide("bob", "own", "revoke", by="mia").revocations(HELD)
    assert gone == HELD[2:]
    page = gone._repr_html_()
    assert "To be taken away" in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "not before" in page
    assert "ticket" not in page
    assert json.dumps(gone.to_dict()).count("2026-01-02T00:00:00+00:00") == 1
    assert "nothing found" in gone[:0]._repr_html_()
    many = Engine(POLICY, [Assignment(f"p{number}", "all") for number in range(30)]).who_can("read", "deal")
    assert "first 20 of 30 rows" in many._repr_html_()
