"""Saved matchers that were edited: refused at load, with the place."""

from __future__ import annotations

import copy
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.errors import FormatError
from crmkit.matching import BlockingRule, Labels, Matcher, Precision
from crmkit.matching import comparisons as c
from crmkit.testing import generate

ROWS = generate.contacts(200, seed=2).columns
FITTED = Matcher.contacts(blocking=[BlockingRule("email")], threshold=Precision(0.9), country="NO", seed=3)
FITTED.fit(ROWS, labels=Labels.of([(ROWS["id"][0], ROWS["id"][1], False)]))
SAVED = json.loads(json.dumps(FITTED.to_dict()))


def edited(path, value):
    document = copy.deepcopy(SAVED)
    inner = document
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return document


def test_what_was_saved_is_read():
    assert Matcher.from_dict(SAVED).to_dict() == SAVED
    plain = Matcher.accounts(comparisons=[c.organization(), c.exact("key")])
    assert Matcher.from_dict(json.loads(json.dumps(plain.to_dict()))).to_dict() == plain.to_dict()


EDITS = (
    (("model", "kappa"), 0.0, "model.kappa"),
    (("model", "kappa"), math.nan, "model.kappa"),
    (("model", "n"), -5, "model.n"),
    (("model", "n"), "x", "model.n"),
    (("model", "n"), True, "model.n"),
    (("model", "pairs"), math.inf, "model.pairs"),
    (("model", "errors", "given"), [1, 2], "model.errors.given"),
    (("model", "errors"), {}, "model.errors.given"),
    (("model", "chance", "family"), [0.0] * 5, "model.chance.family[0]"),
    (("model", "chance", "family"), [-1.0] * 5, "model.chance.family[0]"),
    (("model", "chance", "family"), [0.5] * 5, "model.chance.family"),
    (("model", "chance", "other"), [1.0], "model.chance.other"),
    (("model", "numbers"), {}, "model.numbers"),
    (("model", "numbers", "match"), None, "model.numbers.match"),
    (("model", "numbers", "magic"), 1.0, "model.rates.magic"),
    (("model", "rates"), {}, "model.rates.match"),
    (("model", "rates", "match", "given"), 1.5, "model.rates.match.given"),
    (("model", "rates", "match", "shoe"), 0.5, "model.rates.match.shoe"),
    (("model", "rates", "match"), [], "model.rates.match"),
    (("model", "correction", "magic"), 1.0, "model.correction.magic"),
    (("model", "correction"), {"constant": 1.0}, None),
    (("model", "correction", "constant"), math.inf, "model.correction.constant"),
    (("model", "namesake_email"), [1.0], "model.namesake_email"),
    (("model", "comparisons"), [], "model.comparisons"),
    (("model", "comparisons", 0), {"name": "given"}, "model.comparisons[0].kind"),
    (("model", "comparisons", 0, "kind"), "magic", "model.comparisons[0].kind"),
    (("model", "comparisons", 1, "name"), "given", "model.comparisons[1]"),
    (("model", "comparisons", 0, "nested"), 1, "model.comparisons[0].nested"),
    (("model", "comparisons", 0, "fields"), [1], "model.comparisons[0].fields"),
    (("model", "comparisons", 0, "shared_by"), "friends", "model.comparisons[0].shared_by"),
    (("model", "format"), "crmkit-match-model/9", "model.format"),
    (("model",), 7, "model.format"),
    (("kind",), "robot", "kind"),
    (("kind",), [], "kind"),
    (("block_cap",), 1, "block_cap"),
    (("block_cap",), "many", "block_cap"),
    (("seed",), -1, "seed"),
    (("seed",), True, "seed"),
    (("country",), "Atlantis", "country"),
    (("country",), 47, "country"),
    (("threshold",), 2.0, "threshold"),
    (("threshold",), {"precision": 1.5}, "threshold"),
    (("threshold",), {"precision": "x"}, "threshold"),
    (("threshold",), [], "threshold"),
    (("comparisons",), "email", "comparisons"),
    (("comparisons",), [{"name": "x"}], "comparisons[0].kind"),
    (("blocking",), [{"keys": [], "loose": False}], "blocking"),
    (("blocking",), [{"keys": ["email"]}], "blocking"),
    (("blocking",), [["email"]], "blocking"),
    (("blocking",), {"keys": ["email"]}, "blocking"),
)


@pytest.mark.parametrize(("path", "value", "location"), EDITS, ids=[str(k) for k in range(len(EDITS))])
def test_an_edited_matcher_is_refused_with_the_place(path, value, location):
    with pytest.raises(FormatError) as told:
        Matcher.from_dict(edited(path, value))
    if location is not None:
        assert told.value.location == location
        assert str(told.value).startswith(f"{location}: ")


PLACES = [
    (*path, name) for path in ((), ("model",), ("model", "numbers"), ("model", "errors"), ("model", "rates"))
    for name in (SAVED if not path else SAVED["model"] if len(path) == 1 else SAVED["model"][path[1]])
]  # fmt: skip
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


@given(st.sampled_from(PLACES), JUNK)
def test_whatever_is_put_in_is_refused_or_scores(path, value):
    try:
        matcher = Matcher.from_dict(edited(path, value))
    except FormatError:
        return
    if matcher.model_ is not None:
        scores = matcher.model_.for_size(200.0, 19900.0)
        assert all(math.isfinite(number) for number in scores.numbers.values())
