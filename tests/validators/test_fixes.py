"""Fixes: proven before they are proposed, reviewed by people, applied once, undone exactly."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit import frames
from crmkit.errors import FormatError, NotFoundError, SchemaError
from crmkit.files import read_csv
from crmkit.records import RecordSet
from crmkit.testing.generate import contacts
from crmkit.validators import (
    URL,
    Choice,
    Country,
    Date,
    Email,
    FixPlan,
    Money,
    PersonName,
    Phone,
    Postcode,
    Required,
    Schema,
    Text,
    col,
    complete,
    spill,
    swapped,
)  # fmt: skip

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

CANARY = "zk7canaryq9"

CONTACT = Schema(
    "contact",
    key="id",
    fields={
        "name": Required() & PersonName(),
        "email": Email() & Text(max_length=30),
        "phone": Phone(country=col("country")),
        "country": Country(),
        "postal_code": Postcode(country=col("country")),
        "birth_date": Date(before="now"),
        "website": URL(),
        "amount": Money(ge=0),
        "stage": Choice(["new", "won", "lost"], synonyms={"赢单": "won"}),
    },
)

dirty = {
    "name": ["JosÃ©", " Ann  Lee ", "张三", "ＡＢＣ", "test", None, "ÕÅÈý"],
    "email": ["a@gmial.com", "ａ@EXAMPLE.com", "x@@y", "a@b.example;c@d.example", " b@example.com ", None, "n/a"],
    "phone": [
        "138 0013 8000",
        "+86 13800138000",
        "1380013800O",
        "8613800138000",
        "123",
        None,
        "13800138000/13900139000",
    ],
    "country": ["中国", "CN", "PRC", "Atlantis", "us", None, "U.S.A."],
    "postal_code": ["200000", "2134", "sw1a1aa", "94105-1234", None, "x", " 200000 "],
    "birth_date": ["2024年3月5日", "2023-02-29", "3/4/1999", "13/4/1999", "1024-01-01", None, "soon"],
    "website": [
        "HTTP://Example.com",
        "http//example.com",
        "example",
        "www.example.com ",
        None,
        "n/a",
        "http:/x.example",
    ],
    "amount": ["1,234.50", "-5", "a lot", "12", None, "￥１２", "1.2万"],
    "stage": ["New", "赢单", "lsot", "won", "maybe", None, "LOST"],
}
tables = st.lists(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in dirty.items()}), max_size=8)
KINDS = {"records": lambda rows: rows, "pandas": pd.DataFrame, "polars": pl.DataFrame}


def as_kind(kind, rows):
    columns = {"id": [str(i) for i in range(len(rows))]} | {name: [row[name] for row in rows] for name in dirty}
    if kind == "records":
        return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    return pd.DataFrame(columns, dtype=object) if kind == "pandas" else pl.DataFrame(columns)


def cells(frame):
    table = frames.read(frame)
    return {name: table.column(name) for name in table.columns}


def found(report, *severities):
    return {
        (issue.row, issue.path, issue.code) for issue in report.issues if not severities or issue.severity in severities
    }


@given(tables.filter(len), st.sampled_from(["records", "pandas", "polars"]), st.sampled_from([0.0, 0.9, 0.95, 1.0]))
@settings(max_examples=40, deadline=None)
def test_applying_a_plan_settles_its_codes_brings_no_new_errors_and_is_undone_exactly(rows, kind, sure):
    frame = as_kind(kind, rows)
    before = CONTACT.check(frame)
    plan = before.fixes(min_confidence=sure)
    clean, changes = plan.apply(frame, by="lin")
    after = CONTACT.check(clean)
    assert not changes.conflicts
    settled = {
        (row, path, code) for row, path, codes in zip(plan.rows, plan.paths, plan.codes, strict=True) for code in codes
    }
    assert not settled & found(after)
    assert found(after, "error") <= found(before, "error")
    assert cells(changes.revert(clean)) == cells(frame)
    again, nothing = plan.apply(clean)
    assert len(nothing) == 0
    assert not nothing.conflicts
    assert cells(again) == cells(clean)


def test_generated_contacts_are_clean_after_the_plan():
    frame = contacts(400, seed=3).columns
    schema = Schema.infer(frame)
    clean, changes = schema.check(frame).fixes().apply(frame)
    again = schema.check(clean)
    assert len(changes) > 100
    assert len(again.fixes()) == 0
    assert cells(changes.revert(clean)) == cells(frame)


def test_one_cell_gets_one_value_through_clean_repair_and_normalize():
    report = Schema("s", fields={"phone": Text(max_length=20) & Phone(country="CN")}).check(
        {"phone": ["　１３８ ００１３ ８０００"]}
    )
    assert [(issue.rule, issue.fix) for issue in report] == [("phone:normal_form", "+8613800138000")]


def test_a_fix_that_would_break_another_rule_is_not_proposed():
    schema = Schema("s", fields={"phone": Phone(country="CN") & Text(max_length=11)})
    report = schema.check({"phone": ["13800138000"]})
    assert [(issue.code, issue.fix) for issue in report] == [("not_normalized", None)]
    assert len(report.fixes(min_confidence=0)) == 0


def test_plans_are_chosen_by_confidence_code_and_field():
    frame = {"email": ["a@gmial.com", " b@example.com"], "phone": ["13800138000", "1380013800O"]}
    report = Schema("s", fields={"email": Email(), "phone": Phone(country="CN")}).check(frame)
    everything = report.fixes(min_confidence=0)
    assert everything.counts() == {"not_normalized": 2, "email_domain_typo": 1, "phone_invalid": 1}
    assert everything.counts("field") == {"email": 2, "phone": 2}
    assert report.fixes(codes="not_normalized").counts("field") == {"phone": 1, "email": 1}
    assert len(report.fixes(fields=["email"], min_confidence=1.0)) == 1
    assert len(everything.where(min_confidence=0.95, fields="phone")) == 1
    assert everything.where(codes=["phone_invalid"]).afters == ("+8613800138000",)
    with pytest.raises(NotFoundError, match="did you mean 'not_normalized'"):
        report.fixes(codes=["not_normalised"])
    with pytest.raises(NotFoundError, match="did you mean 'email'"):
        report.fixes(fields=["emial"])
    with pytest.raises(ValueError, match="between 0 and 1"):
        report.fixes(min_confidence=95)
    with pytest.raises(NotFoundError):
        everything.counts("value")


def test_people_review_a_plan_in_a_file(tmp_path):
    frame = {
        "id": ["1", "2", "3"],
        "email": ["a@gmial.com", " b@example.com", "=c@EXAMPLE.com"],
        "country": ["中国", None, "US"],
    }
    report = Schema("s", key="id", fields={"email": Email(), "country": Country()}).check(frame)
    plan = report.fixes(min_confidence=0)
    path = tmp_path / "review.csv"
    plan.to_csv(path)
    assert FixPlan.from_csv(path, key="id") == plan
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(text.replace("yes,1,", "no,1,"), encoding="utf-8")
    kept = FixPlan.from_csv(path)
    assert len(kept) == len(plan) - 1
    clean, _ = kept.apply(frame)
    assert clean["email"] == ["a@gmail.com", " b@example.com", "=c@example.com"]
    path.write_text(text.replace("a@gmail.com", "ann@gmail.com"), encoding="utf-8")
    with pytest.raises(FormatError, match="lines 3 are not as they were written") as caught:
        FixPlan.from_csv(path)
    assert "ann" not in str(caught.value)
    edited = FixPlan.from_csv(path, allow_edits=True)
    assert edited.counts("rule")["review"] == 1
    assert edited.apply(frame)[0]["email"][0] == "ann@gmail.com"
    path.write_text(text.replace("yes,1,", "perhaps,1,"), encoding="utf-8")
    with pytest.raises(FormatError, match="yes or no"):
        FixPlan.from_csv(path)
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(FormatError, match="not a review"):
        FixPlan.from_csv(path)


@pytest.mark.parametrize(
    ("column", "other"),
    [
        ("row", "7"), ("record_id", "9"), ("field", "country"), ("before", "x@example.com"), ("confidence", "0.99"),
        ("codes", "email_invalid"), ("rule", "r:other"), ("together", "2"), ("why", "because"), ("key", "email"),
        ("run_id", "01AAAAAAAAAAAAAAAAAAAAAAAA"), ("rule_version", "0" * 16), ("seal", ""), ("seal", "s" + "0" * 24),
        ("after", "ann@gmail.com"),
    ],
)  # fmt: skip
def test_whatever_was_changed_in_a_line_is_refused_with_its_number(tmp_path, column, other):
    frame = {"id": ["1", "2"], "email": ["a@gmial.com", "b@gmial.com"]}
    plan = Schema("s", key="id", fields={"email": Email()}).check(frame).fixes(min_confidence=0)
    path = tmp_path / "review.csv"
    plan.to_csv(path)
    lines = read_csv(path, unescape=True)
    cells = {name: list(lines.column(name)) for name in lines.columns}
    assert cells[column][1] != other
    cells[column][1] = other
    RecordSet(cells).to_csv(path)
    with pytest.raises(FormatError, match="lines 3 are not as they were written") as caught:
        FixPlan.from_csv(path)
    assert len(other) < 4 or other not in str(caught.value)
    if column == "after":
        assert FixPlan.from_csv(path, allow_edits=True).rules[1] == "review"
    else:
        with pytest.raises(FormatError, match="lines 3 are not as they were written in more than 'after'"):
            FixPlan.from_csv(path, allow_edits=True)
    cells["accept"][1] = "no"
    RecordSet(cells).to_csv(path)
    assert FixPlan.from_csv(path) == plan.take([0])


def test_a_spreadsheet_that_writes_numbers_its_own_way_changes_nothing(tmp_path):
    frame = {"id": ["1", "2"], "email": [" a@example.com", " b@example.com"]}
    plan = Schema("s", key="id", fields={"email": Email()}).check(frame).fixes()
    path = tmp_path / "review.csv"
    plan.to_csv(path)
    assert "1.0" in path.read_text(encoding="utf-8-sig")
    path.write_text(path.read_text(encoding="utf-8-sig").replace(",1.0,", ",1,"), encoding="utf-8")
    assert FixPlan.from_csv(path) == plan


def test_lines_of_two_plans_are_not_one(tmp_path):
    frame = {"id": ["1", "2"], "email": [" a@example.com", " b@example.com"]}
    schema = Schema("s", key="id", fields={"email": Email()})
    texts = []
    for at in range(2):
        schema.check(frame).fixes().take([at]).to_csv(tmp_path / "review.csv")
        texts.append((tmp_path / "review.csv").read_text(encoding="utf-8-sig"))
    both = tmp_path / "both.csv"
    both.write_text(texts[0] + texts[1].partition("\n")[2], encoding="utf-8")
    with pytest.raises(FormatError, match="of several plans"):
        FixPlan.from_csv(both)


def test_a_cell_that_changed_since_is_left_alone_and_reported():
    frame = {"email": [" a@example.com", " b@example.com"]}
    plan = Schema("s", fields={"email": Email()}).check(frame).fixes()
    clean, changes = plan.apply({"email": ["new@example.com", " b@example.com"]})
    assert clean == {"email": ["new@example.com", "b@example.com"]}
    assert [conflict.row for conflict in changes.conflicts] == [0]
    with pytest.raises(SchemaError, match="made for 2 rows, the frame has 1"):
        plan.apply({"email": ["x"]})
    with pytest.raises(SchemaError, match="the plan changes row 1"):
        attrs.evolve(plan, n_rows=None).apply({"email": ["x"]})  # as read from a file


def test_the_country_of_a_phone_fills_an_empty_country_only():
    frame = {"country": [None, "US", None, None], "phone": ["+86 138 0013 8000", "+8613800138000", "13800138000", None]}
    report = Schema("s", rules=[complete("country", by="phone", method="country_of_phone")]).check(frame)
    assert [(issue.row, issue.code, issue.fix, issue.confidence) for issue in report] == [
        (0, "known_from_other", "CN", 0.9)
    ]
    clean, changes = report.fixes(min_confidence=0.9).apply(frame)
    assert clean["country"] == ["CN", "US", None, None]
    assert changes.revert(clean) == frame
    with pytest.raises(NotFoundError, match="method"):
        complete("country", by="phone", method="guess")


def test_no_repr_or_page_shows_a_value_in_the_clear():
    frame = {"notes": [f" {CANARY}"], "email": [f" {CANARY}@example.com"]}
    report = Schema("s", fields={"notes": Text(), "email": Email()}).check(frame)
    plan = report.fixes()
    assert len(plan) == 2
    for text in (repr(report), repr(plan), report._repr_html_(), plan._repr_html_(), str(report.to_dict())):
        assert CANARY not in text
        assert "<script" not in text
    assert CANARY in str(plan.to_frame().to_dicts())


def test_ints_as_phones_and_mixed_types_are_read_as_a_person_types_them():
    frame = [
        {"phone": 13800138000},
        {"phone": "13800138000"},
        {"phone": 13800138000.0},
        {"phone": True},
        {"phone": [1]},
    ]
    report = Schema("s", fields={"phone": Phone(country="CN")}).check(frame)
    assert [(issue.row, issue.code) for issue in report] == [
        (0, "not_normalized"), (1, "not_normalized"), (2, "not_normalized"), (3, "phone_invalid"), (4, "phone_invalid"),
    ]  # fmt: skip
    clean, changes = report.fixes().apply(frame)
    assert [row["phone"] for row in clean] == ["+8613800138000"] * 3 + [True, [1]]
    assert changes.revert(clean) == frame


CALLERS = [
    {"id": "1", "phone": "+8613800138000", "country": None},
    {"id": "2", "phone": "+442079460958", "country": None},
    {"id": "3", "phone": None, "country": None},
]


def _caller_plan(tmp_path, through_file):
    rules = [complete("country", by="phone", method="country_of_phone")]
    plan = Schema("s", key="id", rules=rules).check(CALLERS).fixes(min_confidence=0.5)
    if not through_file:
        return plan
    plan.to_csv(tmp_path / "review.csv")
    return FixPlan.from_csv(tmp_path / "review.csv")


@pytest.mark.parametrize("through_file", [False, True])
def test_a_plan_finds_its_records_by_their_key_in_a_frame_that_was_sorted(tmp_path, through_file):
    plan = _caller_plan(tmp_path, through_file)
    backwards = CALLERS[::-1]
    clean, log = plan.apply(backwards)
    assert {row["id"]: row["country"] for row in clean} == {"1": "CN", "2": "GB", "3": None}
    assert log.revert(clean) == backwards
    again, second = plan.apply(clean)
    assert again == clean
    assert not second.conflicts


@pytest.mark.parametrize("through_file", [False, True])
def test_a_record_that_is_gone_is_a_conflict_and_nobody_else_gets_its_value(tmp_path, through_file):
    plan = _caller_plan(tmp_path, through_file)
    others = [CALLERS[1], CALLERS[2], {"id": "9", "phone": None, "country": None}]
    clean, log = plan.apply(others)
    assert {row["id"]: row["country"] for row in clean} == {"2": "GB", "3": None, "9": None}
    assert [(conflict.record_id, conflict.reason) for conflict in log.conflicts] == [("1", "no row has this record id")]
    twins = [CALLERS[2], CALLERS[0], CALLERS[0]]
    clean, log = plan.apply(twins)
    assert clean == twins
    assert "several rows" in log.conflicts[0].reason
    with pytest.raises(SchemaError, match="did you mean 'Id'"):
        plan.apply([{**{name: row[name] for name in ("phone", "country")}, "Id": row["id"]} for row in CALLERS])


def test_a_change_of_the_key_itself_can_be_applied_twice():
    frame = [{"id": " 1", "email": "A@Example.com"}, {"id": None, "email": "B@Example.com"}]
    fields = {"id": Text(), "email": Email()}
    plan = Schema("s", key="id", fields=fields).check(frame).fixes()
    clean, _ = plan.apply(frame)
    assert clean == [{"id": "1", "email": "A@example.com"}, {"id": None, "email": "B@example.com"}]
    again, log = plan.apply(clean)
    assert again == clean
    assert not log.conflicts
    moved, log = plan.apply([{"id": "7", "email": "B@Example.com"}, *frame[::-1]])
    assert moved[2] == {"id": "1", "email": "A@example.com"}
    assert len(log.conflicts) == 0  # the record without an id stands where it stood
    _, log = plan.apply([frame[0], {"id": "7", "email": "B@Example.com"}])
    assert "belongs to a record with an id" in log.conflicts[0].reason


def _exchange():
    frame = [
        {"id": "1", "email": "13800138000", "phone": "li@example.com", "email_2": None},
        {"id": "2", "email": "a@example.com; b@example.com", "phone": None, "email_2": None},
    ]
    rules = [swapped("email", "phone", kinds=("email", "phone")), spill("email", into="email_2", of="email")]
    report = Schema("s", key="id", rules=rules).check(frame)
    return frame, report


def test_both_sides_of_an_exchange_are_changed_or_neither():
    frame, report = _exchange()
    plan = report.fixes()
    assert plan.together == (2, 2, 2, 2)
    clean, log = plan.apply(frame)
    assert clean[0]["email"] == "li@example.com"
    assert clean[1]["email_2"] == "b@example.com"
    assert log.revert(clean) == frame
    edited = [{**frame[0], "phone": "021 1234 5678"}, {**frame[1], "email_2": "mine@example.com"}]
    clean, log = plan.apply(edited)
    assert clean == edited
    assert sorted(conflict.path for conflict in log.conflicts) == ["email", "email", "email_2", "phone"]
    again, log = plan.apply(plan.apply(frame)[0])
    assert again == plan.apply(frame)[0]
    assert not log.conflicts


def test_half_of_an_exchange_is_never_applied(tmp_path):
    frame, report = _exchange()
    assert len(report.fixes(fields=["email"])) == 0
    plan = report.fixes()
    clean, log = plan.where(fields="email").apply(frame)
    assert clean == frame
    assert {conflict.reason for conflict in log.conflicts} == {
        "belongs together with a change that the plan leaves out"
    }
    path = tmp_path / "review.csv"
    plan.to_csv(path)
    path.write_text(path.read_text(encoding="utf-8-sig").replace("yes,0,1,email", "no,0,1,email"), encoding="utf-8")
    clean, log = FixPlan.from_csv(path).apply(frame)
    assert clean[0] == frame[0]
    assert clean[1]["email"] == "a@example.com"
    assert [conflict.path for conflict in log.conflicts] == ["phone"]
