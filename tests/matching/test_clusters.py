from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.matching._decisions import _clusters as clusters

EDGES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda edge: edge[0] < edge[1]), max_size=15)


def naive_linkage(scores):
    """Merge the pair of clusters with the highest mean score while it is above 0."""
    groups = [[k] for k in range(len(scores))]
    while len(groups) > 1:
        best, a, b = max(
            (
                (np.mean([scores[i][j] for i in one for j in other]), -x, -y)
                for (x, one), (y, other) in itertools.combinations(enumerate(groups), 2)
            ),
        )
        if best <= 0:
            break
        a, b = sorted((-a, -b))
        groups[a] += groups.pop(b)
    return sorted(sorted(group) for group in groups)


def grouped(labels):
    found = {}
    for row, label in enumerate(labels):
        found.setdefault(int(label), []).append(row)
    return sorted(found.values())


def scores_of(size, seed):
    random = np.random.default_rng(seed)
    matrix = random.normal(0.5, 2.0, (size, size))
    return (matrix + matrix.T) / 2


@given(st.integers(2, 8), st.integers(0, 10_000))
def test_linkage_of_many_problems_equals_the_naive_one(size, seed):
    problems = np.stack([scores_of(size, seed + k) for k in range(4)])
    owners = clusters.average_linkage(problems)
    for problem, owner in zip(problems, owners, strict=True):
        assert grouped(owner) == naive_linkage(problem)


@given(st.integers(2, 9), st.integers(0, 10_000))
def test_linkage_on_given_pairs_equals_the_naive_one_where_all_are_given(size, seed):
    matrix = scores_of(size, seed)
    i, j = np.triu_indices(size, 1)
    assert grouped(clusters._sparse_linkage(size, i, j, matrix[i, j])) == naive_linkage(matrix)


@given(EDGES)
def test_components_equal_a_plain_search(edges):
    near = {k: {k} for k in range(10)}
    for a, b in edges:
        merged = near[a] | near[b]
        for member in merged:
            near[member] = merged
    expected = [min(near[k]) for k in range(10)]
    left, right = (np.array([edge[side] for edge in edges], dtype=np.int32) for side in (0, 1))
    assert clusters.components(10, left, right).tolist() == expected


def clustered(pairs, *, n=8, threshold=0.0, largest=400):
    table = {(a, b): s for a, b, s in pairs}
    left, right, odds = (np.array(column) for column in zip(*pairs, strict=True))

    def score(a, b):
        return np.array([table.get((min(x, y), max(x, y)), -9.0) for x, y in zip(a.tolist(), b.tolist(), strict=True)])

    return clusters.cluster(
        n, left.astype(np.int32), right.astype(np.int32), odds, score, threshold=threshold, largest=largest
    )


def test_a_weak_bridge_does_not_join_two_parties():
    pairs = [(0, 1, 5.0), (0, 2, 5.0), (1, 2, 5.0), (3, 4, 5.0), (2, 3, 0.5)]
    assert grouped(clustered(pairs).labels) == [[0, 1, 2], [3, 4], [5], [6], [7]]


def test_a_pair_is_linked_above_the_threshold_only():
    assert grouped(clustered([(0, 1, 0.5)], n=2).labels) == [[0, 1]]
    assert grouped(clustered([(0, 1, -0.5)], n=2).labels) == [[0], [1]]
    assert grouped(clustered([(0, 1, 0.5)], n=2, threshold=2.0).labels) == [[0], [1]]


def test_a_component_over_the_limit_is_clustered_on_its_pairs_and_reported():
    chain = [(k, k + 1, 4.0) for k in range(5)]
    found = clustered(chain, largest=3)
    assert grouped(found.labels)[0] == [0, 1, 2, 3, 4, 5]
    assert found.oversized == 6
    broken = [(a, b, -0.5 if a == 2 else s) for a, b, s in chain]
    assert grouped(clustered(broken, largest=3).labels)[:2] == [[0, 1, 2], [3, 4, 5]]


@settings(max_examples=50)
@given(st.permutations(range(8)), st.integers(0, 1_000))
def test_clusters_do_not_depend_on_the_order_of_rows(order, seed):
    random = np.random.default_rng(seed)
    pairs = [
        (a, b, float(s)) for (a, b), s in zip(itertools.combinations(range(8), 2), random.normal(0, 3, 28), strict=True)
    ]
    moved = [(min(order[a], order[b]), max(order[a], order[b]), s) for a, b, s in pairs]
    back = {order[k]: k for k in range(8)}
    expected = grouped(clustered(pairs).labels)
    found = sorted(sorted(back[row] for row in group) for group in grouped(clustered(moved).labels))
    assert found == expected


def test_labels_count_clusters_in_order_of_their_first_row():
    found = clustered([(0, 5, 4.0), (1, 2, 4.0)], n=6)
    assert found.labels.tolist() == [0, 1, 1, 2, 3, 0]
    assert found.sizes.tolist() == [2, 2, 1, 1]


@pytest.mark.parametrize("n", [0, 3])
def test_without_pairs_every_record_is_its_own_cluster(n):
    none = np.empty(0, dtype=np.int32)
    found = clusters.cluster(n, none, none, np.empty(0), lambda a, b: np.empty(0))
    assert found.labels.tolist() == list(range(n))
