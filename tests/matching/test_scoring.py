from __future__ import annotations

import numpy as np
import pytest

from crmkit import frames
from crmkit.matching import Matcher
from crmkit.matching._decisions import _scoring as scoring
from crmkit.matching._kinds import _alike as alike
from crmkit.matching._labelling._labels import known_pairs
from crmkit.matching._learning._model import posterior
from crmkit.matching._pairs import _levels as comparing
from crmkit.testing import generate


def prepared(kind, columns):
    matcher = Matcher(kind=kind)
    run = matcher._read([frames.read(columns)], None, None)
    known = known_pairs(None, run.ids)
    candidates = matcher._job(known, None).block(run.encoded)
    return run.encoded, candidates, matcher._learner(known)(run.encoded, candidates)


@pytest.fixture(scope="module", params=["contact", "account", "febrl"])
def engine(request):
    make = {"contact": generate.contacts, "account": generate.accounts, "febrl": generate.febrl_like}[request.param]
    return prepared("account" if request.param == "account" else "contact", make(700, seed=19).columns)


def slow_scores(encoded, model, left, right, monkeypatch):
    """Score one pair at a time, reading every string: no bound ever says that a pair need not be looked at."""
    with monkeypatch.context() as plain:
        plain.setattr(alike, "_set_bits", lambda marks: np.zeros(len(marks), dtype=np.int32))
        plain.setattr(comparing, "on_distinct_pairs", lambda field, a, b, compare: compare(field, a, b))
        return np.array([
            posterior(model, comparing.compare_pairs(encoded, left[k : k + 1], right[k : k + 1])).log_odds[0]
            for k in range(len(left))
        ])  # fmt: skip


def test_the_engine_keeps_the_pairs_and_scores_of_a_slow_one(engine, monkeypatch):
    encoded, candidates, model = engine
    some = np.random.default_rng(1).permutation(len(candidates))[:1_200]
    left, right = candidates.left[some], candidates.right[some]
    expected = slow_scores(encoded, model, left, right, monkeypatch)
    monkeypatch.setattr(scoring, "_CHUNK", 250)
    found = scoring.score_pairs(encoded, model, left, right)
    kept = np.flatnonzero(expected >= scoring.FLOOR)
    assert found.left.tolist() == left[kept].tolist()
    assert found.right.tolist() == right[kept].tolist()
    assert np.allclose(found.log_odds, expected[kept], atol=1e-9)
    assert found.candidates == len(left)


def test_scores_do_not_depend_on_threads_chunks_or_sides(engine, monkeypatch):
    encoded, candidates, model = engine
    plain = scoring.score_pairs(encoded, model, candidates.left, candidates.right)
    monkeypatch.setattr(scoring, "_CHUNK", 77)
    for threads in (1, 2):
        monkeypatch.setattr(scoring, "_THREADS", threads)
        pieces = scoring.score_pairs(encoded, model, candidates.right, candidates.left)
        assert pieces.left.tolist() == plain.right.tolist()
        assert np.allclose(pieces.log_odds, plain.log_odds, atol=1e-6)
    assert ((plain.probability >= 0.0) & (plain.probability <= 1.0)).all()


def test_another_agreement_never_speaks_against_a_match(engine):
    encoded, candidates, model = engine
    pairs = comparing.compare_pairs(encoded, candidates.left[:4_000], candidates.right[:4_000])
    before = posterior(model, pairs).log_odds
    for name in ("given", "name", "birth_date", "national_id", "registration_id"):
        row = next((k for k, one in enumerate(model.comparisons) if one.name == name), None)
        if row is None:
            continue
        missing = np.flatnonzero(pairs.levels[row] == -1)
        levels, rarity = pairs.levels.copy(), pairs.rarity.copy()
        levels[row, missing] = 0
        rarity[row, missing] = -8.0
        after = posterior(model, comparing.PairLevels(levels, rarity, pairs.world)).log_odds
        assert (after[missing] >= before[missing] - 1e-9).all()


def test_a_missing_value_says_nothing(engine):
    encoded, candidates, model = engine
    pairs = comparing.compare_pairs(encoded, candidates.left[:500], candidates.right[:500])
    nothing = comparing.PairLevels(
        np.full_like(pairs.levels, -1), np.zeros_like(pairs.rarity), np.zeros_like(pairs.world)
    )
    said = posterior(model, nothing).log_odds
    assert np.ptp(said) == pytest.approx(0.0)
    assert (said < 0.0).all()
