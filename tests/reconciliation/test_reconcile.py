"""The comparison against a slow and obvious twin, in every kind of frame, with planted causes and bad input."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmkit as ck
from crmkit import frames
from crmkit.errors import CheckFailedError, NotFoundError, SchemaError
from crmkit.reconciliation import _reconcile as engine
from crmkit.reconciliation import cause_of, reconcile
from crmkit.reconciliation._causes import _cells as cells_module
from crmkit.reconciliation._pairing._keys import loose_key

KEYS = st.sampled_from(["1", "2", "3", "007", "7", "A b", "a-b", "", " ", None])
CELLS = st.sampled_from(["x", "X", " x", "y", "12", "1200", "0012", "张三", None, "n/a", "2026-01-02"])
ROWS = st.lists(st.fixed_dictionaries({"id": KEYS, "a": CELLS, "b": CELLS}), max_size=12)


def slow_pairs(
    left: list[dict[str, Any]], right: list[dict[str, Any]]
) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Pairs of rows, and rows left alone: for every key the equal ones first, then those that share most cells."""
    pairs = []
    for key in dict.fromkeys(row["id"] for row in left if row["id"] and row["id"].strip()):
        mine = [n for n, row in enumerate(left) if row["id"] == key]
        yours = [n for n, row in enumerate(right) if row["id"] == key]
        for wanted in (2, 1, 0):
            for one in list(mine):
                for other in list(yours):
                    if sum(left[one][name] == right[other][name] for name in ("a", "b")) == wanted:
                        pairs.append((one, other))
                        mine.remove(one)
                        yours.remove(other)
                        break
    alone = [n for n in range(len(left)) if n not in {one for one, _ in pairs}]
    extra = [n for n in range(len(right)) if n not in {other for _, other in pairs}]
    return sorted(pairs), alone, extra


@settings(max_examples=300)
@given(left=ROWS, right=ROWS)
def test_rows_and_cells_are_those_of_the_slow_twin(left, right):
    names = {"id": [row["id"] for row in left], "a": [row["a"] for row in left], "b": [row["b"] for row in left]}
    other = {"id": [row["id"] for row in right], "a": [row["a"] for row in right], "b": [row["b"] for row in right]}
    report = reconcile(names, other, key="id", same_key=False)
    pairs, alone, extra = slow_pairs(left, right)
    pairing = report.rows.pairing
    assert pairing.missing.tolist() == alone
    assert pairing.unexpected.tolist() == extra
    found = list(zip(pairing.left.tolist(), pairing.right.tolist(), strict=True))
    doubled = {row["id"] for table in (left, right) for row, n in zip(table, [1] * len(table), strict=True)
               if sum(one["id"] == row["id"] for one in table) > 1}  # fmt: skip
    assert [pair for pair in found if left[pair[0]]["id"] not in doubled] == [
        pair for pair in pairs if left[pair[0]]["id"] not in doubled
    ]
    shared = [sum(left[a][name] == right[b][name] for name in ("a", "b")) for a, b in found]
    assert sorted(shared) == sorted(sum(left[a][name] == right[b][name] for name in ("a", "b")) for a, b in pairs)
    cells = {(row["left_row"], row["right_row"], row["column"]) for row in report.cells.to_dicts()}
    wanted = {(a, b, name) for a, b in found for name in ("a", "b") if left[a][name] != right[b][name]}
    assert cells == wanted
    counts = report.counts()
    assert counts["left"] == counts["matched"] + counts["missing"]
    assert counts["right"] == counts["matched"] + counts["unexpected"]
    assert counts["matched"] == counts["equal"] + counts["differing"]


@settings(max_examples=100)
@given(left=ROWS, right=ROWS, seed=st.integers(0, 1000))
def test_the_order_of_the_tables_changes_nothing_where_keys_are_unique(left, right, seed):
    left = list({row["id"]: row for row in left if row["id"] is not None}.values())
    right = list({row["id"]: row for row in right if row["id"] is not None}.values())
    mixed = right[:]
    random.Random(seed).shuffle(mixed)

    def cells(rows: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
        if not left or not rows:
            return Counter()
        found = reconcile(left, rows, key="id").cells.to_dicts()
        return Counter(
            tuple(cell[name] for name in ("record_id", "column", "left", "right", "cause")) for cell in found
        )

    assert cells(mixed) == cells(right)


LEFT = {
    "id": ["1", "2", "3", "4"],
    "name": ["Ann", "Bob ", None, "Zoë"],
    "amount": [1.5, 2.0, None, 4.25],
    "day": [dt.date(2026, 1, 1), dt.date(2026, 3, 4), None, dt.date(2026, 5, 6)],
}
RIGHT = {
    "id": ["4", "2", "1", "9"],
    "name": ["Zoë", "Bob", "Anna", "New"],
    "amount": [425.0, 2.0000001, 1.5, 0.0],
    "day": [dt.date(2026, 6, 5), dt.date(2026, 3, 4), dt.date(2026, 1, 1), None],
}


def in_kind(kind: str, columns: dict[str, list[Any]]) -> Any:
    if kind == "dicts":
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if kind == "columns":
        return columns
    library = pytest.importorskip("pyarrow" if kind == "arrow" else kind)
    if kind == "arrow":
        return library.table(columns)
    return library.DataFrame(columns)


@pytest.mark.parametrize("right", ["dicts", "columns", "pandas", "polars", "arrow"])
@pytest.mark.parametrize("left", ["dicts", "columns", "pandas", "polars", "arrow"])
def test_any_two_kinds_of_frame_give_the_same_cells(left, right):
    report = ck.reconcile(in_kind(left, LEFT), in_kind(right, RIGHT), key="id", tolerance={"amount": 1e-6})
    cells = [(cell["record_id"], cell["column"], cell["cause"]) for cell in report.cells.to_dicts()]
    assert cells == [
        ("1", "name", "changed"),
        ("2", "name", "whitespace"),
        ("4", "amount", "unit"),
        ("4", "day", "day_month_swapped"),
    ]
    assert frames.read(report.missing()).column("id") == ["3"]
    assert frames.read(report.unexpected()).column("id") == ["9"]
    assert frames.read(report.missing()).kind == frames.read(in_kind(left, LEFT)).kind


def test_equal_tables_of_two_kinds_are_equal():
    columns = {"id": ["1", "2"], "n": [7, 10**15], "x": [0.5, -0.0], "ok": [True, False], "t": ["a", None]}
    report = reconcile(
        columns, {**columns, "n": ["7", "1000000000000000"], "x": ["0.5", "-0.0"], "ok": ["true", "false"]}
    )
    assert report.ok
    assert report.counts()["cells"] == 0


# -- planted causes ---------------------------------------------------------------------------------------------------


def planted(
    seed: int, rows: int = 400
) -> tuple[dict[str, list[Any]], dict[str, list[Any]], dict[tuple[str, str], str]]:
    """A table, what bad steps made of it, and the cause of every cell that differs."""
    rng = random.Random(seed)
    given = ["Ann", "Robert", "Zoë", "José", "张三", "李小龙", "Müller", "O'Brien"]
    left: dict[str, list[Any]] = {
        "id": [f"C{n:05d}" for n in range(rows)],
        "name": [f"{rng.choice(given)} {rng.choice(given)} {n}" for n in range(rows)],
        "street": [
            f"{n} {rng.choice(['Long', 'Very Long', 'Short'])} Avenue of the Americas, Suite {n}" for n in range(rows)
        ],
        "phone": [f"+1212555{n % 10_000:04d}" for n in range(rows)],
        "amount": [f"{rng.randrange(100, 10**6) / 100:.2f}" for n in range(rows)],
        "rate": [f"{rng.random():.6f}" for n in range(rows)],
        "code": [f"0{rng.randrange(10**6, 10**7)}" for n in range(rows)],
        "card": [str(rng.randrange(10**17, 10**18)) for n in range(rows)],
        "born": [
            f"19{rng.randrange(50, 99)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 13):02d}" for n in range(rows)
        ],
        "met": [
            f"2026-0{rng.randrange(1, 9)}-1{rng.randrange(0, 9)}T1{rng.randrange(0, 4)}:{rng.randrange(10, 59)}:00"
            for n in range(rows)
        ],
        "stage": [rng.choice(["Prospecting", "Qualified", "Closed Won"]) for n in range(rows)],
        "city": [rng.choice(["Oslo", "Bergen", "Roma", "北京"]) + f" {n}" for n in range(rows)],
        "region": [rng.choice(["north", "south"]) + f" {n}" for n in range(rows)],
    }
    right = {name: list(values) for name, values in left.items()}
    truth: dict[tuple[str, str], str] = {}

    def plant(column: str, cause: str, share: float, make: Any) -> None:
        for n in range(rows):
            key = left["id"][n], column
            if key in truth or rng.random() > share:
                continue
            made = make(left[column][n])
            if made is not None and made != left[column][n]:
                right[column][n] = made
                truth[key] = cause

    plant("name", "mojibake", 0.1, lambda text: None if text.isascii() else text.encode().decode("latin-1"))
    plant("name", "case", 0.1, str.upper)
    plant("name", "whitespace", 0.1, lambda text: f" {text}")
    plant("name", "value_lost", 0.05, lambda text: "N/A")
    plant("street", "truncated", 1.0, lambda text: text[:35])
    plant("phone", "format", 0.2, lambda text: f"({text[2:5]}) {text[5:8]}-{text[8:]}")
    plant("amount", "unit", 0.3, lambda text: str(round(float(text) * 100)))
    plant("rate", "rounding", 0.3, lambda text: f"{float(text):.3f}")
    plant("code", "leading_zeros_lost", 0.3, lambda text: text.lstrip("0"))
    plant("card", "digits_lost", 0.3, lambda text: text[:15] + "000")
    plant("born", "day_month_swapped", 0.3, lambda text: f"{text[:4]}-{text[8:]}-{text[5:7]}")
    plant("met", "time_zone", 1.0, lambda text: (dt.datetime.fromisoformat(text) + dt.timedelta(hours=8)).isoformat())
    plant("stage", "recoded", 1.0, {"Closed Won": "won"}.get)
    for n in rng.sample(range(rows), rows // 20):
        right["city"][n], right["region"][n] = left["region"][n], left["city"][n]
        truth[left["id"][n], "city"] = truth[left["id"][n], "region"] = "swapped_columns"
    plant("city", "changed", 0.05, lambda text: f"Lund {rng.randrange(10**6)}")
    order = list(range(rows))
    rng.shuffle(order)
    return left, {name: [values[n] for n in order] for name, values in right.items()}, truth


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_causes_are_found_named_and_nothing_is_invented(seed):
    left, right, truth = planted(seed)
    report = reconcile(left, right, key="id")
    found = {(cell["record_id"], cell["column"]): cell["cause"] for cell in report.cells.to_dicts()}
    assert found.keys() == truth.keys()
    right_cause = sum(found[cell] == cause for cell, cause in truth.items())
    wrong = Counter((cause, found[cell]) for cell, cause in truth.items() if found[cell] != cause)
    assert right_cause / len(truth) >= 0.99, wrong
    assert report.counts()["missing"] == report.counts()["unexpected"] == 0


# -- what a whole column decides --------------------------------------------------------------------------------------


def causes_of(left: list[Any], right: list[Any], **settings: Any) -> Counter[str]:
    ids = list(range(len(left)))
    return Counter(reconcile({"id": ids, "x": left}, {"id": ids, "x": right}, key="id", **settings).causes())


def test_a_prefix_in_a_column_that_does_not_cut_is_a_change():
    assert causes_of(["Anna", "Christopher"], ["Ann", "Christopher"]) == {"changed": 1}
    assert causes_of(["Christophers", "Annabelle-Maria"], ["Christop", "Annabell"]) == {"truncated": 2}


def test_a_cut_in_bytes_is_told_where_characters_have_several():
    left = ["北京市朝阳区建国路八十八号", "Shanghai 浦东新区世纪大道一百号", "abc"]
    right = [text.encode()[:20].decode("utf-8", "ignore") for text in left]
    report = reconcile({"id": [1, 2, 3], "x": left}, {"id": [1, 2, 3], "x": right}, key="id")
    assert report.causes() == {"truncated": 2}
    assert {issue.row: issue.params["unit"] for issue in report.issues} == {0: "bytes", 1: "characters"}


def test_one_meeting_moved_by_hours_is_no_time_zone():
    left = [f"2026-01-0{n}T10:00:00" for n in range(1, 8)]
    assert causes_of(left, [*left[:6], "2026-01-07T14:00:00"]) == {"changed": 1}
    assert causes_of(left, [text.replace("T10", "T18") for text in left]) == {"time_zone": 7}


def test_days_shifted_by_one_are_a_time_zone_only_if_most_are():
    days = [f"2026-03-{n:02d}" for n in range(2, 12)]
    shifted = [f"2026-03-{n - 1:02d}" for n in range(2, 12)]
    assert causes_of(days, shifted, kinds={"x": "date"}) == {"time_zone": 10}
    assert causes_of(days, [shifted[0], *days[1:]], kinds={"x": "date"}) == {"changed": 1}


def test_a_value_that_became_several_others_is_no_recoding():
    assert causes_of(["a"] * 10, ["b"] * 10) == {"recoded": 10}
    assert causes_of(["a"] * 10, ["b"] * 6 + ["a"] * 4) == {"changed": 6}


def test_a_map_of_values_is_used_and_what_it_does_not_know_is_said():
    left, right = ["Closed Won", "Closed Lost", "On hold"], ["won", "lost", "open"]
    names = {"x": {"Closed Won": "won", "Closed Lost": "lost"}}
    assert causes_of(left, right, values=names) == {"value_map_miss": 1}
    assert causes_of(left[:2], right[:2], values=names) == {}


def test_swapped_columns_name_each_other():
    left = {"id": [1, 2, 3], "city": ["Oslo", "Bergen", "Roma"], "region": ["East", "West", "Lazio"]}
    right = {"id": [1, 2, 3], "city": ["East", "Bergen", "Roma"], "region": ["Oslo", "West", "Lazio"]}
    report = reconcile(left, right, key="id")
    assert report.causes() == {"swapped_columns": 2}
    assert any("region" in sentence and "city" in sentence for sentence in report.explain())


# -- keys -------------------------------------------------------------------------------------------------------------


def test_keys_that_almost_agree_find_each_other_and_the_key_says_why():
    left = {"id": ["007", "AB-1", "12.0", "x"], "n": ["1", "2", "3", "4"]}
    right = {"id": ["7", "ab 1", "12", "z"], "n": ["1", "2", "3", "5"]}
    report = reconcile(left, right, key="id")
    assert (
        report.causes("id") == {"leading_zeros_lost": 1, "format": 1, "changed": 1}
        or sum(report.causes("id").values()) == 3
    )
    assert (report.counts()["missing"], report.counts()["unexpected"], report.counts()["almost_key"]) == (1, 1, 3)
    strict = reconcile(left, right, key="id", same_key=False)
    assert strict.counts()["missing"] == 4


def test_loose_keys_that_are_there_twice_pair_nobody():
    report = reconcile({"id": ["7", "07"], "n": [1, 2]}, {"id": ["007"], "n": [1]}, key="id")
    assert report.counts()["matched"] == 0


@given(st.text(max_size=20))
def test_a_loose_key_is_stable(text):
    assert loose_key(loose_key(text)) == loose_key(text)


def test_several_columns_make_a_key():
    left = {"system": ["a", "a", "b"], "id": ["1", "2", "1"], "x": ["p", "q", "r"]}
    right = {"system": ["b", "a", "a"], "id": ["1", "1", "2"], "x": ["r", "p", "Q"]}
    report = reconcile(left, right, key=["system", "id"])
    assert [(cell["record_id"], cell["cause"]) for cell in report.cells.to_dicts()] == [("a 2", "case")]


def test_doubled_and_missing_keys_are_issues_on_their_side():
    left = {"id": ["1", "1", None, "2"], "x": ["a", "b", "c", "d"]}
    right = {"id": ["1", "1", "2", "2", None], "x": ["b", "a", "d", "d", "e"]}
    report = reconcile(left, right, key="id")
    counts = report.counts()
    assert (counts["doubled_left"], counts["doubled_right"]) == (2, 4)
    assert (counts["no_key_left"], counts["no_key_right"]) == (1, 1)
    assert (counts["cells"], counts["missing"], counts["unexpected"]) == (0, 1, 2)
    codes = report.issues.counts("code")
    assert codes == {
        "key_doubled_right": 4,
        "key_doubled": 2,
        "key_missing": 1,
        "key_missing_right": 1,
        "row_unexpected": 1,
    }


def test_hashes_that_meet_by_accident_change_nothing(monkeypatch):
    real = frames.row_hashes

    def poor(*arguments: Any) -> Any:
        one, other, a, b = real(*arguments)
        return one % np.uint64(3), other % np.uint64(3), a, b

    left = {"id": [str(n) for n in range(40)], "x": [f"v{n % 7}" for n in range(40)]}
    right = {"id": [str(n) for n in range(5, 45)], "x": [f"v{n % 7 if n % 4 else 9}" for n in range(5, 45)]}
    honest = reconcile(left, right, key="id", same_key=False)
    monkeypatch.setattr(engine.frames, "row_hashes", poor)
    colliding = reconcile(left, right, key="id", same_key=False)
    assert colliding.counts()["doubled_left"] == 0
    found = {(cell["record_id"], cell["column"]) for cell in colliding.cells.to_dicts()}
    assert found <= {(cell["record_id"], cell["column"]) for cell in honest.cells.to_dicts()}


# -- the report -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report() -> Any:
    left, right, _ = planted(7)
    return reconcile(left, right, key="id")


def test_rates_by_column_and_segment_add_up(report):
    by_column = report.by_column()
    assert sum(one.differing for one in by_column) == report.counts()["cells"]
    assert by_column[0].rate == 1.0
    assert by_column[0].causes == {"truncated": 400} or by_column[0].causes == {"time_zone": 400}
    stages = report.by("stage", causes=["recoded"])
    assert sum(one.rows for one in stages) == 400
    assert (stages[0].value, stages[0].rate) == ("Closed Won", 1.0)
    months = report.by("met", prefix=7)
    assert sum(one.rows for one in months) == 400
    with pytest.raises(NotFoundError, match="did you mean 'rounding'"):
        report.by("stage", causes=["roundin"])
    with pytest.raises(SchemaError, match="did you mean 'stage'"):
        report.by("stag")


def test_unexpected_rows_count_in_their_segment():
    left, right = {"id": [1], "c": ["x"]}, {"id": [1, 2, 3], "c": ["x", "y", None]}
    found = {one.value: (one.rows, one.unexpected) for one in reconcile(left, right, key="id").by("c")}
    assert found == {"x": (1, 0), "y": (1, 1), None: (1, 1)}
    apart = reconcile({"id": [1], "c": ["x"], "d": [1]}, {"id": [1, 2], "d": [1, 1]}, key="id").by("c")
    assert {one.value: one.unexpected for one in apart} == {"x": 0, None: 1}


def test_control_totals_are_exact():
    left = {"id": [1, 2, 3], "amount": ["0.1", "0.2", "x"], "stage": ["a", "a", None]}
    right = {"id": [1, 2, 3], "amount": ["0.1", "0.25", "0"], "stage": ["a", "a", None]}
    report = reconcile(left, right, key="id")
    (total,) = report.totals(["amount"])
    assert (str(total.left.sum), str(total.right.sum), str(total.difference)) == ("0.3", "0.35", "0.05")
    assert (total.left.count, total.left.other, total.right.count, total.agrees) == (2, 1, 3, False)
    groups = {one.group: (one.left.count, one.right.count) for one in report.totals(["amount"], by="stage")}
    assert groups == {"a": (2, 2), None: (0, 1)}
    assert report.totals() == []
    assert [one.column for one in reconcile({"id": [1], "n": [2.5]}, {"id": [1], "n": [2.5]}).totals()] == ["n"]
    with pytest.raises(SchemaError, match="did you mean 'amount'"):
        report.totals(["amont"])
    with pytest.raises(SchemaError):
        report.totals(["amount"], by="nothing")


def test_the_gate_names_every_limit_that_is_broken(report):
    gate = report.gate(max_differing={"amount": 0, "*": 0.5})
    assert not gate.ok
    assert [limit.column for limit in gate.limits if not limit.ok] == ["street", "amount", "met"]
    with pytest.raises(CheckFailedError):
        gate.raise_for()
    with pytest.raises(TypeError):
        bool(gate)
    passing = report.gate(max_differing=1000, max_unexpected=0)
    assert passing.ok
    passing.raise_for()
    assert (passing.counts()["broken"], passing.to_dict()["ok"]) == (0, True)
    assert frames.read(gate.to_frame()).column("what")[:2] == ["matched", "missing"]
    assert "✗" in gate._repr_html_()
    assert "FAIL" in repr(gate)
    assert "pass" in repr(passing)


def test_the_gate_compares_totals_and_refuses_what_it_does_not_know(report):
    assert "total in 'amount' does not agree" in report.gate(max_differing=1000, same_totals=["amount"]).reasons
    with pytest.raises(NotFoundError, match="did you mean 'truncated'"):
        report.gate(ignore=["truncate"])
    with pytest.raises(SchemaError, match="did you mean 'amount'"):
        report.gate(max_differing={"amuont": 0})
    assert report.gate(max_differing={"amount": 1000}).ok


def test_missing_rows_break_the_gate_by_number_and_by_share():
    report = reconcile({"id": list(range(100)), "x": ["a"] * 100}, {"id": list(range(99)), "x": ["a"] * 99}, key="id")
    assert not report.gate().ok
    assert report.gate(max_missing=1).ok
    assert report.gate(max_missing=0.01).ok
    assert not report.gate(max_missing=0.005).ok


def test_a_report_hands_on_in_every_form(report):
    assert len(frames.read(report.to_frame()).column("code")) == report.counts()["cells"]
    assert report.to_dict()["counts"]["cells"] == report.counts()["cells"]
    assert "右侧" not in report._repr_html_()
    assert "被舍入" in report.in_language("zh")._repr_html_()
    assert report.in_language("zh").explain()[0] != report.explain()[0]
    assert not report.ok
    with pytest.raises(CheckFailedError, match="of severity error"):
        report.raise_for()
    with pytest.raises(TypeError, match=r"use \.ok"):
        bool(report)


def test_no_value_is_in_a_repr_a_summary_or_a_message():
    canary = "Canary-7f3a"
    report = reconcile({"id": ["1", "2"], "name": [canary, canary]}, {"id": ["1"], "name": [f"{canary}x"]}, key="id")
    said = [
        repr(report),
        report._repr_html_(),
        str(report.to_dict()),
        *report.explain(),
        *report.issues.column("message"),
    ]
    said += [repr(one) for one in (*report.by("name"), report.gate(), *report.by_column())]
    with pytest.raises(CheckFailedError) as raised:
        report.raise_for()
    said.append(str(raised.value))
    assert not [text for text in said if canary in text]


# -- bad input --------------------------------------------------------------------------------------------------------


def test_wrong_use_raises_at_once_with_a_hint():
    left, right = {"id": [1], "email": ["a"]}, {"id": [1], "email": ["a"]}
    for call, match in (
        (lambda: reconcile(left, right, key="Id"), "left table: unknown column 'Id'; did you mean 'id'"),
        (lambda: reconcile(left, right, key="id", columns={"email": "mail"}), "right table: unknown column 'mail'"),
        (lambda: reconcile(left, right, key="id", only=["emial"]), "did you mean 'email'"),
        (lambda: reconcile(left, right, key="id", tolerance={"emial": 1}), "did you mean 'email'"),
        (lambda: reconcile(left, {"id": [1], "y": [2]}, key="id"), "no column in common"),
        (lambda: reconcile({"a": [1, 1]}, {"a": [1, 1]}), "no key"),
        (lambda: reconcile(left, "x.csv", key="id"), "not a frame"),
    ):
        with pytest.raises(SchemaError, match=match):
            call()
    with pytest.raises(NotFoundError, match="did you mean 'phone'"):
        reconcile(left, right, key="id", kinds={"email": "phnoe"})
    with pytest.raises(ValueError, match="tolerance"):
        reconcile(left, right, key="id", tolerance=-1)


def test_an_empty_side_is_all_missing_or_all_unexpected():
    full, empty = {"id": ["1", "2"], "x": ["a", "b"]}, {"id": [], "x": []}
    assert reconcile(full, empty, key="id").counts()["missing"] == 2
    assert reconcile(empty, full, key="id").counts()["unexpected"] == 2
    assert reconcile(empty, empty, key="id").ok


def test_progress_sees_the_work():
    seen = []

    def progress(items: Any, *, total: int | None = None, desc: str | None = None) -> Any:
        seen.append((total, desc))
        return items

    reconcile({"id": ["1"], "x": ["a"]}, {"id": ["1"], "x": ["b"]}, key="id", progress=progress)
    assert (1, "compare") in seen


def test_cells_agree_with_the_causes_of_their_texts(report):
    for cell in report.cells.head(200).to_dicts():
        found = cause_of(cell["left"], cell["right"])
        assert found is not None


@settings(max_examples=50)
@given(left=ROWS, right=ROWS)
def test_pieces_give_the_same_cells_as_the_whole(left, right):
    tables = [{name: [row[name] for row in rows] for name in ("id", "a", "b")} for rows in (left, right)]
    whole = reconcile(*tables, key="id").cells.to_dicts()
    before = cells_module.CHUNK
    cells_module.CHUNK = 2
    try:
        assert reconcile(*tables, key="id").cells.to_dicts() == whole
    finally:
        cells_module.CHUNK = before


def test_a_tolerance_holds_for_numbers_that_are_text_and_for_steps_that_differ():
    assert causes_of(["10.004", "10.5"], ["10.0", "10.0"], tolerance={"x": 0.01}) == {"rounding": 1}
    assert causes_of([0.0999999, 7.0], [0.1000001, 7.5], tolerance=0.001) == {"rounding": 1}
    assert causes_of([None, 1.0], [1.0, None], tolerance=0.5) == {"value_added": 1, "value_lost": 1}
    assert causes_of(["a", "b"], ["b", "b"], tolerance=0.5) == {"changed": 1}


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_every_type_of_column_is_screened_like_its_text(library):
    module = pytest.importorskip(library)
    columns = {
        "id": ["1", "2", "3", None],
        "text": ["a", None, "ü", "b"],
        "whole": [1, 2, None, 4],
        "real": [0.5, float("nan"), -0.0, None],
        "day": [dt.date(2026, 1, 1), None, dt.date(1900, 1, 1), dt.date(2000, 1, 1)],
        "at": [dt.datetime(2026, 1, 1, 5), None, dt.datetime(1960, 1, 1), dt.datetime(2000, 1, 1)],
        "yes": [True, False, None, True],
    }
    made = module.table(columns) if library == "pyarrow" else module.DataFrame(columns)
    report = reconcile(made, made, key="id")
    assert (report.counts()["cells"], report.counts()["no_key_left"]) == (0, 1)
    for column in list(columns)[1:]:
        changed = {name: list(values) for name, values in columns.items()}
        changed[column][0] = {"yes": False}.get(column) if column == "yes" else changed[column][3]
        other = module.table(changed) if library == "pyarrow" else module.DataFrame(changed)
        found = {cell["column"] for cell in reconcile(made, other, key="id").cells.to_dicts()}
        assert found == {column}, column
