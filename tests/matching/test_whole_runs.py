"""Properties of whole runs, from a table to clusters or links: on small tables of Hypothesis, and on hard ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crmkit.matching import BlockingRule, Matcher, evaluate
from crmkit.matching._decisions import _clusters as clusters
from crmkit.testing import corrupt, generate

COLUMNS = {
    "given_name": ["Ann", "Anne", "Bo", "Bob", "J.", "John", "Johnny", "王", "Ana", "", None],
    "family_name": ["Lee", "Li", "Berg", "Berger", "Lee Berg", "小明", None],
    "email": ["ann.lee@example.org", "ann@example.com", "info@example.org", "bo.berg@example.org", None],
    "phone": ["+1 202 555 0100", "(202) 555-0100", "+1 202 555 0199", "n/a", None],
    "birth_date": ["1980-02-03", "1980-03-02", "1999-12-31", None],
    "street": ["1 Main St", "1 Main Street", "2 Side Road", None],
    "postal_code": ["10115", "10117", None],
    "city": ["Oslo", "Bergen", None],
    "company_name": ["Acme Ltd", "Acme", "Beta GmbH", None],
}
ROW = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in COLUMNS.items()})
TABLES = st.lists(ROW, min_size=2, max_size=12)
FEW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def as_columns(rows):
    return {"id": [f"r{k}" for k in range(len(rows))]} | {name: [row[name] for row in rows] for name in COLUMNS}


def taken(columns, order):
    return {name: [values[row] for row in order] for name, values in columns.items()}


def pairs_of(report):
    """Scored pairs as {the two ids: match weight}."""
    found = report.pairs
    return {
        frozenset((a, b)): weight
        for a, b, weight in zip(found["left"], found["right"], found["match_weight"], strict=True)
    }


def partition(report, *, of=None):
    """Clusters as sorted lists of ids; with ``of`` of what the records say, so that copies may change places."""
    groups, contents = {}, None if of is None else contents_of(of)
    for record_id, cluster in zip(report.clusters["record_id"], report.clusters["cluster_id"], strict=True):
        groups.setdefault(cluster, []).append(record_id if contents is None else contents[record_id])
    return sorted(sorted(group) for group in groups.values())


def contents_of(report):
    """What each record says as far as it is compared: of copies it does not matter which one is taken."""
    ids = [one for table in report.run.ids for one in table]
    return dict(zip(ids, report.run.encoded.contents.tolist(), strict=True))


def assert_same_run(one, two, of=None):
    assert partition(one, of=of) == partition(two, of=of)
    was, now = pairs_of(one), pairs_of(two)
    assert was.keys() == now.keys()
    assert all(abs(weight - now[pair]) < 1e-6 for pair, weight in was.items())


@FEW
@given(TABLES, st.randoms(use_true_random=False))
def test_rows_and_columns_may_stand_in_any_order(rows, random_):
    columns = as_columns(rows)
    order = list(range(len(rows)))
    random_.shuffle(order)
    moved = taken(dict(reversed(columns.items())), order)
    first = Matcher.contacts().dedupe(columns)
    assert_same_run(first, Matcher.contacts().dedupe(moved), of=first)


@FEW
@given(TABLES)
def test_scores_are_bounded_symmetric_and_explained(rows):
    found = Matcher.contacts().dedupe(as_columns(rows))
    pairs = found.pairs
    assert all(0.0 <= chance <= 1.0 for chance in pairs["match_probability"])
    assert np.isfinite(pairs["match_weight"]).all()
    assert pairs["match_weight"] == sorted(pairs["match_weight"], reverse=True)
    for a, b, weight in zip(pairs["left"], pairs["right"], pairs["match_weight"], strict=True):
        there, back = found.explain(a, b), found.explain(b, a)
        assert there.match_weight == pytest.approx(weight, abs=1e-6)
        assert back.match_weight == pytest.approx(weight, abs=1e-6)
        assert sum(step.weight for step in there.steps) == pytest.approx(weight, abs=1e-6)
        assert sum(there.explanations.values()) == pytest.approx(1.0)
    assert 0.0 <= found.diagnostics.expected_precision <= 1.0
    assert 0.0 <= found.diagnostics.expected_recall <= 1.0


@FEW
@given(TABLES)
def test_whatever_stands_for_missing_is_missing(rows):
    columns = as_columns(rows)
    blank = {name: ["  " if value in (None, "") else value for value in values] for name, values in columns.items()}
    nothing = {name: [None if value in (None, "") else value for value in values] for name, values in columns.items()}
    assert_same_run(Matcher.contacts().dedupe(blank), Matcher.contacts().dedupe(nothing))


@FEW
@given(TABLES, st.integers(1, 3))
def test_a_record_without_a_value_joins_nobody_and_changes_nothing(rows, empty):
    nobody = dict.fromkeys(COLUMNS)
    found = Matcher.contacts().dedupe(as_columns([*rows, *[nobody] * empty]))
    labels = found.labels
    assert len(set(labels[-empty:].tolist()) | set(labels[: len(rows)].tolist())) == empty + len(
        set(labels[: len(rows)])
    )


@FEW
@given(TABLES, st.sampled_from([0.05, 0.3]), st.sampled_from([0.7, 0.95, 0.999]))
def test_a_higher_threshold_links_less(rows, low, high):
    half = max(len(rows) // 2, 1)
    left, right = as_columns(rows[:half]), as_columns(rows[half:])
    for once in ({}, {"one_to_one": True}, {"many_to_one": True}):
        matcher = Matcher.contacts(threshold=low)
        many = matcher.link(left, right, **once)
        matcher.threshold = high
        few = matcher.link(left, right, refit=False, **once)
        links = [set(zip(run.links["left"], run.links["right"], strict=True)) for run in (many, few)]
        assert links[1] <= links[0]


@FEW
@given(TABLES)
def test_linking_two_tables_is_the_same_from_both_sides(rows):
    half = max(len(rows) // 2, 1)
    left, right = as_columns(rows[:half]), as_columns(rows[half:])
    right["id"] = [f"s{k}" for k in range(len(right["id"]))]
    for once in (False, True):
        there = Matcher.contacts().link(left, right, one_to_one=once)
        back = Matcher.contacts().link(right, left, one_to_one=once)
        assert pairs_of(there).keys() == pairs_of(back).keys()
        says = contents_of(there)
        links = sorted((says[a], says[b]) for a, b in zip(there.links["left"], there.links["right"], strict=True))
        assert links == sorted((says[a], says[b]) for b, a in zip(back.links["left"], back.links["right"], strict=True))


@FEW
@given(TABLES)
def test_a_name_alone_and_an_empty_value_never_link(rows):
    bare = [{name: row[name] if name in {"given_name", "family_name"} else None for name in COLUMNS} for row in rows]
    assert Matcher.contacts().dedupe(as_columns(bare)).ok


# --- hard tables --------------------------------------------------------------------------------------------------


def hard(name):
    """Tables in which much is equal: blocks over the cap, components too large to score wholly, ties."""
    random = np.random.default_rng(5)
    if name == "one switchboard":
        columns = generate.contacts(900, seed=6).columns
        return columns | {"phone": ["+1 202 555 0100"] * 900, "company_name": ["Acme Ltd"] * 900}
    if name == "copies":
        columns = generate.contacts(60, seed=7).columns
        return {key: values * 15 for key, values in columns.items()} | {"id": [f"r{k}" for k in range(900)]}
    if name == "one person, many ways":
        columns = taken(generate.contacts(2, seed=8, duplicates=0.0).columns, [0] * 700 + [1] * 20)
        typo = corrupt.Typo()
        for column in ("given_name", "family_name", "email", "street", "phone"):
            for row in np.flatnonzero(random.random(720) < 0.5).tolist():
                columns[column][row] = typo(columns[column][row], random)
        return columns | {"id": [f"r{k}" for k in range(720)]}
    return generate.contacts(700, seed=9, households=0.9, duplicates=0.5).columns


HARD = ["one switchboard", "copies", "one person, many ways", "households"]


@pytest.mark.parametrize("name", HARD)
def test_the_order_of_rows_does_not_matter_in_a_hard_table(name):
    columns = hard(name)
    order = np.random.default_rng(2).permutation(len(columns["id"])).tolist()
    first, second = (Matcher.contacts(block_cap=50).dedupe(one) for one in (columns, taken(columns, order)))
    assert partition(first, of=first) == partition(second, of=first)
    assert first.diagnostics.candidates == second.diagnostics.candidates


@pytest.mark.parametrize("name", HARD)
def test_links_of_a_hard_table_do_not_hang_on_order_or_side(name):
    columns = hard(name)
    n = len(columns["id"])
    left, right = taken(columns, range(n // 3)), taken(columns, range(n // 3, n))
    shuffled = [taken(one, np.random.default_rng(3).permutation(len(one["id"])).tolist()) for one in (left, right)]
    says = {}

    def links(report, *, back=False):
        says.update({} if says else contents_of(report))
        ends = (report.links["right"], report.links["left"]) if back else (report.links["left"], report.links["right"])
        return sorted((says[a], says[b]) for a, b in zip(*ends, strict=True))

    for once in ({}, {"one_to_one": True}):
        first = links(Matcher.contacts(block_cap=50).link(left, right, **once))
        assert first or name == "one person, many ways"  # whose values are all common
        assert first == links(Matcher.contacts(block_cap=50).link(*shuffled, **once))
        assert first == links(Matcher.contacts(block_cap=50).link(right, left, **once), back=True)


def test_every_copy_of_a_record_is_linked_to_the_master_list_however_many_there_are():
    master = generate.contacts(40, seed=4, duplicates=0.0).columns
    many = taken(master, [row for row in range(40) for _ in range(30)])
    many["id"] = [f"r{k}" for k in range(1_200)]
    found = Matcher.contacts(block_cap=20).link(many, master, many_to_one=True)
    links = dict(zip(found.links["left"], found.links["right"], strict=True))
    assert sum(links.get(f"r{k}") == master["id"][k // 30] for k in range(1_200)) >= 0.97 * 1_200


@st.composite
def large_components(draw):
    """Scores of the pairs of a component over the limit, as contents with copies, far fewer than scores are."""
    n = draw(st.integers(4, 9))
    odds = {(a, b): draw(st.sampled_from([-3.0, -0.5, 0.4, 2.0, 7.0])) for a in range(n) for b in range(a + 1, n)}
    copies = draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))
    return n, odds, copies


@settings(max_examples=60, deadline=None)
@given(large_components(), st.randoms(use_true_random=False))
@example((4, {(0, 1): 2.0, (1, 2): 2.0, (2, 3): 2.0, (0, 2): -3.0, (1, 3): -3.0, (0, 3): -3.0}, [1] * 4), None)
def test_a_component_over_the_limit_is_split_the_same_in_any_order(component, random_):
    n, odds, copies = component
    rows = [one for one in range(n) for _ in range(copies[one])]

    def split(order):
        said = [rows[k] for k in order]
        left, right = np.triu_indices(len(said), 1)
        scores = np.array(
            [9.0 if said[a] == said[b] else odds[min(said[a], said[b]), max(said[a], said[b])]
             for a, b in zip(left.tolist(), right.tolist(), strict=True)]
        )  # fmt: skip
        found = clusters.cluster(
            len(said), left.astype(np.int32), right.astype(np.int32), scores, lambda *_: pytest.fail("scored wholly"),
            largest=1, contents=np.array(said, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15),
        )  # fmt: skip
        groups = {}
        for one, label in zip(said, found.labels.tolist(), strict=True):
            groups.setdefault(label, []).append(one)
        return sorted(map(sorted, groups.values()))

    order = list(range(len(rows)))
    first = split(order)
    if random_ is None:
        order.reverse()
    else:
        random_.shuffle(order)
    assert split(order) == first


@pytest.mark.parametrize(("kind", "rows"), [("contacts", 1_500), ("accounts", 800)])
def test_golden_records_have_next_to_no_duplicates_left(kind, rows):
    made = getattr(generate, kind)(rows, seed=21)
    found = getattr(Matcher, kind)().dedupe(made.columns)
    golden, _ = found.merge()
    again = getattr(Matcher, kind)().dedupe(golden)
    assert found.counts()["duplicates"] > 0.1 * rows
    assert again.counts()["duplicates"] <= 0.01 * found.counts()["duplicates"] + 2
    thrice = getattr(Matcher, kind)().dedupe(again.merge()[0])
    assert thrice.counts()["duplicates"] <= 1


def test_a_higher_threshold_never_finds_more_pairs_of_a_generated_table():
    made = generate.contacts(1_000, seed=22)
    matcher = Matcher.contacts(threshold=0.1)
    runs = [matcher.dedupe(made.columns)]
    for at in (0.5, 0.9, 0.999):
        matcher.threshold = at
        runs.append(matcher.dedupe(made.columns, refit=False))
    found = [evaluate(run.labels.tolist(), made.truth.tolist()).found_pairs for run in runs]
    assert found == sorted(found, reverse=True)
    assert found[-1] < found[0]


def test_a_rule_more_never_loses_a_candidate():
    columns = generate.contacts(400, seed=23).columns
    rules = [BlockingRule("email"), BlockingRule("family_sound", "postcode"), BlockingRule("phone")]
    matcher = Matcher.contacts().fit(columns)
    seen: set[frozenset[str]] = set()
    for count in (1, 2, 3):
        matcher.blocking = tuple(rules[:count])
        now = set(pairs_of(matcher.dedupe(columns, refit=False)))
        assert seen <= now
        seen = now
