"""Rule sets as data: what is written is what is read, and nothing is dropped."""

import json

import pytest

from crmkit.errors import FormatError, NotFoundError, SchemaError
from crmkit.validators import (
    URL,
    Blank,
    Choice,
    CompanyName,
    Country,
    Date,
    DateTime,
    Email,
    Money,
    Number,
    PersonName,
    Phone,
    Postcode,
    Required,
    Satisfies,
    Schema,
    Text,
    any_of,
    col,
    complete,
    order,
    present,
    reference,
    register,
    require,
    satisfies,
    unique,
)  # fmt: skip

register("has_a", test=lambda *texts: "a" in (texts[0] or ""))
register("upper", normalize=str.upper)

FULL = Schema(
    "full",
    key="id",
    absent="skip",
    fields={
        "a": Required() & Email() & Text(max_length=80, multiline=True).warn(),
        "b": Phone(country=col("country"), default="中国").when((col("x") == "1") & ~present("y")),
        "c": (Money(ge="0.1", le=5, currency="CNY", decimal=",") | Blank()).saying(en="no {ge}", zh="不"),
        "d": ~Choice(["x", "y"], synonyms={"z": "x"}),
        "e": Date(after="1900-01-01", before="now", order="DMY").info(),
        "f": Satisfies("has_a", code="no_a")
        & Text(pattern="a.*").when(col("x").matches("[0-9]+") | col("x").isin(1, 2)),
        "g": Country(), "h": Postcode(country="GB"), "i": DateTime(), "j": Number(), "k": URL(), "l": PersonName(),
        "m": CompanyName(),
    },
    rules=[
        order("e", "<=", "i", code="dates").warn(),
        require("a").when(col("x", normalize="country") == "CN"),
        any_of(present("a"), present("b"), name="reach"),
        unique("a", "b", normalize="upper", severity="info"),
        reference("id", to="others.id", normalize="text"),
        satisfies("has_a", "a", "b").saying(en="needs a"),
        complete("g", by="b", method="country_of_phone"),
    ],
)  # fmt: skip


def test_a_schema_survives_json():
    data = json.loads(json.dumps(FULL.to_dict()))
    again = Schema.from_dict(data)
    assert again == FULL
    assert again.to_dict() == FULL.to_dict()
    assert again.hash == FULL.hash
    assert repr(again.fields) == repr(FULL.fields)
    assert repr(again.rules) == repr(FULL.rules)


@pytest.mark.parametrize("pack", [Schema.contacts, Schema.accounts, Schema.leads, Schema.deals])
def test_the_packs_survive_json(pack):
    assert Schema.from_dict(json.loads(json.dumps(pack(country="CN").to_dict()))) == pack(country="CN")


def test_hash_changes_with_content_and_with_nothing_else():
    assert Schema.contacts().hash == Schema.contacts().hash
    assert FULL.hash != FULL.without("reach").hash
    assert FULL.hash != FULL.with_fields(a=Email()).hash


def test_a_callable_without_a_name_is_refused_not_dropped():
    schema = Schema("s", fields={"a": Satisfies(str.isupper)})
    with pytest.raises(SchemaError, match="isupper"):
        schema.to_dict()
    assert len(schema.hash) == 64
    with pytest.raises(SchemaError, match="registered name"):
        Schema("s", rules=[satisfies(lambda a: True, "a")]).to_dict()
    with pytest.raises(SchemaError, match="registered name"):
        Schema("s", rules=[unique("a", normalize=str.upper)]).to_dict()


def test_what_is_no_schema_is_refused():
    good = FULL.to_dict()
    with pytest.raises(FormatError, match="known version"):
        Schema.from_dict({**good, "format": "crmkit-schema/9"})
    with pytest.raises(FormatError, match="no part 'extra'"):
        Schema.from_dict({**good, "extra": 1})
    with pytest.raises(FormatError, match="damaged"):
        Schema.from_dict({"format": "crmkit-schema/1"})
    with pytest.raises(FormatError, match="damaged"):
        Schema.from_dict({**good, "fields": {"a": {"Email": {"colour": 1}}}})
    with pytest.raises(NotFoundError, match="did you mean 'Email'"):
        Schema.from_dict({**good, "fields": {"a": {"Emial": {}}}})
    with pytest.raises(NotFoundError, match="did you mean 'unique'"):
        Schema.from_dict({**good, "rules": [{"uniqe": {}}]})
    with pytest.raises(FormatError, match="one name"):
        Schema.from_dict({**good, "rules": [{}]})
    with pytest.raises(NotFoundError, match="condition"):
        Schema.from_dict({**good, "fields": {"a": {"when": {"col": "x"}, "check": {"Email": {}}}}})


def test_names_are_checked_when_a_schema_is_made():
    with pytest.raises(SchemaError, match="two rules are called"):
        Schema("s", rules=[unique("a"), unique("a")])
    with pytest.raises(NotFoundError, match="did you mean 'email'"):
        unique("a", normalize="emial")
    with pytest.raises(NotFoundError, match="did you mean 'country'"):
        col("a", normalize="contry")
    with pytest.raises(ValueError, match="exactly one"):
        register("nothing")
    with pytest.raises(ValueError, match="of the library"):
        register("email", normalize=str.lower)
    with pytest.raises(SchemaError, match="table and column"):
        reference("a", to="accounts")
    with pytest.raises(SchemaError, match="takes rules"):
        Schema("s", rules=[Email()])
    with pytest.raises(NotFoundError, match="did you mean 'reach'"):
        FULL.without("reech")
    with pytest.raises(TypeError, match="no truth"):
        bool(col("a") == 1)


def test_renaming_reaches_every_place_a_column_is_named():
    renamed = FULL.rename(
        {"a": "A", "b": "B", "country": "C", "x": "X", "y": "Y", "e": "E", "i": "I", "id": "ID", "g": "G"}
    )
    assert not {"a", "b", "country", "x", "y", "e", "i", "id", "g"} & set(renamed.columns)
    assert {"A", "B", "C", "X", "Y", "E", "I", "ID", "G"} <= set(renamed.columns)
