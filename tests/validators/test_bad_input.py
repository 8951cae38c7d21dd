"""What can be wrong with rules, plans, logs and values: a clear error or an issue, and nothing lost."""

import threading
import time
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit.changes import ChangeLog
from crmkit.errors import FormatError, NotFoundError, SchemaError, TamperedLogError
from crmkit.testing.generate import contacts
from crmkit.validators import (
    Country,
    Date,
    Email,
    FixPlan,
    Number,
    Phone,
    Required,
    Satisfies,
    Schema,
    Text,
    any_of,
    col,
    complete,
    depends,
    order,
    present,
    reference,
    register,
    require,
    satisfies,
    unique,
)
from crmkit.validators._reading import _time_limit as time_limit

CANARY = "zk7canaryq9"
ROWS = [{"id": str(n), "email": f" A{n}@EXAMPLE.com ", "company": "x"} for n in range(6)]


@pytest.mark.parametrize(
    "rule",
    [
        unique("emial"),
        order("emial", "<=", "id"),
        require("emial"),
        require("id").when(col("emial") == "x"),
        reference("emial", to="t.id"),
        depends("emial", on="id"),
        complete("id", by="emial", method="group"),
        satisfies(lambda text: True, "emial"),
    ],
    ids=lambda rule: rule.title,
)
def test_a_rule_that_names_a_missing_column_is_told_with_the_nearest_name(rule):
    with pytest.raises(SchemaError, match="did you mean 'email'"):
        Schema("s", rules=[rule]).check(ROWS)


def test_a_check_that_refers_to_a_missing_column_is_told_too():
    with pytest.raises(SchemaError, match="did you mean 'company'"):
        Schema("s", fields={"email": Phone(country=col("compny"))}).check(ROWS)


def test_a_reference_table_without_the_key_is_told_with_the_nearest_name():
    with pytest.raises(SchemaError, match="did you mean 'account_id'"):
        Schema("s", rules=[reference("id", to="t.acount_id")]).check(ROWS, tables={"t": [{"account_id": "1"}]})


def test_a_test_that_raises_on_one_value_counts_for_that_value_only():
    def test(text):
        if text == "3":
            raise ValueError(CANARY)
        return text != "4"

    report = Schema("s", fields={"id": Satisfies(test)}, rules=[satisfies(test, "id")]).check(ROWS)
    for name in ("id:satisfies_test", "satisfies:test:id"):
        outcome = report.outcomes[name]
        assert (outcome.passed, outcome.failed, outcome.error) == (4, 1, 1)
        assert outcome.exceptions == ("ValueError",)
    assert not report.ok
    assert CANARY not in repr(report) + str(report.to_dict())


@pytest.mark.skipif(not time_limit._is_free(), reason="no interval timer that nobody else uses")
def test_a_test_that_loops_on_one_value_is_stopped_and_counts_as_crashed(monkeypatch):
    monkeypatch.setattr(time_limit.limited, "__defaults__", (0.05,))

    def test(text):
        while text == "3":
            try:
                time.sleep(0.001)
            except Exception:  # what a careless test does
                continue
        return True

    report = Schema("s", fields={"id": Satisfies(test)}, rules=[satisfies(test, "id")]).check(ROWS)
    for name in ("id:satisfies_test", "satisfies:test:id"):
        assert (report.outcomes[name].passed, report.outcomes[name].error) == (5, 1)
        assert report.outcomes[name].exceptions == ("TimeoutError",)
    assert time_limit._is_free()


def test_outside_of_the_main_thread_a_test_runs_without_a_limit():
    found = []
    thread = threading.Thread(target=lambda: found.append(time_limit.limited(lambda: 1)))
    thread.start()
    thread.join()
    assert found == [1]


def test_text_of_megabytes_in_a_cell_is_judged_and_not_repeated():
    size = 3_000_000  # whatever takes the square of it never ends
    big = ["x" * size, "1" * size, "@" * size, "中" * (size // 3), " " * size + "a"]
    schema = Schema(
        "s", fields={"a": Email(), "b": Text(max_length=10, pattern="[a-z]+"), "c": Phone(country="CN")},
        rules=[unique("a", normalize="email")],
    )  # fmt: skip
    report = schema.check({"a": big, "b": big, "c": big})
    assert not report.crashed
    assert len(repr(report.issues)) < 500


def test_a_plan_for_changed_data_leaves_what_was_changed_and_says_so():
    plan = Schema("s", key="id", fields={"email": Email()}).check(ROWS).fixes()
    changed = [{**row, "email": "new@example.com"} if row["id"] == "2" else row for row in ROWS]
    clean, log = plan.apply(changed)
    assert clean[2]["email"] == "new@example.com"
    assert [conflict.row for conflict in log.conflicts] == [2]
    assert log.revert(clean) == changed
    again, second = plan.apply(clean)
    assert again == clean
    assert len(second) == 0
    fewer, third = plan.apply(ROWS[:3])
    assert third.revert(fewer) == ROWS[:3]
    assert {conflict.reason for conflict in third.conflicts} <= {"no row has this record id"}
    assert third.conflicts


def _breaks(text):
    raise ValueError(text)


def _never_comes_back(_text):
    while True:
        pass


@pytest.mark.parametrize(("form", "exception"), [(_breaks, "ValueError"), (_never_comes_back, "TimeoutError")])
def test_a_normal_form_of_ones_own_that_breaks_is_the_rules_fault_wherever_it_stands(monkeypatch, form, exception):
    monkeypatch.setattr(time_limit.limited, "__defaults__", (0.05,))
    register("broken_form", normalize=form)
    canary = "zk7canary"
    rows = [{"a": canary, "b": "1"}, {"a": "y", "b": "x"}]
    odd = col("a", normalize="broken_form") == "x"
    schema = Schema(
        "s",
        fields={"b": Number().when(odd) & Text(max_length=3)},
        rules=[unique("a", normalize=form), reference("a", to="o.a", normalize=form), require("b").when(odd),
               any_of(odd, present("b")), require("a")],
    )  # fmt: skip
    report = schema.check(rows, tables={"o": [{"a": canary}]})
    crashed = {
        "b:number",
        "unique:a",
        "reference:a",
        "require:b",
        *(name for name in report.outcomes if "any_of" in name),
    }
    assert set(report.crashed) == crashed
    for name in crashed:
        assert report.outcomes[name].exceptions == (exception,)
        assert report.outcomes[name].error == 2
    assert report.outcomes["b:text"].passed == 2
    assert report.outcomes["require:a"].passed == 2
    assert not report.ok
    assert list(report.outcomes)[:2] == ["b:number", "b:text"]


@pytest.mark.parametrize("damage", ["cut", "edit", "swap", "drop"])
def test_a_change_log_that_was_cut_or_edited_is_not_believed(tmp_path, damage):
    _, log = Schema("s", key="id", fields={"email": Email()}).check(ROWS).fixes().apply(ROWS)
    path = tmp_path / "changes.jsonl"
    head = log.save(path)
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) > 4
    if damage == "cut":
        lines = lines[:-2]
    elif damage == "edit":
        lines[3] = lines[3].replace(b"EXAMPLE", b"EXAMPLF")
    elif damage == "swap":
        lines[2], lines[3] = lines[3], lines[2]
    else:
        del lines[2]
    path.write_bytes(b"".join(lines))
    with pytest.raises((TamperedLogError, FormatError)):
        ChangeLog.load(path, expect=head).verify()


def test_a_review_that_is_none_is_refused(tmp_path):
    (tmp_path / "r.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="not a review"):
        FixPlan.from_csv(tmp_path / "r.csv")


def test_wrong_words_are_told_with_the_nearest():
    report = Schema("s", fields={"email": Email()}).check(ROWS)
    with pytest.raises(NotFoundError, match="did you mean 'field'"):
        report.by("feild")
    with pytest.raises(NotFoundError, match="did you mean 'email'"):
        report.fixes(fields="emial")
    with pytest.raises(SchemaError, match=r"write Email\(\)"):
        Schema("s", fields={"email": Email})


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 40), st.lists(st.integers(1, 9), min_size=1, max_size=6), st.booleans())
def test_pieces_give_the_report_of_the_whole(seed, sizes, keep_rows):
    rows = contacts(30, seed=seed, messy=True).records.to_dicts()
    for at, row in enumerate(rows):
        row["size"] = at if at % 3 else f" {at}"  # numbers, some of them written
    schema = Schema(
        "c", key="id",
        fields={"email": Required() & Email(), "phone": Phone(country=col("country")).when(present("city")),
                "created_at": Date(), "size": Number(ge=4), "country": Country(form="column")},
        rules=[unique("email", normalize="email"), depends("company_name", on="city"),
               order("created_at", "<=", "updated_at"), require("phone").when(col("country") == "CN"),
               any_of(present("email"), present("phone"))],
    )  # fmt: skip
    pieces, at = [], 0
    while at < len(rows):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(rows[at : at + size])
        at += size
    whole = schema.check(rows, run_id="r")
    parts = schema.check_chunks(iter(pieces), run_id="r", keep_rows=keep_rows)
    assert parts.issues == whole.issues
    assert parts.outcomes == whole.outcomes
    assert list(parts.outcomes) == list(whole.outcomes)
    assert parts.assumptions == whole.assumptions
    assert parts.score == whole.score
    assert parts.counts() == whole.counts()
    assert parts.fixes() == whole.fixes()
    if keep_rows:
        assert parts.table.native == rows
        assert parts.split() == whole.split()
    else:
        assert "phone" in parts.schema.fields
        assert "postal_code" not in parts.table.columns
        with pytest.raises(SchemaError, match="keep_rows=True"):
            parts.split()


def test_pieces_are_let_go():
    class Piece(list):
        """Rows that can be watched."""

    alive = []

    def pieces():
        for at in range(6):
            piece = Piece([{"id": f"{at}", "note": "x" * 10, "email": f"a{at}@example.com"}])
            alive.append(weakref.ref(piece))
            assert sum(ref() is not None for ref in alive) <= 3  # this one, the first (for its kind), and the last
            yield piece

    report = Schema("s", key="id", fields={"email": Email()}).check_chunks(pieces())
    assert report.n_rows == 6
    assert len(report.table) == 0  # no column had to be kept whole


def test_pieces_are_asked_for_the_columns_of_the_schema():
    with pytest.raises(SchemaError, match="did you mean 'email'"):
        Schema("s", fields={"emial": Email()}).check_chunks([[{"email": "a@example.com"}]])


def test_pieces_that_do_not_fit_are_refused():
    schema = Schema("s")
    with pytest.raises(SchemaError, match="no piece"):
        schema.check_chunks([])
    with pytest.raises(SchemaError, match="piece 1 has other columns than the first: b"):
        schema.check_chunks([[{"a": 1}], [{"a": 1, "b": 2}]])
    assert present("a") is not None
