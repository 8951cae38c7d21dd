"""Health: a score whose make-up is shown, rates with intervals, a trend that survives on disk, and a page."""

import json
import sqlite3
from datetime import UTC, datetime

import attrs
import numpy as np
import pytest

from crmkit.errors import CrmkitWarning, FormatError, SchemaError
from crmkit.quality import Health, History, Rate, health, profile
from crmkit.testing.generate import contacts
from crmkit.validators import Email, Required, Schema

SCHEMA = Schema("people", key="id", fields={"email": Required() & Email()})
ROWS = [
    {"id": str(n), "email": None if n % 10 == 0 else f"a{n}@example.com", "owner": "li" if n % 2 else "wu@example.com"}
    for n in range(200)
]


def at(month):
    return lambda: datetime(2026, month, 1, tzinfo=UTC)


def checked(rows=ROWS, month=1):
    return SCHEMA.check(rows, now=at(month))


def test_the_score_is_the_weighted_mean_of_what_was_measured():
    found = health(checked(), duplicates=0.25, accuracy=(45, 50))
    assert sum(found.weights.values()) == pytest.approx(1)
    assert (
        set(found.weights) == set(found.scores) == {"completeness", "validity", "uniqueness", "accuracy", "consistency"}
    )
    assert found.score == pytest.approx(sum(found.scores[name] * weight for name, weight in found.weights.items()))
    assert (found.scores["uniqueness"], found.scores["accuracy"]) == (0.75, 0.9)
    assert health(checked(), weights={"validity": 1}).score == 1.0
    assert health(checked(), weights={}).score == 1.0
    assert found.causes[0]["code"] == "required"


def test_a_match_report_gives_the_duplicate_rate():
    class Matched:
        labels = np.array([0, 0, *range(1, 199)])

    assert health(checked(), duplicates=Matched()).duplicate_rate == 1 / 200
    Matched.labels = np.array([0])
    with pytest.raises(SchemaError, match="rows"):
        health(checked(), duplicates=Matched())


@pytest.mark.parametrize(
    "wrong",
    [{"duplicates": 2.0}, {"duplicates": "x"}, {"accuracy": (5, 3)}, {"accuracy": (0, 0)}, {"weights": {"beauty": 1}},
     {"weights": {"validity": -1}}, {"by": ["ownr"]}],
    ids=str,
)  # fmt: skip
def test_wrong_use_is_told(wrong):
    with pytest.raises(SchemaError):
        health(checked(), **wrong)


def test_rates_by_owner_have_intervals_and_say_when_they_cannot_tell():
    found = health(checked(), by="owner")
    assert {rate.value: (rate.rows, rate.wrong) for rate in found.rates} == {
        "li": (100, 0),
        "wu@example.com": (100, 20),
    }
    assert found.rates[0].value == "wu@example.com"
    assert found.rates[0].low < 0.2 < found.rates[0].high
    assert not Rate.of("owner", "x", rows=3, wrong=3).tells
    assert (Rate.of("owner", "x", rows=0, wrong=0).low, Rate.of("owner", "x", rows=0, wrong=0).share) == (0.0, 0.0)
    assert "wu@example.com" not in repr(found)


def test_owners_and_sources_are_recognised():
    rows = contacts(80, seed=3).records
    schema = Schema.infer(rows)
    assert isinstance(health(schema.check(rows)).rates, tuple)


@pytest.mark.parametrize("name", ["quality.jsonl", "quality.sqlite"])
def test_a_history_keeps_profiles_and_health_in_order(tmp_path, name):
    history = History(tmp_path / name)
    assert history.healths() == history.profiles() == []
    earlier = [health(checked(ROWS[month:], month), name="people") for month in (2, 1, 3)]
    for item in earlier:
        history.add(item)
    history.add(profile(ROWS, name="people", now=at(1)))
    history.add(profile(ROWS[:10], name="others", now=at(2)))
    assert [item.at.month for item in history.healths("people")] == [1, 2, 3]
    assert [item.at.month for item in history.healths(last=1)] == [3]
    assert history.healths(last=0) == []
    assert [item.rows for item in history.profiles("others")] == [10]
    assert len(history.profiles(since=at(2)())) == 1
    now = health(checked(month=4), before=history.healths("people"))
    assert [point["at"][:7] for point in now.trend] == ["2026-01", "2026-02", "2026-03"]
    assert now.change == pytest.approx(now.score - earlier[2].score)
    assert "History" in repr(history)


def test_a_torn_line_costs_itself_only(tmp_path):
    path = tmp_path / "q.jsonl"
    history = History(path)
    history.add(profile(ROWS, name="a", now=at(1)))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    history.add(profile(ROWS, name="a", now=at(2)))
    with pytest.warns(CrmkitWarning, match="1 lines"):
        assert [item.at.month for item in history.profiles()] == [1, 2]


def test_files_that_are_no_history_are_refused(tmp_path):
    with pytest.raises(FormatError, match=r"\.jsonl"):
        History(tmp_path / "q.csv")
    (tmp_path / "q.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(FormatError, match="not a history"):
        History(tmp_path / "q.db").profiles()
    (tmp_path / "q.jsonl").write_text('{"at": "2026-01-01T00:00:00+00:00", "format": "crmkit-health/9"}\n[1]\n')
    with pytest.raises(FormatError, match="known version"), pytest.warns(CrmkitWarning):
        History(tmp_path / "q.jsonl").healths()
    with pytest.raises(FormatError, match="damaged"):
        Health.from_dict({"format": "crmkit-health/1"})


def test_a_database_is_a_plain_table(tmp_path):
    History(tmp_path / "q.db").add(profile(ROWS, name="a", now=at(1)))
    with sqlite3.connect(tmp_path / "q.db") as connection:
        ((moment, name, data),) = connection.execute("SELECT at, name, data FROM snapshots").fetchall()
    connection.close()
    assert (moment[:10], name, json.loads(data)["rows"]) == ("2026-01-01", "a", 200)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_shows_score_makeup_trend_causes_and_masked_owners(tmp_path, lang):
    before = [health(checked(ROWS[20 * month :], month), duplicates=0.3 - month / 20) for month in (1, 2, 3)]
    found = health(checked(month=4), duplicates=0.1, before=before, by=["owner"])
    page = found.page(lang=lang)
    text = page.to_html()
    assert text.count("<svg") == 2
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert "wu@example.com" not in text
    assert "wu@example.com" in found.page(reveal=True).to_html()
    assert f"{found.score:.1%}" in text
    page.save(tmp_path / "health.html")
    assert (tmp_path / "health.html").read_text("utf-8") == text
    assert "&lt;h1&gt;" in found._repr_html_()
    first = attrs.evolve(found, trend=(), causes=(), rates=(), duplicate_rate=None)
    assert "<svg" not in first.page(lang=lang, title="<x>").to_html()
    assert "<x>" not in first.page(title="<x>").to_html()
