"""Continuity: plans that say what they lack, downtime that adds up, notices in two languages."""

from __future__ import annotations

import datetime as dt

import attrs
import pytest

from crmkit.backup import (
    ContinuityRecords,
    DrillRecord,
    Incident,
    IncidentPlan,
    downtime,
    render_notice,
)
from crmkit.errors import FormatError, NotFoundError, SchemaError

UTC = dt.UTC
NOW = dt.datetime(2026, 6, 1, tzinfo=UTC)
HOUR = dt.timedelta(hours=1)

PLAN = IncidentPlan(
    system="CRM", detect=["health check"], respond=["call the administrator"], resolve=["restore"],
    contacts={"administrator": "ext. 100"}, fallbacks=["read-only copy"], manual_work=["paper form"],
    bring_back=["type forms in"], rto=4 * HOUR, rpo=24 * HOUR, reviewed=NOW - dt.timedelta(days=30),
)  # fmt: skip


def failure(start: dt.datetime, hours: float, kind: str = "failure") -> Incident:
    return Incident(system="CRM", kind=kind, started=start, detected=start, restored=start + hours * HOUR)  # type: ignore[arg-type]


def test_a_complete_plan_lacks_nothing_and_each_missing_part_is_asked_for() -> None:
    assert PLAN.problems(at=NOW) == ()
    for name in ("detect", "respond", "resolve", "contacts", "fallbacks", "manual_work", "bring_back"):
        empty = {} if name == "contacts" else ()
        assert [text.split(":")[0] for text in attrs.evolve(PLAN, **{name: empty}).problems(at=NOW)] == [name]
    for name in ("rto", "rpo"):
        assert attrs.evolve(PLAN, **{name: None}).problems(at=NOW)[0].startswith(name)
    assert attrs.evolve(PLAN, reviewed=None).problems(at=NOW) == ("reviewed: never",)
    assert "more than 365" in attrs.evolve(PLAN, reviewed=NOW - dt.timedelta(days=400)).problems(at=NOW)[0]
    assert "no moment" in PLAN.problems()[0]
    assert "nobody is named for 'lead'" in attrs.evolve(PLAN, contacts={"lead": " "}).problems(at=NOW)[0]
    assert "100" not in repr(PLAN)
    assert IncidentPlan(system="x", detect="one text").detect == ("one text",)


def test_incidents_say_what_their_record_lacks() -> None:
    start = dt.datetime(2026, 3, 1, tzinfo=UTC)
    whole = Incident(
        system="CRM", kind="failure", started=start, detected=start, notified=start, restored=start + HOUR,
        cause="disk", lessons=["monitor the disk"],
    )  # fmt: skip
    assert whole.problems() == ()
    planned = attrs.evolve(whole, kind="planned")
    assert "only when it had begun" in planned.problems()[0]
    assert attrs.evolve(planned, notified=start - HOUR).problems() == ()
    assert "still lasts" in attrs.evolve(whole, restored=None).problems()[0]
    with pytest.raises(SchemaError):
        attrs.evolve(whole, restored=start - HOUR)
    with pytest.raises(NotFoundError):
        attrs.evolve(whole, kind="planed")
    with pytest.raises(ValueError, match="naive"):
        attrs.evolve(whole, started=dt.datetime(2026, 1, 1))


def test_downtime_adds_up_by_month_and_year_with_overlaps_counted_once() -> None:
    march = dt.datetime(2026, 3, 10, tzinfo=UTC)
    incidents = [
        failure(march, 2), failure(march + HOUR, 3), failure(march + 10 * HOUR, 1, "planned"),
        failure(dt.datetime(2025, 12, 31, 23, tzinfo=UTC), 2),
        Incident(system="CRM", kind="failure", started=NOW - HOUR),
    ]  # fmt: skip
    months = {month.period: month for month in downtime(incidents, rto=2 * HOUR, at=NOW)}
    assert list(months) == ["2025-12", "2026-01", "2026-03", "2026-05"]
    assert months["2026-03"].failure == 4 * HOUR
    assert months["2026-03"].planned == HOUR
    assert (months["2026-03"].incidents, months["2026-03"].over_rto) == (2, 1)
    assert months["2026-03"].availability == pytest.approx(1 - 4 / (31 * 24))
    assert months["2026-05"].failure == HOUR
    years = {year.period: year for year in downtime(incidents, rto=2 * HOUR, at=NOW, by="year")}
    assert years["2026"].failure == 6 * HOUR
    assert years["2025"].failure == HOUR
    shanghai = downtime(incidents[3:4], rto=HOUR, at=NOW, tz="Asia/Shanghai")
    assert [(month.period, month.failure) for month in shanghai] == [("2026-01", 2 * HOUR)]
    assert downtime([], rto=HOUR, at=NOW) == []
    with pytest.raises(NotFoundError):
        downtime([], rto=HOUR, at=NOW, by="week")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="naive"):
        downtime([], rto=HOUR, at=dt.datetime(2026, 1, 1))


def test_records_survive_json_and_are_written_by_hand_in_toml() -> None:
    records = ContinuityRecords(
        plans=[PLAN], drills=[DrillRecord(at=NOW, passed=True, rto=HOUR, notes="good")], incidents=[failure(NOW, 1)]
    )
    assert ContinuityRecords.from_json(records.to_json()) == records
    text = """
format = "crmkit-continuity/1"
[[plans]]
system = "CRM"
detect = ["health check"]
rto_minutes = 240
[plans.contacts]
administrator = "ext. 100"
[[drills]]
at = 2026-03-01T10:00:00+08:00
passed = false
[[incidents]]
system = "CRM"
kind = "failure"
started = 2026-03-01T10:00:00Z
"""
    read = ContinuityRecords.from_toml(text)
    assert read.plans[0].rto == 4 * HOUR
    assert read.drills[0].at == dt.datetime(2026, 3, 1, 2, tzinfo=UTC)
    for old, new, word in (
        ("detect =", "detekt =", "did you mean 'detect'"),
        ("[[drills]]", "[[drill]]", "did you mean 'drills'"),
        ("240", '"4 h"', "another type"),
        ("240", "-1", "another type"),
        ("passed = false", 'passed = "no"', "another type"),
        ("passed = false", "", "missing or wrong"),
        ('["health check"]', "[1]", "another type"),
        ('"failure"', '"failur"', "did you mean 'failure'"),
        ("10:00:00Z", "10:00:00", "missing or wrong"),
        ("continuity/1", "continuity/2", "not a document"),
        ("[[plans]]", "[plans", "not TOML"),
    ):
        with pytest.raises(FormatError, match=word):
            ContinuityRecords.from_toml(text.replace(old, new, 1))
    with pytest.raises(FormatError, match=r"plans\[0\]"):
        ContinuityRecords.from_toml('format = "crmkit-continuity/1"\nplans = [1]')


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("kind", ["planned", "incident", "all_clear"])
def test_notices_say_what_when_and_whom_to_ask(kind: str, lang: str) -> None:
    start = dt.datetime(2026, 3, 1, 22, tzinfo=UTC)
    text = render_notice(
        kind, system="CRM", start=start, end=start + HOUR, reason="a\nb", fallback="the copy",  # type: ignore[arg-type]
        contact="it@example.com", lang=lang, tz="Asia/Shanghai",  # type: ignore[arg-type]
    )  # fmt: skip
    for part in ("CRM", "2026-03-02 06:00 CST", "2026-03-02 07:00 CST", "a b", "the copy", "it@example.com"):
        assert part in text
    assert "{" not in text


def test_notices_that_would_mislead_are_refused() -> None:
    start = dt.datetime(2026, 3, 1, 22, tzinfo=UTC)
    assert "not yet known" in render_notice("incident", system="CRM", start=start, contact="x")
    with pytest.raises(ValueError, match="end"):
        render_notice("planned", system="CRM", start=start, contact="x")
    with pytest.raises(ValueError, match="end"):
        render_notice("incident", system="CRM", start=start, end=start - HOUR, contact="x")
    with pytest.raises(ValueError, match="naive"):
        render_notice("incident", system="CRM", start=dt.datetime(2026, 1, 1), contact="x")
    with pytest.raises(NotFoundError):
        render_notice("incidnt", system="CRM", start=start, contact="x")  # type: ignore[arg-type]
    with pytest.raises(NotFoundError):
        render_notice("incident", system="CRM", start=start, contact="x", lang="de")  # type: ignore[arg-type]
