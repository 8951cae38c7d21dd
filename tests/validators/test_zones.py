"""Moments whose zone is a setting: compared by its clocks, and told where these never showed them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.errors import SchemaError
from crmkit.validators import Date, DateTime, Schema

ZONES = ["Asia/Shanghai", "America/New_York", "Pacific/Kiritimati", "Etc/GMT+12"]


@pytest.mark.parametrize("zone", ZONES)
@given(at=st.datetimes(datetime(2023, 1, 2), datetime(2025, 1, 1)), minutes=st.integers(-3000, 3000))
def test_a_moment_without_an_offset_is_compared_by_the_clocks_of_its_zone(zone, at, minutes):
    here = at.replace(tzinfo=ZoneInfo(zone), microsecond=0)
    bound = (here.astimezone(UTC) + timedelta(minutes=minutes)).isoformat()
    found = {finding.code for finding in DateTime(before=bound, zone=zone).examine(f"{at:%Y-%m-%dT%H:%M:%S}")}
    assert ("too_late" in found) == (minutes < 0)
    in_gap = here.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != here.replace(tzinfo=None)
    assert ("time_gap" in found) == in_gap


SPELLINGS = ["", "T00:10", "T23:50", "T00:10+14:00", "T23:50-12:00", "T12:00Z", " 05:00:00+08:00"]
BOUNDS = ["2024-01-05", "2024-01-05T20:00", "2024-01-05T23:59-12:00", "2024-01-05T00:01+14:00", "2024-01-05T12:00Z"]


@given(
    kind=st.sampled_from([Date, DateTime]), after=st.none() | st.sampled_from(BOUNDS),
    before=st.none() | st.sampled_from(BOUNDS), zone=st.none() | st.sampled_from(ZONES),
)  # fmt: skip
@example(kind=DateTime, after="2024-01-05T23:59-12:00", before=None, zone=None)
def test_many_at_once_say_what_each_says_for_itself(kind, after, before, zone):
    check = kind(after=after, before=before, zone=zone)
    texts = [f"2024-01-{day:02d}{rest}" for day in range(1, 10) for rest in SPELLINGS]
    many = check.examine_many(texts, [()] * len(texts))
    assert [many.get(at, ()) for at in range(len(texts))] == [check.examine(text) for text in texts]


def test_a_time_that_the_clocks_left_out_is_found_and_others_are_not():
    seen = Schema("s", fields={"at": DateTime(zone="America/New_York")})
    report = seen.check({"at": ["2024-03-10T02:30", "2024-03-10T03:30", "2024-03-10T02:30-05:00", "2024-11-03T01:30"]})
    assert [(issue.row, issue.code, issue.severity) for issue in report] == [(0, "time_gap", "warning")]
    assert "zone" in seen.to_toml()
    assert Schema.from_toml(seen.to_toml()) == seen


def test_today_is_the_day_of_the_zone():
    now = lambda: datetime(2026, 1, 1, 20, tzinfo=UTC)  # noqa: E731 - in Shanghai it is 2 January, 4 o'clock
    rows = {"day": ["2026-01-01", "2026-01-02", "2026-01-03"]}
    shanghai = Schema("s", fields={"day": Date(before="now", zone="Asia/Shanghai")}).check(rows, now=now)
    assert [issue.row for issue in shanghai] == [2]
    utc = Schema("s", fields={"day": Date(before="now")}).check(rows, now=now)
    assert [issue.row for issue in utc] == [1, 2]


def test_an_unknown_zone_is_told_with_the_nearest():
    with pytest.raises(SchemaError, match="did you mean 'Asia/Shanghai'"):
        DateTime(zone="Asia/Shanghia")
    with pytest.raises(SchemaError, match="by its name"):
        DateTime(zone=8)
    assert DateTime(zone="Asia/Shanghai").is_valid("0001-01-01T05:00")
    assert DateTime(zone="Asia/Shanghai", after="0001-01-01").is_valid("9999-12-31T23:59-12:00")
