from __future__ import annotations

import numpy as np
import pytest

from crmkit import frames
from crmkit.matching._labelling._labels import known_pairs
from crmkit.matching._learning import _estimate as learning
from crmkit.matching._learning._model import _log_same, log_different, posterior
from crmkit.matching._matcher import Matcher
from crmkit.matching._pairs._levels import compare_pairs
from crmkit.matching._settings._presets import DEPENDS, changed, explanations_of
from crmkit.testing import generate


@pytest.fixture(scope="module")
def fitted():
    matcher = Matcher.contacts()
    run = matcher._read([frames.read(generate.contacts(1_000, seed=21).columns)], None, None)
    known = known_pairs(None, run.ids)
    candidates = matcher._job(known, None).block(run.encoded)
    matcher._learner(known)(run.encoded, candidates)
    return run.encoded, candidates, matcher.model_


def test_the_posterior_equals_the_formula_pair_by_pair(fitted):
    encoded, candidates, model = fitted
    pairs = compare_pairs(encoded, candidates.left[:200], candidates.right[:200])
    same, apart = _log_same(model, pairs), log_different(model, pairs)
    said = posterior(model, pairs)
    names = [one.name for one in model.comparisons]
    different = {"street": 5, "street_2": 2, "postcode": 2}
    for k in range(200):
        narrow = any(
            names.index(name) >= 0 and 0 <= pairs.levels[names.index(name), k] < different[name]
            for name in different
            if name in names
        )
        ratio = dict.fromkeys(model.groups, 1.0)
        for row, one in enumerate(model.comparisons):
            group = one.group if one.wide is None or narrow else one.wide
            ratio[group] *= np.exp(same[row, k] - apart[row, k])
        expected = {}
        for name, number in model.numbers.items():
            expected[name] = number
            rates = model.rates[name]
            depends = {group: cause for group, cause in DEPENDS.items() if changed(group) in rates}
            for group, rate in rates.items():
                if group in depends or group in depends.values() or "," in group:
                    continue
                expected[name] *= rate * ratio[group] + 1.0 - rate
            for cause in dict.fromkeys(depends.values()):
                shared, moved = rates[cause] * ratio[cause], 1.0 - rates[cause]
                for group in (one for one, its in depends.items() if its == cause):
                    shared *= rates[group] * ratio[group] + 1.0 - rates[group]
                    moved *= rates[changed(group)] * ratio[group] + 1.0 - rates[changed(group)]
                expected[name] *= shared + moved
        names_agree = [
            any(pairs.levels[row, k] == 0 for row, one in enumerate(model.comparisons) if one.group == group)
            for group in ("given", "family", "place", "employer")
        ]
        expected["chance"] = model.pairs * np.exp(pairs.world[k]) * model.kappa ** max(sum(names_agree) - 1, 0)
        others = sum(value for name, value in expected.items() if name != "match")
        assert said.log_odds[k] == pytest.approx(np.log(expected["match"] / others), abs=1e-5)
        best = model.explanations[said.explanation[k]]
        assert expected[best] == pytest.approx(max(expected.values()), rel=1e-5)


def test_estimating_on_patterns_says_the_same_as_on_single_pairs(fitted):
    encoded, candidates, _ = fitted
    positions, weights = learning.sample_candidates(candidates, encoded.contents, seed=0)
    pairs = compare_pairs(encoded, candidates.left[positions], candidates.right[positions])
    chance = learning.chance_tables(encoded, seed=1)
    explanations = explanations_of("contact", encoded.comparisons)
    single = learning.fit_patterns(encoded, pairs, weights, explanations, chance).model
    patterns, summed = learning.compress(pairs, weights)
    assert patterns.size < pairs.size
    assert summed.sum() == pytest.approx(weights.sum())
    merged = learning.fit_patterns(encoded, patterns, summed, explanations, chance).model
    assert merged.numbers["match"] == pytest.approx(single.numbers["match"], rel=0.01)
    difference = posterior(merged, pairs).log_odds - posterior(single, pairs).log_odds
    assert np.abs(difference).max() < 0.5


def test_a_sample_stands_for_all_pairs_of_a_rule(fitted):
    encoded, candidates, _ = fitted
    positions, weights = learning.sample_candidates(candidates, encoded.contents, seed=3, per_rule=10)
    for rule in range(len(candidates.uses)):
        mine = candidates.rule[positions] == rule
        assert mine.sum() == min(10, (candidates.rule == rule).sum())
        assert weights[mine].sum() == pytest.approx((candidates.rule == rule).sum())


def test_tables_and_rates_are_probabilities_within_their_limits(fitted):
    _, _, model = fitted
    for table in (*model.errors.values(), *model.chance.values(), model.namesake_email):
        assert table.sum() == pytest.approx(1.0)
        assert (table > 0).all()
    assert all(0.0 <= rate <= 1.0 for rates in model.rates.values() for rate in rates.values())
    assert model.errors["family"][4] <= 0.06 + 1e-9
    assert model.kappa >= 1.0
    assert model.numbers["match"] == pytest.approx(280, rel=0.2)


def test_without_birth_date_and_email_sons_are_tied_to_households():
    people = generate.contacts(600, seed=5).columns
    columns = {name: values for name, values in people.items() if name not in {"birth_date", "email"}}
    found = Matcher.contacts().dedupe(columns)
    numbers = found.model.numbers
    assert numbers["namesake in the household"] == pytest.approx(0.03 * numbers["household"], abs=1e-3)
    assert any("cannot be told from a match" in note for note in found.diagnostics.notes)


def test_limits_that_the_data_pushed_against_are_said():
    # Pairs of records that agree in everything but the e-mail address, which never does.
    rows = 600
    columns = {
        "first_name": [f"na{k // 2 % 10}{'abcdefghij'[k // 20 % 10]}{'abc'[k // 200]}" for k in range(rows)],
        "last_name": [
            f"fam{'abcdefghij'[k // 2 % 10]}{'abcdefghij'[k // 20 % 10]}{'abc'[k // 200]}" for k in range(rows)
        ],
        "email": [f"q{k}z{k * 7 % 991}@example.org" for k in range(rows)],
        "birth_date": [f"19{50 + k // 2 % 50}-0{1 + k // 2 % 9}-1{k // 2 % 10}" for k in range(rows)],
        "phone": [f"+1212555{k // 2:04d}" for k in range(rows)],
    }
    notes = Matcher.contacts().dedupe(columns).diagnostics.notes
    assert any("is at its limit" in note for note in notes)


def test_names_of_several_worlds_that_no_country_tells_raise_kappa():
    random = np.random.default_rng(0)
    columns = {"first_name": [], "last_name": [], "email": []}
    for k in range(4_000):
        world = k % 5
        columns["first_name"].append(f"given{'abcde'[world]}{'fghij'[random.integers(5)]}")
        columns["last_name"].append(f"family{'abcde'[world]}{'klmno'[random.integers(5)]}")
        columns["email"].append(f"{'pqrst'[world]}{k}zz@example.org")
    assert Matcher.contacts().fit(columns).model_.kappa == pytest.approx(5.0, rel=0.3)


def test_a_country_column_makes_worlds_and_leaves_kappa_alone():
    people = generate.contacts(3_000, seed=2).columns
    assert Matcher.contacts().fit(people).model_.kappa < 2.0
