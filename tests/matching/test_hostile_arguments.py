"""Arguments that nobody can mean are refused in one sentence of crmkit's own."""

from __future__ import annotations

import pickle

import pytest

from crmkit.errors import CrmkitError, InvalidValueError, NotFoundError
from crmkit.matching import CompanyNames, Matcher, Precision
from crmkit.testing import generate

ROWS = generate.contacts(60, seed=2).columns
QUERY = {"email": next(value for value in ROWS["email"] if value)}


@pytest.fixture(scope="module")
def index():
    return Matcher.contacts().fit(ROWS).index(ROWS)


@pytest.mark.parametrize("wrong", [{"threshold": "x"}, {"threshold": True}, {"threshold": float("nan")},
                                   {"limit": True}, {"limit": 1.5}])  # fmt: skip
def test_a_check_takes_a_probability_and_a_count(index, wrong):
    with pytest.raises(InvalidValueError):
        index.check(QUERY, **wrong)


@pytest.mark.parametrize("record_id", [[1], {"id": 1}, None, 1.5, True])
def test_no_record_of_an_index_is_named_by_a_collection(index, record_id):
    with pytest.raises(NotFoundError, match="no record of the index has this id"):
        index.remove(record_id)
    with pytest.raises(NotFoundError, match="no record of the index has this id"):
        index.explain(QUERY, record_id)
    with pytest.raises(CrmkitError):
        index.add(QUERY, record_id)


def test_an_index_is_saved_and_not_pickled(index):
    with pytest.raises(TypeError, match=r"save\(\) it, and load\(\) it in the other process"):
        pickle.dumps(index)


@pytest.mark.parametrize("key", [["id"], 7, b"id"])
def test_a_key_is_the_name_of_one_column(key):
    matcher = Matcher.contacts()
    for call in (matcher.dedupe, matcher.fit, matcher.ask):
        with pytest.raises(InvalidValueError, match="key= names one column"):
            call(ROWS, key=key)


def test_a_column_of_company_names_may_have_gaps():
    names = CompanyNames(["Acme Ltd", None, "Borg AS"])
    assert names.rarity("acme") == CompanyNames(["Acme Ltd", "Borg AS"]).rarity("acme")
    with pytest.raises(InvalidValueError, match="names of companies are texts"):
        CompanyNames(["Acme Ltd", 7])


@pytest.mark.parametrize("target", [0, 1, True, "0.9", None, float("nan")])
def test_a_precision_is_a_number_between_0_and_1(target):
    with pytest.raises(InvalidValueError, match="a precision is a number"):
        Precision(target)
