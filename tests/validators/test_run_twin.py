"""Forms in columns against an object for each value: the two ways through a run give one report."""

from __future__ import annotations

import pytest

from crmkit.testing.generate import contacts
from crmkit.validators import Email, Phone, Required, Schema, col
from crmkit.validators._checks._answers import Answers
from crmkit.validators._checks._check import Check

COLUMNS = contacts(1500, seed=8).columns
FRAME = {name: list(COLUMNS[name]) for name in ("id", "email", "phone", "country")}
FRAME["email"][:40] = [mail and f" {mail.upper()}" for mail in FRAME["email"][:40]]
FRAME["email"][40:50] = ["x@@y", "noemail@x.com", "a@gmial.com", "", "  ", "ü@example.com"] + ["a@EXAMPLE.com"] * 4
FRAME["country"][:200:7] = [None, "Atlantis", "中国"] * 9 + ["DE", "FR"]


@pytest.mark.parametrize(
    "check",
    [Email(), Phone(country=col("country")), Phone(country=col("country"), default="CN"), Phone(country="US")],
    ids=repr,
)
def test_a_check_that_answers_in_columns_reports_what_it_says_value_by_value(check, monkeypatch):
    field = "email" if isinstance(check, Email) else "phone"
    schema = Schema("s", key="id", fields={field: Required() & check})
    fast = schema.check(FRAME, run_id="r")
    one_by_one = Check.examine_many
    monkeypatch.setattr(
        type(check), "examine_column", lambda self, texts, contexts: Answers(dict(one_by_one(self, texts, contexts)))
    )
    slow = schema.check(FRAME, run_id="r")
    assert fast.issues == slow.issues
    assert fast.outcomes == slow.outcomes
    assert fast.fixes().afters == slow.fixes().afters
    assert fast.issues.counts("code")["not_normalized"] > 20


def test_a_normal_form_that_the_check_does_not_take_is_not_proposed(monkeypatch):
    schema = Schema("s", fields={"email": Email()})
    given = Email.examine_column

    def stubborn(self, texts, contexts):
        answers = given(self, texts, contexts)
        return Answers(
            answers.said | {at: self.examine("no") for at, text in enumerate(texts) if text == "a@x.example"}
        )

    monkeypatch.setattr(Email, "examine_column", stubborn)
    report = schema.check({"email": ["a@X.example", "b@X.example"]})
    assert list(report.fixes().afters) == []
    monkeypatch.undo()
    assert list(schema.check({"email": ["a@X.example", "b@X.example"]}).fixes().afters) == [
        "a@x.example",
        "b@x.example",
    ]
