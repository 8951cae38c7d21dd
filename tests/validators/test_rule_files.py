"""Rule sets in files, compared, shown as a guide, made for a system; and rule files that must be refused."""

import json
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmkit import systems
from crmkit._toml import to_toml
from crmkit.errors import FormatError, NotFoundError, SchemaError
from crmkit.validators import (
    Blank,
    Check,
    Choice,
    Date,
    Email,
    Number,
    Phone,
    Required,
    Satisfies,
    Schema,
    Text,
    adds_up,
    cardinality,
    col,
    depends,
    fresh,
    order,
    present,
    reference,
    require,
    unique,
)

PACKS = [Schema.contacts(), Schema.accounts(country="CN"), Schema.leads(), Schema.deals(), Schema.activities()]

values = st.recursive(
    st.text() | st.integers(-(2**53), 2**53) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.text(), values, max_size=4))
def test_toml_that_is_written_reads_back(data):
    text = to_toml(data)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return  # half a surrogate pair: no file can hold it
    assert tomllib.loads(text) == data


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_packs_survive_toml_json_and_files(pack, tmp_path):
    assert Schema.from_toml(pack.to_toml()) == pack
    assert Schema.from_json(pack.to_json()) == pack
    assert Schema.from_toml(pack.to_toml()).hash == pack.hash
    for name in ("rules.toml", "rules.json"):
        pack.save(tmp_path / name)
        assert Schema.load(tmp_path / name) == pack
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rules.json", "rules.toml"]


def test_a_version_of_your_own_is_kept_and_counts():
    old, new = Schema("s", version="1"), Schema("s", version="2")
    assert Schema.from_toml(old.to_toml()).version == "1"
    assert old.hash != new.hash
    assert "version" not in Schema("s").to_dict()


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('format = "crmkit-schema/2"\nname = "s"', "newer crmkit"),
        ('format = "other/1"\nname = "s"', "known version"),
        ('format = "crmkit-schema/1"', "damaged"),
        ('format = "crmkit-schema/1"\nname = "s"\nfilds = {}', "no part 'filds'"),
        ("format = ", "no TOML document"),
    ],
)
def test_files_that_are_no_rule_set_are_refused_with_the_reason(text, match):
    with pytest.raises(FormatError, match=match):
        Schema.from_toml(text)


def test_json_that_is_no_rule_set_is_refused(tmp_path):
    for text in ("[]", "{", "[" * 100_000, '{"format": NaN}', "1"):
        with pytest.raises(FormatError):
            Schema.from_json(text)
    deep = {"Email": {}}
    for _ in range(3000):
        deep = {"not": deep}
    with pytest.raises(FormatError):
        Schema.from_dict({"format": "crmkit-schema/1", "name": "s", "fields": {"a": deep}})
    (tmp_path / "rules.yaml").write_text("a")
    with pytest.raises(FormatError, match=r"ends in \.toml"):
        Schema.load(tmp_path / "rules.yaml")
    (tmp_path / "rules.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="UTF-8"):
        Schema.load(tmp_path / "rules.toml")


def test_a_pattern_in_a_rule_file_that_could_take_for_ever_is_refused():
    text = 'format = "crmkit-schema/1"\nname = "s"\n[fields]\na = { Text = { pattern = "(a+)+b" } }\n'
    with pytest.raises(SchemaError, match="for ever"):
        Schema.from_toml(text)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Schema("s", fields={"a": Required() & Blank()}),
        lambda: Schema("s", fields={"a": Text(min_length=5, max_length=3)}),
        lambda: Schema("s", fields={"a": Number(ge=5, le=3).warn()}),
        lambda: Schema("s", fields={"a": Date(after="2024-01-01", before="2023-01-01")}),
        lambda: Schema("s", fields={"a": Choice(["x"]) & Choice(["y"])}),
        lambda: Schema("s", fields={"a": Choice([])}),
        lambda: Schema("s", rules=[order("a", "<", "b"), order("b", "<", "a")]),
        lambda: Schema("s", rules=[order("a", "<=", "b"), order("a", ">", "b")]),
        lambda: Schema("s", key="a", rules=[cardinality("a", at_least=2)]),
    ],
    ids=["blank", "length", "number", "date", "choices", "no-choice", "order", "order-turned", "rows"],
)
def test_contradictory_rules_are_told_when_the_schema_is_made(make):
    with pytest.raises(SchemaError):
        make()


def test_what_only_looks_contradictory_is_taken():
    Schema("s", fields={"a": Required().when(col("b") == "1") & Blank().when(col("b") == "2")})
    Schema("s", rules=[order("a", "<=", "b"), order("b", "<=", "a")])
    Schema("s", rules=[order("a", "<", "b"), order("b", "<", "a").when(col("c") == "1")])


OLD = Schema("s", fields={"email": Email(), "n": Number(ge=0)}, rules=[unique("email")])


def test_a_diff_names_rules_and_the_rows_whose_verdict_changes():
    new = OLD.with_fields(email=Required() & Email(), n=Number(ge=1)).without("unique:email")
    rows = [{"email": "a@example.com", "n": "0"}, {"email": None, "n": "3"}, {"email": "b@example.com", "n": "4"},
            {"email": "b@example.com", "n": "5"}]  # fmt: skip
    diff = OLD.diff(new, rows)
    assert (diff.added, diff.removed, diff.changed) == (("email:required",), ("unique:email",), ("n:number",))
    assert (diff.newly_failing, diff.newly_passing) == ((0, 1), (2, 3))
    assert diff.by_rule == {"email:required": (0, 1), "n:number": (0, 1), "unique:email": (2, 0)}
    assert json.loads(json.dumps(diff.to_dict()))["rows"] == 4
    assert "b@example.com" not in repr(diff)
    with pytest.raises(TypeError, match=r"\.is_empty"):
        bool(diff)
    assert OLD.diff(OLD).is_empty
    assert not OLD.diff(OLD.with_fields(n=Number(ge=0).warn())).is_empty


def test_a_check_of_your_own_class_has_a_hash_and_a_diff_but_no_data():
    class Even(Check):
        def examine(self, text, context=()):
            return ()

    schema = Schema("s", fields={"a": Even()})
    assert len(schema.hash) == 64
    assert OLD.diff(schema).added == ("a:even",)
    with pytest.raises(SchemaError, match="not a check of the library"):
        schema.to_toml()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_a_guide_shows_every_field_and_only_examples_that_pass(pack, lang):
    guide = pack.guide(lang=lang)
    assert len(guide.entries) == len(pack.fields)
    for (field, check), entry in zip(pack.fields.items(), guide.entries, strict=True):
        assert entry["meaning"], field
        if entry["good"] and not check.references:
            assert check.is_valid(entry["good"]), field
    assert guide.to_html().startswith("<!doctype html>")
    assert "<script" not in guide.to_html()


def test_a_guide_knows_limits_pick_lists_labels_conditions_and_words_of_your_own(tmp_path):
    schema = Schema(
        "<s>",
        key="id",
        fields={
            "id": Text(max_length=8),
            "stage": Choice(["new", "won"]),
            "why": Required().when(col("stage") == "won") & Text(min_length=3),
            "born": Date(before="now").saying(en="day of birth", zh="生日"),
            "free": Satisfies(lambda text: 1 / 0 > 0),
            "never": ~Email(),
            "phone": Phone(country="CN"),
        },
        rules=[
            require("why").when(col("stage") == "won"),
            order("born", "<=", "id").saying(en="born first", zh="先出生"),
        ],
    )
    guide = schema.guide(labels={"why": "Reason"})
    entries = {entry["field"]: entry for entry in guide.entries}
    assert entries["record id"]["required"] == "yes"
    assert "at most 8 characters" in entries["record id"]["form"]
    assert entries["stage"]["values"] == ("new", "won")
    assert entries["Reason"]["required"].startswith("where")
    assert entries["born"]["meaning"] == "day of birth"
    assert "not after today" in entries["born"]["form"]
    assert entries["never"]["good"] == ""
    assert "born first" in guide.sentences
    assert "<s>" not in guide.to_html()
    guide.save(tmp_path / "guide.html")
    assert (tmp_path / "guide.html").read_text("utf-8") == guide.to_html()
    assert "生日" in schema.guide(lang="zh", title="x").to_html()


def test_a_guide_tells_the_rules_between_fields_and_records():
    rules = [
        unique("email"), require("stage").when(col("amount") > 5), order("start", "<=", "end").when(present("x")),
        reference("owner", to="users.id"), adds_up("gross", "net", "tax"), depends("company", on="domain"),
        require("email"), require("why"), fresh("seen", within=3),
    ]  # fmt: skip
    schema = Schema("s", key="id", fields={"id": Text(), "email": Required() & Email()}, rules=rules)
    labels = {"owner": "Owner", "id": "Id"}
    assert schema.guide(labels=labels).sentences == (
        "Id: no two records have the same",
        "e-mail: no two records have the same",
        "stage is required where amount > 5",
        "start is not after, or more than, end, where x is filled in",
        "Owner: only what is in users",
        "gross is the sum of net, tax",
        "company is the same wherever domain is the same",
        "why is required",  # of the id and the e-mail the table says so; nobody can heed fresh() while typing
    )
    assert "Owner：只能填写 users 中已有的值" in schema.guide(lang="zh", labels=labels).sentences


@pytest.mark.parametrize("name", systems.names())
def test_every_system_has_packs_with_its_limits(name):
    for kind, there in systems.get(name).objects.items():
        for headers in ("api", "label"):
            schema = Schema.for_system(name, kind, headers=headers)
            assert Schema.from_json(schema.to_json()) == schema
            row = dict.fromkeys(schema.fields)
            failed = {issue.path for issue in schema.check([row]) if issue.code == "required"}
            for field in there.fields:
                column = field.name if headers == "api" else field.label or field.name
                if field.required and there.fields.index(field) == [
                    (f.name if headers == "api" else f.label or f.name) for f in there.fields
                ].index(column):
                    assert column in failed, column


def test_a_value_longer_than_the_system_stores_is_an_error():
    schema = Schema.for_system("salesforce", "contact")
    report = schema.check([{**dict.fromkeys(schema.fields), "Id": "1", "LastName": "x" * 81}])
    assert "too_long" in report.issues.filter(severity="error").counts("code")
    with pytest.raises(NotFoundError, match="did you mean 'salesforce'"):
        Schema.for_system("salesforec", "contact")
    with pytest.raises(NotFoundError, match="kind"):
        Schema.for_system("outlook", "deal")
    with pytest.raises(SchemaError):
        Schema.for_system("salesforce", "contact", headers="x")


def test_the_published_hash_is_the_hash():
    import hashlib
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs" / "reference" / "formats.md").read_text("utf-8")
    text = page.partition('`{"absent"')[2].partition("`")[0]
    said = page.partition('`{"absent"')[2].partition("has the hash `")[2].partition("`")[0]
    assert hashlib.sha256(f'{{"absent"{text}'.encode()).hexdigest() == said
    assert Schema("people", fields={"email": Email()}).hash == said
