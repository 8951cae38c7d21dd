"""Tables of odd shape: a column without a name, thousands of columns."""

import pandas as pd
import pytest

import crmkit as ck
from crmkit.validators import Email, Phone, Schema
from crmkit.validators._outcome._counts import RuleOutcome

PEOPLE = [{"": f"{n}", "email": "a@b.co", "name": "Ann"} for n in range(3)]


@pytest.mark.parametrize("frame", [PEOPLE, pd.DataFrame(PEOPLE), [{"": "a@b.co", "name": "Ann"}], [{"": "7"}]])
def test_a_column_without_a_name_is_said_and_left_out(frame):
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
