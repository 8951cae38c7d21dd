"""Wrong use is told in a sentence, at once, and names no value."""

import pickle

import pytest

import crmkit as ck
from crmkit import quality
from crmkit.errors import SchemaError
from crmkit.validators import Email, Schema

SCHEMA = Schema("s", fields={"email": Email()})


@pytest.mark.parametrize(
    "use",
    [
        lambda: ck.drift(5, []),
        lambda: ck.drift(ck.profile([{"a": "1"}]), 5),
        lambda: ck.drift(ck.profile([{"a": "1"}]), [{"a": "1"}]),
        lambda: quality.health([{"a": "1"}]),
        lambda: ck.profile([{"a": "1"}], schema="contacts"),
        lambda: quality.find_personal_data(5),
        lambda: SCHEMA.diff({"a": "1"}),
    ],
    ids=["drift", "history", "row", "health", "profile", "scan", "diff"],
)
def test_something_else_than_what_a_call_takes(use):
    with pytest.raises(SchemaError):
        use()


def test_schemas_checks_and_reports_can_be_sent_to_another_process():
    for pack in (Schema.contacts(), Schema.accounts(country="CN"), Schema.deals(), Schema.activities()):
        assert pickle.loads(pickle.dumps(pack)) == pack
    snapshot = ck.profile([{"email": "a@"}], SCHEMA)
    assert pickle.loads(pickle.dumps(snapshot)) == snapshot
    found = Email().examine("a@")
    assert pickle.loads(pickle.dumps(found)) == found
