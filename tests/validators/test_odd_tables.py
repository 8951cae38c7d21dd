"""What odd tables hold: a nameless column, thousands of columns, shares in percent, days and ids of a spreadsheet."""

import pytest

import crmkit as ck
from crmkit.validators import Date, DateTime, Email, Percentage, Phone, RecordId, Schema
from crmkit.validators._outcome._counts import RuleOutcome

PEOPLE = [{"": f"{n}", "email": "a@b.co", "name": "Ann"} for n in range(3)]


@pytest.mark.parametrize("frame", ["pandas", PEOPLE, [{"": "a@b.co", "name": "Ann"}], [{"": "7"}]])
def test_a_column_without_a_name_is_said_and_left_out(frame):
    if frame == "pandas":
        frame = pytest.importorskip("pandas").DataFrame(PEOPLE)
    report = ck.check(frame)
    assert "column 1 has no name, so it was not checked: give it one" in report.assumed("en")
    assert not [issue for issue in report.issues if issue.path == ""]
    clean, _ = report.fixes().apply(frame)
    assert next(iter(clean[0] if isinstance(clean, list) else clean)) == ""


def test_each_outcome_is_looked_at_once_however_many_fields_there_are(monkeypatch):
    looked = []

    class Counted:
        def __init__(self, kept):
            self._kept = kept

        def __get__(self, outcome, owner):
            looked.append(outcome)
            return self._kept.__get__(outcome, owner)

        def __set__(self, outcome, value):
            self._kept.__set__(outcome, value)

    schema = Schema("s", fields={f"f{n}": Phone() if n % 2 else Email() for n in range(100)})
    rows = [{f"f{n}": "030 1234567" for n in range(100)}]
    monkeypatch.setattr(RuleOutcome, "rule", Counted(RuleOutcome.rule))
    report = schema.check(rows)
    assert len(looked) <= 6 * len(report.outcomes)
    assert sum(issue.code == "phones_unchecked" for issue in report.issues) == 50


def deals(**columns):
    n = len(next(iter(columns.values())))
    rows = [{"Deal ID": f"d{at}", "Deal Name": "a", "Stage": "Won", "Amount": "1"} for at in range(n)]
    return [row | {name: cells[at] for name, cells in columns.items()} for at, row in enumerate(rows)]


def told(report, path):
    return {issue.value: (issue.code, issue.fix) for issue in report.issues if issue.path == path}


def test_a_probability_may_have_its_sign():
    found = told(ck.check(deals(Probability=["50%", "60", "12,5 %", "120%", "soon", "0.25"])), "Probability")
    assert found == {
        "50%": ("not_normalized", "50"),
        "12,5 %": ("not_normalized", "12.5"),
        "120%": ("too_large", None),
        "soon": ("percentage_invalid", None),
    }
    assert Percentage().examine("1,5")[0].fix == "1.5"


def test_days_of_a_spreadsheet_are_proposed_where_the_column_has_no_other():
    whole = {"Close Date": ["45123", "45200", "n/a", "45201"]}
    found = told(ck.check(deals(**whole)), "Close Date")
    assert found["45123"] == ("date_serial", "2023-07-16")
    assert found["n/a"][0] == "placeholder"
    for mixed in (["45123", "45200", "45201", "2024-01-01"], ["45123", "45200"], ["45123", "45200", "45201", "12"]):
        found = told(ck.check(deals(**{"Close Date": mixed})), "Close Date")
        assert found["45123"] == ("date_invalid", None)
    assert {issue.code for issue in ck.check(deals(**{"Close Date": [45123, 45200, 45201]})).issues} == {"date_serial"}


def test_serials_have_bounds_times_and_pieces():
    texts = ["45123.5", "45124.25", "45125"]
    schema = Schema("s", fields={"at": DateTime(after="1970-01-01"), "day": Date(before="2023-07-17")})
    rows = [{"at": text, "day": text} for text in texts]
    report, parts = schema.check(rows, run_id="r"), schema.check_chunks([rows[:1], rows[1:]], run_id="r")
    assert parts.issues == report.issues
    assert [fix for _, fix in told(report, "at").values()] == [
        "2023-07-16T12:00:00", "2023-07-17T06:00:00", "2023-07-18",
    ]  # fmt: skip
    assert {code for code, _ in told(report, "day").values()} == {"date_invalid"}
    clean, _ = report.fixes(min_confidence=0.9).apply(rows)
    assert not told(schema.check(clean), "at")


@pytest.mark.parametrize("column", ["contact_id", "account_id", "registration_id"])
def test_ids_that_lost_their_digits_are_seen(column):
    rows = [{column: "1.23450E+15", "email": "a@b.co"}, {column: "1.2E+10", "email": "b@b.co"}]
    rows += [{column: f"{n}e23", "email": f"{n}@b.co"} for n in range(9)]
    report = ck.check(rows, kind="contact" if column != "registration_id" else "account")
    assert [issue.value for issue in report.issues if issue.code == "code_lossy"] == ["1.23450E+15", "1.2E+10"]
    assert RecordId().examine_many(["a", "1E+9", "+1"], [(), (), ()]).keys() == {1}
