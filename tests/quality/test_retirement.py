"""Retirement: old and unreachable records leave, held and referenced ones stay, and the way back is exact."""

from datetime import UTC, datetime

import pytest

from crmkit.errors import ConflictError, SchemaError
from crmkit.quality import RetirementRules, plan_retirement
from crmkit.validators import Email, Schema

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROWS = [
    {"id": "1", "email": "a@example.com", "last_activity_at": "2019-05-01", "legal_hold": None, "bounced": "no"},
    {"id": "2", "email": "b@example.com", "last_activity_at": "2019-05-01", "legal_hold": "yes", "bounced": "no"},
    {"id": "3", "email": "c@example.com", "last_activity_at": "2026-02-01", "legal_hold": "no", "bounced": "yes"},
    {"id": "4", "email": None, "last_activity_at": "2026-02-01", "legal_hold": None, "bounced": None},
    {"id": "5", "email": None, "last_activity_at": None, "legal_hold": None, "bounced": None},
    {"id": "6", "email": "x@", "last_activity_at": "2020-01-01", "legal_hold": None, "bounced": None},
    {"id": "7", "email": "y@", "last_activity_at": "2026-01-01", "legal_hold": None, "bounced": None},
]


def plan(rules=None, rows=ROWS, **more):
    return plan_retirement(rows, rules, now=lambda: NOW, **more)


def test_every_reason_and_every_hold_is_told():
    found = plan(RetirementRules(inactive_days=1000, bounced="bounced", hold="legal_hold"))
    assert dict(zip(found.record_ids, found.reasons, strict=True)) == {
        "1": ("inactive",), "3": ("bounced",), "4": ("empty",), "6": ("inactive",),
    }  # fmt: skip
    assert found.held == {1: "hold", 4: "unknown_activity"}
    assert found.counts() == {"retire": 4, "held": 2, "inactive": 2, "bounced": 1, "empty": 1}
    assert not found.ok
    with pytest.raises(TypeError):
        bool(found)
    assert len(found.to_frame()) == len(found.to_frame(like=[{}])) == 4
    assert "a@example.com" not in repr(found) + str(found.to_dict()) + found._repr_html_()
    assert len(found.steps()) == len(found.steps("zh")) == 5


def test_records_that_others_refer_to_or_that_are_to_be_kept_stay():
    deals = [{"contact_id": "1"}, {"contact_id": None}]
    found = plan(references={"deals": (deals, "contact_id")})
    assert found.held[0] == "referenced:deals"
    assert "1" not in found.record_ids
    assert "6" not in plan(RetirementRules(keep={"6"})).record_ids
    with pytest.raises(SchemaError, match="key"):
        plan_retirement({"email": [None]}, references={"deals": (deals, "contact_id")})


def test_invalid_records_go_only_when_they_are_inactive_too():
    report = Schema("s", fields={"email": Email()}).check(ROWS)
    found = plan(RetirementRules(inactive_days=1000, invalid=True), report=report)
    reasons = dict(zip(found.record_ids, found.reasons, strict=True))
    assert reasons["6"] == ("inactive", "invalid")
    assert "7" not in reasons
    with pytest.raises(SchemaError, match="report="):
        plan(RetirementRules(invalid=True))


@pytest.mark.parametrize("kind", ["records", "mapping", "pandas"])
def test_what_was_taken_out_comes_back_exactly(kind):
    frame = ROWS
    if kind == "mapping":
        frame = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    if kind == "pandas":
        pandas = pytest.importorskip("pandas", reason="one of the kinds")
        frame = pandas.DataFrame(ROWS)
    found = plan(rows=frame)
    archived = found.archive()
    kept, log = found.apply(frame, by="lin", reason="spring clean")
    assert len(archived) + len(kept) == len(frame) if kind != "mapping" else True
    back = log.revert(kept)
    assert back.equals(frame) if kind == "pandas" else back == frame


def test_a_later_change_to_a_kept_record_survives_the_way_back():
    found = plan()
    kept, log = found.apply(ROWS)
    edited = [{**row, "email": "new@example.com"} if row["id"] == "3" else row for row in kept]
    back = log.revert(edited)
    assert [row["id"] for row in back] == [row["id"] for row in ROWS]
    assert back[2]["email"] == "new@example.com"
    with pytest.raises(ConflictError):
        log.revert(kept[:-1])


def test_a_plan_for_changed_data_does_nothing():
    found = plan()
    changed = [{**row, "email": "z@example.com"} if row["id"] == "1" else row for row in ROWS]
    with pytest.raises(ConflictError, match="email"):
        found.apply(changed)
    with pytest.raises(ConflictError, match="other rows"):
        found.archive(ROWS[:-1])


def test_rules_name_what_is_missing_or_senseless():
    with pytest.raises(SchemaError, match="did you mean 'legal_hold'"):
        plan(RetirementRules(hold="legal_hld"))
    with pytest.raises(SchemaError, match="above zero"):
        RetirementRules(inactive_days=0)
    assert plan(RetirementRules(inactive_days=None), rows=[{"x": "1"}]).ok


def test_retirement_is_recorded_where_it_is_asked_for_and_tells_what_it_took():
    said = []

    class Sink:
        def record(self, action, **more):
            said.append((action, more))

    found = plan(RetirementRules(inactive_days=1000))
    _, log = found.apply(ROWS, by="lin", reason="spring", audit=Sink())
    [(action, more)] = said
    assert (action, more["actor"], more["purpose"], more["count"]) == (
        "records.retire",
        "lin",
        "spring",
        len(found.rows),
    )
    assert more["detail"]["reasons"] == log.to_dict()["reasons"]
    assert [row["record_id"] for row in log.to_frame(like=[])] == list(found.record_ids)
