import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.errors import CheckFailedError, NotFoundError, SchemaError, ShapeError
from crmkit.issues import COLUMNS, Issue, IssueTable, Report, at_least, catalog_codes, message

CANARY = "zk7canaryq9"


def test_columns_are_those_of_version_one():
    assert IssueTable.empty().columns == (
        "run_id", "record_id", "row", "path", "rule", "code", "severity", "dimension", "value", "message", "params",
        "related", "fix", "confidence",
    )  # fmt: skip
    assert tuple(IssueTable.empty().to_columns()) == COLUMNS
    assert all(column == [] for column in IssueTable.empty().to_columns().values())


issues = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 5)),
        st.one_of(st.none(), st.sampled_from(["email", "phone", "a.b"])),
        st.sampled_from(["r1", "r2", "r10"]),
        st.sampled_from(["email_invalid", "too_long"]),
        st.one_of(st.none(), st.text(max_size=3)),
        st.one_of(st.none(), st.floats(0, 1)),
    ),
    max_size=12,
)


def build(items):
    columns = list(zip(*items, strict=True)) or [()] * 6
    row, path, rule, code, value, confidence = (list(column) for column in columns)
    return IssueTable.of(row=row, path=path, rule=rule, code=code, value=value, confidence=confidence)


@given(issues)
def test_order_is_row_path_rule_and_stable_like_a_plain_sort(items):
    def key(item):
        row, path, rule = item[:3]
        return (-1 if row is None else row, path is not None, path or "", rule)

    wanted = sorted(items, key=key)
    table = build(items)
    got = list(
        zip(*(table.column(name) for name in ("row", "path", "rule", "code", "value", "confidence")), strict=True)
    )
    assert got == wanted


@given(issues, st.integers(0, 12))
def test_concat_of_parts_equals_the_whole(items, cut):
    assert IssueTable.concat([build(items[:cut]), build(items[cut:])]) == build(items)


@given(issues)
def test_counts_agree_with_counting_by_hand_and_worst_come_first(items):
    table = build(items)
    for by, place in (("code", 3), ("rule", 2), ("field", 1)):
        words = [item[place] or "" for item in items]
        counts = table.counts(by)
        assert counts == {word: words.count(word) for word in set(words)}
        assert all(a >= b for a, b in itertools.pairwise(counts.values()))
    with pytest.raises(NotFoundError, match="did you mean 'severity'"):
        table.counts("severty")


@given(issues, st.sampled_from(["r1", "r2", "absent"]))
def test_filter_keeps_exactly_the_rows_that_agree(items, rule):
    kept = build(items).filter(rule=rule, code=["too_long", "other"])
    assert kept == build([item for item in items if item[2] == rule and item[3] == "too_long"])


def test_every_cell_survives_into_issue_objects_and_frames():
    table = IssueTable.of(
        run_id="R", rule="order", code="too_long", row=3, path="x", severity="warning", dimension="accuracy", value="v",
        record_id="7", fix="w", confidence=0.5, params=[{"max_length": 2, "length": 3}], related=[["8", "9"]],
    )  # fmt: skip
    issue = table[0]
    assert issue == Issue(
        run_id="R", rule="order", code="too_long", row=3, path="x", severity="warning", dimension="accuracy", value="v",
        record_id="7", fix="w", confidence=0.5, params={"max_length": 2, "length": 3}, related=("8", "9"),
        message="longer than 2 characters (3)",
    )  # fmt: skip
    assert table[-1] == issue
    assert list(table) == [issue]
    assert hash(issue) == hash(table[0])
    row = table.to_dicts()[0]
    assert json.loads(row["params"]) == {"max_length": 2, "length": 3}
    assert json.loads(row["related"]) == ["8", "9"]
    with pytest.raises(IndexError):
        table[1]


def test_messages_come_in_two_languages_and_from_the_rule_itself():
    table = IssueTable.of(
        rule=["own", "stock"], code=["mine", "required"], row=[0, 1], params=[{"n": 3}, {}],
        templates={"own": {"en": "needs {n}", "zh": "需要 {n}"}},
    )  # fmt: skip
    assert table.column("message") == ["needs 3", "required, but empty"]
    assert table.in_language("zh").column("message") == ["需要 3", "必填，但为空"]
    assert table.to_columns(lang="zh")["message"][0] == "需要 3"
    joined = IssueTable.concat([IssueTable.empty(lang="zh"), table])
    assert joined.lang == "zh"
    assert joined.column("message")[0] == "需要 3"


def test_message_places_cannot_reach_into_objects():
    template = {"en": "{x} {x.__class__} {y[0]} {gone}"}
    assert message("any", {"x": 1, "y": [2]}, template=template) == "1 {x.__class__} {y[0]} …"
    assert message("nobody_wrote_this") == "nobody wrote this"
    assert message("none_present", {"fields": ["email", "phone"]}) == "none of email, phone is filled in"
    assert message("none_present", {"fields": ["email"]}) == "email is not filled in"
    assert message("not_all_present", {"fields": ["city"]}, lang="zh") == "city 未填写"
    assert message("own", {"fields": ["a"]}, template={"en": "none of {fields}"}) == "none of a"


@pytest.mark.parametrize("code", catalog_codes())
def test_every_code_speaks_both_languages_with_the_same_places(code):
    import re

    from crmkit.issues import _messages

    entry = _messages._catalog()[code]
    assert set(entry) in ({"en", "zh"}, {"en", "zh", "en_one", "zh_one"})
    for one in ("", "_one") if "en_one" in entry else ("",):
        en, zh = entry[f"en{one}"], entry[f"zh{one}"]
        assert en != zh
        assert not en.endswith(".")
        assert set(re.findall(r"\{(\w+)\}", en)) == set(re.findall(r"\{(\w+)\}", zh))


def test_columns_of_different_length_are_refused():
    with pytest.raises(ShapeError):
        IssueTable.of(rule="r", code="c", row=[1, 2], path=["a"])
    with pytest.raises(SchemaError, match="did you mean 'severity'"):
        IssueTable.empty().column("severty")


def test_no_repr_shows_a_value():
    table = IssueTable.of(rule="r", code="c", row=1, value=CANARY, fix=CANARY, params={"right": CANARY}, record_id="1")
    assert CANARY not in repr(table)
    assert CANARY not in repr(table[0])
    assert CANARY not in table.column("message")[0]


def test_equality_is_by_content_and_tables_are_not_hashable():
    one = IssueTable.of(rule="r", code="c", row=1)
    assert one == IssueTable.of(rule=["r"], code=["c"], row=np.array([1]))
    assert one != IssueTable.of(rule="r", code="c", row=2)
    assert one != "something else"
    with pytest.raises(TypeError):
        hash(one)


def test_rows_are_distinct_and_leave_out_whole_table_issues():
    table = IssueTable.of(rule="r", code="c", row=[None, 4, 4, 1])
    assert table.rows.tolist() == [1, 4]
    assert table.column("row") == [None, 1, 4, 4]
    assert len(table.head(2)) == 2
    assert table.filter(row=4).column("row") == [4, 4]


def test_severities_are_ordered():
    assert at_least("info") == ("error", "warning", "info")
    assert at_least("error") == ("error",)
    with pytest.raises(NotFoundError, match="did you mean 'error'"):
        at_least("eror")


class _Minimal(Report):
    def __init__(self, ok):
        self._is_ok = ok

    @property
    def ok(self):
        return self._is_ok

    def counts(self):
        return {"missing": 2}

    def to_frame(self, like=None):
        return []

    def to_dict(self):
        return {}

    def _repr_html_(self):
        return ""


def test_a_report_is_neither_true_nor_false():
    with pytest.raises(TypeError, match=r"use \.ok or \.raise_for\(\)"):
        bool(_Minimal(ok=True))


def test_a_report_raises_with_its_counts_and_itself():
    _Minimal(ok=True).raise_for()
    report = _Minimal(ok=False)
    with pytest.raises(CheckFailedError, match="missing 2") as caught:
        report.raise_for("warning")
    assert caught.value.report is report


@pytest.mark.parametrize("wrong", [{"severity": "warn"}, {"severity": ["error", "Info"]}, {"dimension": "validty"}])
def test_a_misspelt_severity_or_dimension_is_no_empty_answer(wrong):
    table = IssueTable.of(rule="email", code="email_invalid", row=[1])
    with pytest.raises(NotFoundError, match="did you mean"):
        table.filter(**wrong)
    assert len(table.filter(severity=("error", "info"), dimension="validity", code="of a rule that found nothing")) == 0
