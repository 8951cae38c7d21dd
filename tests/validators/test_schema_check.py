"""The path most people take: check, look, fix, undo."""

import logging

import pytest

from crmkit.errors import CheckFailedError, NotFoundError, SchemaError
from crmkit.validators import (
    Blank,
    Choice,
    Country,
    Date,
    Email,
    Money,
    Number,
    Phone,
    Postcode,
    Required,
    Satisfies,
    Schema,
    Text,
    all_of,
    any_of,
    col,
    order,
    present,
    reference,
    require,
    satisfies,
    unique,
)  # fmt: skip

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")

CANARY = "zk7canaryq9"

PEOPLE = {
    "id": ["1", "2", "3", "4"],
    "email": ["ann@example.com", " Bob@EXAMPLE.com", "wrong@", None],
    "country": ["CN", "中国", "US", None],
    "phone": ["+8613800138000", "138 0013 8001", "123", "13800138002"],
}

CONTACT = Schema(
    "contact",
    key="id",
    fields={"email": Email(), "country": Country(), "phone": Phone(country=col("country"))},
    rules=[any_of(present("email"), present("phone"), name="reachable")],
)

KINDS = {
    "mapping": lambda columns: columns,
    "records": lambda columns: [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "arrow": pa.table,
}


def plain(frame):
    """Return any frame as a dict of lists with missing as None."""
    from crmkit import frames

    table = frames.read(frame)
    return {name: table.column(name) for name in table.columns}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_frame_gives_the_same_issues_and_comes_back_as_it_came(kind):
    frame = KINDS[kind](PEOPLE)
    report = CONTACT.check(frame, run_id="R")
    found = [(issue.row, issue.path, issue.code, issue.severity, issue.fix, issue.record_id) for issue in report.issues]
    assert found == [
        (None, "phone", "phones_unchecked", "warning", None, None),
        (1, "country", "not_normalized", "info", "CN", "2"),
        (1, "email", "not_normalized", "info", "Bob@example.com", "2"),
        (1, "phone", "not_normalized", "info", "+8613800138001", "2"),
        (2, "email", "email_invalid", "error", None, "3"),
        (2, "phone", "phone_invalid", "error", None, "3"),
    ]
    good, bad = report.split()
    assert type(good) is type(frame)
    assert plain(good)["id"] == ["1", "2", "4"]
    assert plain(bad)["id"] == ["3"]
    assert plain(report.valid()) == plain(good)
    assert plain(report.invalid()) == plain(bad)
    assert type(report.to_frame()) is type(frame)
    assert plain(report.to_frame())["code"] == [code for _, _, code, *_ in found]
    clean, changes = report.fixes().apply(frame, by="lin", reason="tidy")
    assert type(clean) is type(frame)
    assert plain(clean)["email"] == ["ann@example.com", "Bob@example.com", "wrong@", None]
    assert plain(clean)["phone"][1] == "+8613800138001"
    assert len(changes) == 3
    assert plain(changes.revert(clean)) == plain(frame)


def test_four_outcomes_of_every_rule_add_up_to_the_rows():
    def crashes(text):
        raise KeyError(CANARY)

    schema = CONTACT.with_fields(id=Satisfies(crashes)).with_rules(
        require("email").when(col("country") == "US"),
        reference("id", to="others.id"),
        satisfies(lambda phone: phone[0] != "1", "phone"),
        order("id", "<", "phone"),
    )
    report = schema.check(PEOPLE)
    for outcome in report.outcomes.values():
        assert outcome.passed + outcome.failed + outcome.error + outcome.skipped == 4, outcome
        assert sum(outcome.reasons.values()) == outcome.skipped
    assert report.outcomes["id:satisfies_crashes"].error == 4
    assert report.outcomes["id:satisfies_crashes"].exceptions == ("KeyError",)
    assert report.outcomes["phone:phone"].reasons == {"country_missing": 1}
    assert report.outcomes["require:email"].reasons == {"condition_false": 3}
    assert report.outcomes["reference:id"].reasons == {"table_missing": 4}


def test_a_crashing_rule_is_no_issue_about_the_data_and_hides_no_other(caplog):
    def crashes(text):
        raise ValueError(text)

    schema = Schema("s", fields={"name": Satisfies(crashes) & Text(max_length=3)})
    with caplog.at_level(logging.DEBUG):
        report = schema.check({"name": [CANARY]})
    assert [issue.code for issue in report.issues] == ["too_long"]
    assert report.crashed == ("name:satisfies_crashes",)
    assert not report.ok
    assert "ValueError" in caplog.text
    with pytest.raises(CheckFailedError, match="crashed") as caught:
        report.raise_for("error")
    for text in (
        caplog.text,
        str(caught.value),
        repr(report),
        repr(report.issues),
        str(report.to_dict()),
        report._repr_html_(),
    ):
        assert CANARY not in text


def test_cross_field_rules_run_on_the_raw_row_whatever_the_fields_say():
    schema = Schema(
        "deal",
        fields={"created": Date(), "closed": Date()},
        rules=[order("created", "<=", "closed", code="dates_order")],
    )
    report = schema.check(
        {"created": ["2024-02-02", "2024-01-01", "soon"], "closed": ["2024-01-01", "2024-01-02", "2024-01-01"]}
    )
    assert [(issue.row, issue.code) for issue in report.issues] == [(0, "dates_order"), (2, "date_invalid")]
    assert report.outcomes["order:created,closed"].reasons == {"invalid:created": 1}


def test_unknown_columns_are_wrong_use_with_the_nearest_name():
    with pytest.raises(SchemaError, match="did you mean 'phone'"):
        Schema("s", fields={"phon": Text()}).check(PEOPLE)
    with pytest.raises(SchemaError, match="did you mean 'country'"):
        Schema("s", fields={"phone": Phone(country=col("contry"))}).check(PEOPLE)
    with pytest.raises(SchemaError, match="did you mean 'email'"):
        Schema("s", rules=[unique("emial")]).check(PEOPLE)
    with pytest.raises(SchemaError, match="did you mean 'email'"):
        Schema("s", fields={"id": Required().when(col("emai") == "x")}).check(PEOPLE)
    with pytest.raises(NotFoundError, match="did you mean 'email'"):
        CONTACT.check_value("emial", "x")
    with pytest.raises(SchemaError, match=r"write Email\(\)"):
        Schema("s", fields={"email": Email})


def test_rule_packs_skip_columns_that_are_not_there_and_say_so():
    report = Schema.contacts().check(PEOPLE)
    assert report.outcomes["birth_date:date"].reasons == {"column_missing": 4}
    assert "no column birth_date: its rules were skipped" in report.assumed()


def test_one_record_and_one_value_need_no_frame():
    assert CONTACT.check_record({"id": "1", "phone": "+8613800138000"}).ok
    report = CONTACT.check_record({})
    assert {issue.code for issue in report.issues} == {"required", "none_present"}
    checked = CONTACT.check_value("phone", 13800138000, record={"country": "PRC"})
    found = [(issue.code, issue.fix, issue.value) for issue in checked]
    assert found == [("not_normalized", "+8613800138000", "13800138000")]


def test_duplicate_and_missing_record_ids_are_issues():
    report = Schema("s", key="id").check({"id": ["a", "b", "a", None, " "]})
    assert [(issue.row, issue.code) for issue in report.issues] == [
        (0, "duplicate"), (2, "duplicate"), (3, "required"), (4, "required"),
    ]  # fmt: skip


def test_unique_compares_the_normal_form_and_names_the_others():
    people = {"id": ["1", "2", "3", "4"], "email": ["A@x.example", "a@X.example", None, "b@x.example"]}
    report = Schema("s", key="id", rules=[unique("email", normalize="email")]).check(people)
    assert [(issue.row, issue.related, issue.params) for issue in report] == [
        (0, ("2",), {"n": 1}),
        (1, ("1",), {"n": 1}),
    ]
    report = Schema("s", rules=[unique("a", "b")]).check({"a": ["1", "1", "1"], "b": ["x", "y", "x"]})
    assert [issue.row for issue in report] == [0, 2]


def test_reference_asks_the_other_table():
    deals = {"account_id": ["1", "9", None]}
    schema = Schema("deal", rules=[reference("account_id", to="accounts.id")])
    report = schema.check(deals, tables={"accounts": pl.DataFrame({"id": [1, 2]})})
    assert [(issue.row, issue.code, issue.value) for issue in report] == [(1, "reference_missing", "9")]
    assert report.outcomes["reference:account_id"].reasons == {"empty": 1}
    misspelt = Schema("deal", rules=[reference("account_id", to="accounts.idd")])
    with pytest.raises(SchemaError, match="did you mean 'id'"):
        misspelt.check(deals, tables={"accounts": {"id": [1]}})


def test_composition_reads_as_it_acts():
    check = (Required() & Email()) | Blank()
    assert repr(check) == "(Required() & Email()) | Blank()"
    assert not check.is_valid("nonsense")
    assert check.is_valid(None)
    assert repr(~Choice(["x"])) == "~Choice(values=('x',), synonyms=())"
    assert (~Text(pattern="test.*")).examine("testing")[0].code == "excluded"
    money = Money(ge=0) | Blank()
    assert money.examine("-1")[0].code == "too_small"
    either = Email() | Phone(country="CN")
    assert either.examine("nonsense at all")[0].code == "no_alternative"
    graded = Email().warn()
    with pytest.raises(SchemaError, match="belong to a whole rule"):
        graded | Blank()
    assert all_of(Required(), Email()) == Required() & Email()
    assert any_of(Email(), Blank()) == Email() | Blank()


def test_conditions_severities_and_own_messages_apply_to_the_rule():
    schema = Schema(
        "s",
        fields={
            "code": Text(max_length=2)
            .warn()
            .when(col("n") >= 5)
            .saying(en="at most {max_length}", zh="最多 {max_length}")
        },
    )
    report = schema.check({"code": ["abc", "abc", "abc"], "n": [4, 5, None]}, lang="zh")
    assert [(issue.row, issue.severity, issue.message) for issue in report] == [(1, "warning", "最多 2")]
    assert report.in_language("en").issues[0].message == "at most 2"
    assert report.outcomes["code:text"].reasons == {"condition_false": 2}


def test_scores_follow_the_documented_formula():
    schema = Schema("s", fields={"email": Email(), "n": Number(ge=0).warn(), "zip": Postcode(country="GB")})
    report = schema.check(
        {"email": ["x@", "a@b.example", None, None], "n": ["-1", "2", "3", "4"], "zip": ["sw1a1aa"] * 4}
    )
    # validity: row 0 has an error (and a warning, which does not add up); consistency: four infos.
    assert report.scores["validity"] == pytest.approx(1 - 1 / 4)
    assert report.scores["consistency"] == pytest.approx(1 - 4 * 0.1 / 4)
    assert report.score == pytest.approx((0.75 + 0.9) / 2)
    assert report.by("rule")["email:email"].score == pytest.approx(0.75)
    assert report.by("field")["email"].errors == 1
    assert report.by("severity")["info"].issues == 4
    with pytest.raises(NotFoundError, match="did you mean 'field'"):
        report.by("feld")


def test_empty_frames_and_empty_columns_are_no_trouble():
    for columns in ({"id": [], "email": [], "country": [], "phone": []}, {name: [None, None] for name in PEOPLE}):
        report = CONTACT.without("reachable").check(columns)
        assert {issue.code for issue in report} <= {"required"}
        assert len(report.fixes()) == 0
    assert CONTACT.check({name: [] for name in PEOPLE}).score == 1.0


def test_fields_given_as_the_name_are_refused():
    with pytest.raises(SchemaError, match="fields="):
        Schema({"Email": Email()})  # type: ignore[arg-type]
