"""Settings that cannot be meant are refused where they are given, in code and in rule files."""

import pytest

from crmkit.errors import FormatError, NotFoundError, SchemaError
from crmkit.validators import (
    Age,
    Blank,
    Choice,
    Code,
    Country,
    Date,
    Number,
    Region,
    Required,
    Schema,
    Text,
    col,
    complete,
    order,
    present,
    require,
    spill,
    unique,
)  # fmt: skip

WRONG = [
    (lambda: Choice("abc"), "not one text"),
    (lambda: Choice([1, 2]), "write '1' for 1"),
    (lambda: Choice(5), "a list of texts"),
    (lambda: Choice(["won"], synonyms={"赢单": "wonn"}), "did you mean 'won'"),
    (lambda: Text(max_length=-1), "0 or more"),
    (lambda: Text(min_length="5"), "0 or more"),
    (lambda: Code(length=0), "1 or more"),
    (lambda: Age(le=True), "whole number"),
    (lambda: Number(ge=float("nan")), "finite"),
    (lambda: Number(le="inf"), "finite"),
    (lambda: Number(decimal=";"), "one of"),
    (lambda: Date(order="DYM"), "order of a date"),
    (lambda: Country(form="name"), "known: 'code', 'any', 'column'"),
    (lambda: Region(country="CN", form="nam"), "did you mean 'name'"),
    (lambda: order("a", "=<", "b"), "one of <=, <, =="),
    (lambda: order("a", 5, "b"), "one of"),
    (lambda: Schema("s", absent="skipp"), "did you mean 'skip'"),
    (lambda: Schema("s", fields={5: Text()}), "not by an object of int"),
    (lambda: Schema("s", key=""), "not by an empty text"),
    (lambda: unique(["a", "b"]), "not by an object of list"),
    (lambda: spill("email", into=["email_2"], of="email"), "not by an object of list"),
    (lambda: present(None), "not by an object of NoneType"),
    (lambda: col(["a"]) == "x", "not by an object of list"),
    (lambda: col("a") == ["x", "y"], r"\.isin"),
    (lambda: col("a").isin(), "at least one"),
    (lambda: col("a").isin([]), "at least one"),
    (lambda: complete("country", by="phone"), "either method="),
    (lambda: complete("a", by="b", method="group", lookup="c.d"), "either method="),
]


@pytest.mark.parametrize(("make", "words"), WRONG, ids=range(len(WRONG)))
def test_a_setting_that_cannot_be_meant_is_refused(make, words):
    with pytest.raises(SchemaError, match=words):
        make()


def test_a_list_of_values_means_its_values():
    assert col("a").isin(["x", "y"]) == col("a").isin("x", "y")


CONTRADICTIONS = [
    ({"a": Number(ge=5) & Number(le=2)}, []),
    ({"a": Text(min_length=9) & Text(max_length=8)}, []),
    ({"a": Date(after="2024-01-02") & Date(before="2024-01-01")}, []),
    ({"a": Blank()}, [require("a")]),
    ({"a": Blank().warn()}, [require("a")]),
]


@pytest.mark.parametrize(("fields", "rules"), CONTRADICTIONS, ids=range(len(CONTRADICTIONS)))
def test_checks_that_no_value_could_pass_together_are_refused(fields, rules):
    with pytest.raises(SchemaError, match=r"can never hold together|forbids"):
        Schema("s", fields=fields, rules=rules)


@pytest.mark.parametrize(
    ("fields", "rules"),
    [
        ({"a": Number(ge=5).when(col("b") == "x") & Number(le=2)}, []),
        ({"a": Number(ge=5) | Number(le=2)}, []),
        ({"a": Date(after="now") & Date(before="2024-01-01")}, []),
        ({"a": Blank()}, [require("a").when(col("b") == "x")]),
        ({"a": Required() & Text(min_length=2) & Text(min_length=3, max_length=3)}, []),
    ],
    ids=range(5),
)
def test_what_some_value_could_pass_is_no_contradiction(fields, rules):
    Schema("s", fields=fields, rules=rules)


@pytest.mark.parametrize("data", [[], "x", None, 5])
def test_what_is_no_rule_set_at_all_is_told_as_a_damaged_one(data):
    with pytest.raises(FormatError, match="a schema is a mapping"):
        Schema.from_dict(data)


def test_rule_files_are_held_to_the_same():
    base = {"format": "crmkit-schema/1", "name": "s"}
    with pytest.raises(SchemaError, match="0 or more"):
        Schema.from_dict({**base, "fields": {"a": {"Text": {"max_length": "5"}}}})
    with pytest.raises(SchemaError, match="either method="):
        Schema.from_dict({**base, "rules": [{"complete": {"field": "a", "by": "b"}}]})
    with pytest.raises(NotFoundError, match="did you mean 'group'"):
        Schema.from_dict({**base, "rules": [{"complete": {"field": "a", "by": "b", "method": "grup"}}]})
