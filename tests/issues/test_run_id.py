import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.issues import new_run_id

moments = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC))


@given(moments, moments)
def test_ids_sort_as_their_moments(first, second):
    one, two = (new_run_id(now=lambda moment=moment: moment, seed=1) for moment in (first, second))
    assert len(one) == len(two) == 26
    if abs(first - second) >= timedelta(milliseconds=1):
        assert (one < two) == (first < second)


def test_first_ten_characters_are_the_milliseconds_of_the_specification():
    # The example of the ULID specification's Python port: 1469918176385 ms is 01ARYZ6S41.
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=1469918176385)
    assert new_run_id(now=lambda: moment, seed=0)[:10] == "01ARYZ6S41"


def test_ids_differ_unless_seeded():
    assert len({new_run_id() for _ in range(100)}) == 100
    now = datetime(2026, 11, 23, tzinfo=UTC)
    assert new_run_id(now=lambda: now, seed=5) == new_run_id(now=lambda: now, seed=5)


def test_naive_and_prehistoric_clocks_are_refused():
    with pytest.raises(ValueError, match="naive"):
        new_run_id(now=lambda: datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="1970"):
        new_run_id(now=lambda: datetime(1969, 1, 1, tzinfo=UTC))


def test_ids_of_many_threads_differ():
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: [new_run_id() for _ in range(700)], range(8)))
    assert len(set(itertools.chain(*found))) == 5600
    assert {len(name) for name in found[0]} == {26}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_names_nothing_as_its_parent_does():
    new_run_id()  # what was drawn for later is there now
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, "".join(new_run_id()[10:] for _ in range(10)).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    theirs = os.read(reader, 1000).decode()
    os.close(reader)
    assert len(theirs) == 160
    assert not {theirs[at : at + 16] for at in range(0, 160, 16)} & {new_run_id()[10:] for _ in range(300)}


def test_a_seed_without_a_clock_repeats_the_random_part_alone():
    one, two = new_run_id(seed=7), new_run_id(seed=7)
    assert len(one) == 26
    assert one[10:] == two[10:]
