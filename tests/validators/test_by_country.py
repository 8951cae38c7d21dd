"""What depends on a country: regions, postcodes, phones, VAT numbers; the JSON Schema of a rule set."""

import pytest

from crmkit.validators import (
    VAT,
    Blank,
    Choice,
    Code,
    Email,
    Number,
    Phone,
    Postcode,
    Region,
    Required,
    Schema,
    Text,
    any_of,
    col,
    order,
    present,
    require,
)
from crmkit.validators._contact._region import region_name


@pytest.mark.parametrize("check", [Region, Postcode, Phone, VAT])
def test_the_country_is_fixed_or_read_from_the_row(check):
    fixed, referring = check(country="China"), check(country=col("land"))
    assert (fixed.country, fixed.references) == ("CN", ())
    assert fixed.rename({"land": "L"}) is fixed
    assert referring.rename({"land": "L"}) == check(country=col("L"))
    assert [fixed.country_of(("DE",)), referring.country_of(("DE",)), referring.country_of(())] == ["CN", "DE", None]


@pytest.mark.parametrize(
    ("check", "context", "text", "said"),
    [
        (Region(country="CN"), (), "广东", ("not_normalized", "广东省")),
        (Region(country="CN"), (), "广东省", None),
        (Region(country="US"), (), "new york", ("not_normalized", "New York")),
        (Region(country="US"), (), "NY", None),
        (Region(country="US", form="name"), (), "ny", ("not_normalized", "New York")),
        (Region(country="US", form="code"), (), "New York", ("not_normalized", "NY")),
        (Region(country="US"), (), "Californa", ("region_unknown", "California")),
        (Region(country="US"), (), "n/a", ("placeholder", None)),
        (Region(country="US"), (), "x" * 500, ("region_unknown", None)),
        (Region(country=col("c")), ("DE",), "Bayern", None),
        (Region(country=col("c")), ("DE",), "zz", ("region_unknown", None)),
    ],
)
def test_regions(check, context, text, said):
    found = check.examine(text, context)
    assert [(finding.code, finding.fix) for finding in found] == ([] if said is None else [said])


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        ((None,), "country_missing"),
        (("",), "country_invalid"),
        ((), "country_missing"),
        (("FJ",), "country_without_regions"),
    ],
)
def test_regions_that_nobody_can_judge_are_skipped(context, reason):
    assert Region(country=col("c")).examine("Ba", context).reason == reason


def test_a_region_has_one_official_name():
    assert [region_name("广东", "CN"), region_name("ny", "US"), region_name("NY", "DE"), region_name("x", "FJ")] == [
        "广东省", "New York", None, None,
    ]  # fmt: skip


def test_json_schema_says_what_it_can_and_names_the_rest():
    schema = Schema(
        "s",
        key="id",
        fields={
            "email": Required() & Email(),
            "n": Number(ge=0, le=10) | Blank(),
            "age": Number(ge="0.5"),
            "stage": Choice(["a", "b"], synonyms={"A!": "a"}),
            "kind": Required() & Choice(["x"]),
            "note": Text(max_length=5, pattern="[a-z]+"),
            "code": Code().when(present("email")),
            "remark": Email().info(),
        },
        rules=[
            require("note"),
            require("note", name="w").when(col("stage") == "a"),
            any_of(present("n"), present("age")),
            require("age", name="v").when(col("stage").isin(["a", "b"]) & ~present("n")),
            require("age", name="u").when(col("n") > "3"),
            order("n", "<", "age"),
            require("n", name="t").when(~(col("n").matches("x+")) | present("age")),
            require("n", name="m").warn(),
        ],
    )
    data = schema.to_json_schema()
    fields = data["properties"]
    assert fields["email"] == {"type": ["string"], "format": "email", "minLength": 1}
    assert fields["n"]["anyOf"] == [{"minimum": 0.0, "maximum": 10.0}, {"maxLength": 0}]
    assert fields["age"] == {"type": ["string", "number", "null"], "minimum": 0.5}
    assert fields["stage"]["enum"] == ["a", "b", "A!", None]
    assert fields["kind"] == {"type": ["string"], "enum": ["x"], "minLength": 1}
    assert fields["note"]["pattern"] == "^(?:[a-z]+)$"
    assert fields["id"] == {"type": "string", "minLength": 1}
    assert set(data["required"]) == {"email", "kind", "id"}
    filled = {"properties": {"note": {"not": {"type": "null"}, "pattern": "\\S"}}, "required": ["note"]}
    assert data["allOf"][0] == filled
    assert data["allOf"][1] == {"if": {"properties": {"stage": {"const": "a"}}, "required": ["stage"]}, "then": filled}
    assert set(data["allOf"][2]) == {"anyOf"}
    assert data["allOf"][3]["if"]["allOf"][1].keys() == {"not"}
    assert {"u", "t", "m", "order:n,age", "code:code"} <= set(data["x-crmkit-more"])
