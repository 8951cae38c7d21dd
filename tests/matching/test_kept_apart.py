"""What a person took apart after a merge is not put together again by the next run."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmkit as ck
from crmkit.matching import Labels, Matcher, MergeLog, merge_clusters
from crmkit.matching._labelling._labels import known_pairs
from crmkit.matching._merging._apart import Apart
from crmkit.testing import generate

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def people() -> list[dict[str, object]]:
    columns = generate.contacts(300, seed=5).columns
    names = [name for name in columns if name not in {"created_at", "updated_at", "owner_name"}]
    return [{name: columns[name][row] for name in names} for row in range(300)]


@pytest.fixture(scope="module")
def undone(people: list[dict[str, object]]) -> tuple[list[dict[str, object]], MergeLog, list[str]]:
    """The table after one of its merges was taken back, the log, and the records of that merge."""
    golden, merges = ck.dedupe(people, key="id").merge()
    gone, stays = next(iter(merges.pointers().items()))
    back, merges = merges.undo(golden, gone, by="lin", reason="father and son")
    members = [gone, stays, *(one for one, into in merges.pointers().items() if into == stays)]
    assert len(back) > len(golden)
    return back, merges, members


def clusters_of(report: object) -> dict[object, object]:
    return {row["record_id"]: row["cluster_id"] for row in report.clusters}  # type: ignore[attr-defined]


def test_records_that_were_taken_apart_stay_apart(undone: tuple[list[dict[str, object]], MergeLog, list[str]]) -> None:
    back, merges, (one, two, *_) = undone
    without = clusters_of(ck.dedupe(back, key="id"))
    assert without[one] == without[two]
    report = ck.dedupe(back, key="id", previous=merges)
    kept = clusters_of(report)
    assert kept[one] != kept[two]
    assert any("stay apart that were taken apart" in note for note in report.diagnostics.notes)
    others = [record for record in kept if record not in {one, two}]
    for a, b in itertools.pairwise(others):
        assert (kept[a] == kept[b]) == (without[a] == without[b])
    pair = next(pair for pair in report.pairs if {pair["left"], pair["right"]} == {one, two})
    assert pair["match_probability"] < 1e-9
    golden, again = report.merge()
    assert {one, two} <= {row["id"] for row in golden}
    assert again.taken_apart() == merges.taken_apart()


def test_the_next_process_knows_it_too(
    undone: tuple[list[dict[str, object]], MergeLog, list[str]], tmp_path: Path
) -> None:
    back, merges, (one, two, *_) = undone
    merges.save(tmp_path / "merges.jsonl")
    read = MergeLog.load(tmp_path / "merges.jsonl")
    assert read.taken_apart() == merges.taken_apart()
    kept = clusters_of(ck.dedupe(back, key="id", previous=read))
    assert kept[one] != kept[two]


def test_a_label_says_more_than_what_was_undone(undone: tuple[list[dict[str, object]], MergeLog, list[str]]) -> None:
    back, merges, (one, two, *_) = undone
    report = Matcher.contacts().dedupe(back, key="id", previous=merges, labels=Labels.of([(one, two, True)]))
    kept = clusters_of(report)
    assert kept[one] == kept[two]


def test_taking_everything_back_says_nothing_about_pairs(people: list[dict[str, object]]) -> None:
    golden, merges = ck.dedupe(people, key="id").merge()
    back, merges = merges.undo(golden)
    assert back == people
    assert merges.taken_apart() == []
    again = clusters_of(ck.dedupe(back, key="id", previous=merges))
    assert again == clusters_of(ck.dedupe(people, key="id"))


@pytest.mark.parametrize(("apart", "found"), [(None, [("a", "b")]), (True, [("a", "b")]), (False, [])])
def test_the_caller_can_say_what_an_undo_means(apart: bool | None, found: list[tuple[str, str]]) -> None:
    table = [{"id": "a"}, {"id": "b"}, {"id": "c"}]
    golden, first = merge_clusters(table, {"a": 1, "b": 1}, key="id")
    golden, second = merge_clusters(golden, {"a": 1, "c": 1}, key="id", previous=first)
    back, log = second.undo(golden, "b", together=True, apart=apart)
    assert back == table
    assert log.taken_apart() == found  # c was only in the way


def test_a_large_merge_that_was_taken_apart_stays_apart_in_a_component_that_is_too_large_to_score() -> None:
    columns = ("given_name", "family_name", "email", "city")
    one = dict(zip(columns, ("Ann", "Lee", "ann.lee@example.org", "Oslo"), strict=True))
    table = [{"id": f"r{k}", **one} for k in range(450)] + [
        {"id": f"s{k}", **dict(zip(columns, (f"Bo{k}", f"Berg{k}", f"bo{k}@example.org", "Bergen"), strict=True))}
        for k in range(50)
    ]
    golden, merges = merge_clusters(table, {f"r{k}": "all" for k in range(450)}, key="id")
    back, merges = merges.undo(golden, "r0")
    kept = clusters_of(Matcher.contacts().dedupe(back, key="id", previous=merges))
    assert len({kept[f"r{k}"] for k in range(450)}) == 450


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcdefghij"), max_size=6), max_size=6),
    st.lists(st.integers(0, 4), min_size=8, max_size=8),
    st.booleans(),
)
def test_sets_of_records_are_kept_apart_as_by_looking_at_every_pair(
    sets: list[list[str]], labels: list[int], labelled: bool
) -> None:
    rows = {name: row for row, name in enumerate("abcdefgh")}  # i and j are not in the table
    apart = Apart.of(sets, rows)
    together = {
        pair for one in sets for pair in itertools.combinations(sorted({rows[name] for name in one if name in rows}), 2)
    }
    every = list(itertools.combinations(range(8), 2))
    left, right = (np.array(part, dtype=np.int32) for part in zip(*every, strict=True))
    assert [pair for pair, held in zip(every, apart.holds(left, right), strict=True) if held] == sorted(together)
    assert list(zip(*(part.tolist() for part in apart.pairs()), strict=True)) == sorted(together)
    assert (apart.named(left, right) == apart.holds(left, right)).all()
    known = known_pairs(Labels.of([("a", "b", True)] if labelled else []), [list(rows)])
    _, first = np.unique(labels, return_inverse=True)
    result = apart.split(first, known)
    for a, b in every:
        is_labelled = labelled and {a, b} & {0, 1}
        if result[a] == result[b]:
            assert first[a] == first[b]
            assert is_labelled or (a, b) not in together
    assert sorted(set(result.tolist())) == list(range(len(set(result.tolist()))))
