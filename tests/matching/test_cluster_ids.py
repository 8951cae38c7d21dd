from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmkit as ck
from crmkit.errors import SchemaError
from crmkit.matching import ClusterEvent, Labels, Matcher, merge_clusters
from crmkit.matching._merging._cluster_ids import carry_over
from crmkit.testing import generate


@pytest.fixture(scope="module")
def people():
    return generate.contacts(300, seed=3).columns


@pytest.fixture(scope="module")
def first(people):
    report = Matcher.contacts().dedupe(people)
    return report, *report.merge()


def ids_of(report):
    clusters = report.clusters
    return dict(zip(clusters["record_id"], clusters["cluster_id"], strict=True))


def shuffled(people, seed):
    order = np.random.default_rng(seed).permutation(len(people["id"])).tolist()
    return {name: [column[row] for row in order] for name, column in people.items()}


def test_clusters_keep_their_ids_whatever_the_order_of_rows(people, first):
    report, _, log = first
    again = ck.dedupe(shuffled(people, 5), previous=log)
    assert ids_of(again) == ids_of(report)
    assert again.events == ()


def test_golden_records_keep_the_ids_of_their_clusters(first):
    report, golden, log = first
    again = Matcher.contacts().dedupe(golden, previous=log)
    known = ids_of(report)
    assert ids_of(again) == {record: known[record] for record in golden["id"]}
    assert again.events == ()


def test_deduplicating_golden_records_changes_nothing(first):
    _, golden, _ = first
    again, log = Matcher.contacts().dedupe(golden).merge()
    assert again == golden
    assert len(log) == 0


def test_new_records_get_new_ids_and_merging_continues_the_log(people, first):
    _, golden, log = first
    more = generate.contacts(340, seed=3).columns
    extra = {name: column[300:] for name, column in more.items()}
    both = {name: [*golden[name], *extra[name]] for name in golden}
    both["id"] = [*golden["id"], *(f"N{k}" for k in range(40))]
    report = Matcher.contacts().dedupe(both, previous=log)
    new = [cluster for record, cluster in ids_of(report).items() if record.startswith("N")]
    known = set(log.clusters().values())
    assert min(set(new) - known, default=10**9) > max(known)
    _, second = report.merge()
    assert [run.run_id for run in second.runs][:1] == [log.run_id]
    assert len(second.runs) == 2


def test_a_split_is_an_event(people, first):
    _, _, log = first
    loser, survivor = next(iter(log.pointers().items()))
    cluster = log.clusters()[loser]
    others = [record for record, into in log.pointers().items() if into == survivor and record != loser]
    labels = Labels.of([(loser, one, False) for one in (survivor, *others)])
    report = Matcher.contacts().dedupe(people, previous=log, labels=labels)
    ids = ids_of(report)
    assert ids[survivor] == cluster
    assert ids[loser] > max(log.clusters().values())
    assert ClusterEvent("split", cluster, (ids[loser],)) in report.events


def test_joins_and_clusters_that_are_gone_are_events():
    rows = [{"id": "a"}, {"id": "b"}, {"id": "c"}, {"id": "d"}]
    _, log = merge_clusters(rows, [0, 1, 2, 3], key="id")
    ids, following, events = carry_over(log.clusters(), 4, ["b", "a", "c", "e"], np.array([0, 0, 1, 2]))
    assert ids.tolist() == [0, 2, 4]
    assert following == 5
    assert events == (ClusterEvent("gone", 3), ClusterEvent("join", 0, (1,)))


def test_the_golden_record_decides_which_half_keeps_the_id():
    known = {"a": 7, "b": 7, "c": 7, "d": 7}
    ids, _, events = carry_over(known, 8, ["a", "b", "c", "d"], np.array([0, 0, 1, 1]), golden={"c"})
    assert ids.tolist() == [8, 7]
    assert events == (ClusterEvent("split", 7, (8,)),)
    ids, _, _ = carry_over(known, 8, ["a", "b", "c", "d"], np.array([0, 0, 0, 1]), golden={"d"})
    assert ids.tolist() == [7, 8]


def slow_ids(known, following, records, labels):
    """The same by repeated search."""
    clusters = {}
    for record, label in zip(records, labels, strict=True):
        clusters.setdefault(label, set()).add(record)
    found = {}
    while True:
        open_ = [
            (-sum(known.get(record) == old for record in members), old, min(members), label)
            for label, members in clusters.items()
            if label not in found
            for old in {known[record] for record in members if record in known} - set(found.values())
        ]
        if not open_:
            break
        *_, label = min(open_)
        found[label] = min(open_)[1]
    for label in sorted((label for label in clusters if label not in found), key=lambda one: min(clusters[one])):
        found[label] = following
        following += 1
    return {record: found[label] for record, label in zip(records, labels, strict=True)}


RECORDS = [f"r{k}" for k in range(9)]


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(RECORDS), st.integers(0, 4), min_size=1),
    st.permutations(RECORDS),
    st.lists(st.integers(0, 4), min_size=9, max_size=9),
)
def test_ids_are_carried_as_by_repeated_search_in_any_order_of_rows(known, order, clusters):
    def run(records):
        names = [clusters[RECORDS.index(record)] for record in records]
        _, labels = np.unique(names, return_inverse=True)
        ids, following, events = carry_over(known, 5, records, labels.astype(np.int64))
        assert len(set(ids.tolist())) == len(ids)
        assert following == max([*ids.tolist(), 4]) + 1
        return dict(zip(records, ids[labels].tolist(), strict=True)), events

    assert run(RECORDS) == run(order)
    assert run(order)[0] == slow_ids(known, 5, order, [clusters[RECORDS.index(record)] for record in order])


def test_the_log_of_another_table_is_refused(people):
    _, log = merge_clusters([{"id": "x1"}, {"id": "x2"}], [0, 0], key="id")
    with pytest.raises(SchemaError, match="log of another table"):
        Matcher.contacts().dedupe(people, previous=log)


def test_rows_without_ids_cannot_continue_a_log(people, first):
    nameless = {name: column for name, column in people.items() if name != "id"}
    with pytest.raises(SchemaError, match="needs record ids, and this table"):
        Matcher.contacts().dedupe(nameless, previous=first[2])
    _, log = merge_clusters([{"x": "1"}, {"x": "2"}], [0, 0])
    with pytest.raises(SchemaError, match="table of the previous log"):
        Matcher.contacts().dedupe(people, previous=log)


def test_what_is_no_log_of_merges_is_refused(people, first):
    with pytest.raises(SchemaError, match="not a str"):
        Matcher.contacts().dedupe(people, previous="merges.jsonl")
