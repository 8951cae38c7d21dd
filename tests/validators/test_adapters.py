"""Checks in pydantic, attrs, pandera, JSON Schema and Hypothesis say what they say at home."""

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, NotRequired, Optional, TypedDict

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit.errors import InvalidValueError, NotFoundError, SchemaError
from crmkit.validators import (
    IBAN,
    USCC,
    Age,
    BankCard,
    Blank,
    Check,
    Choice,
    Country,
    Date,
    Email,
    Finding,
    HongKongId,
    Money,
    Not,
    Number,
    PersonName,
    Phone,
    Required,
    ResidentId,
    Satisfies,
    Schema,
    TaiwanId,
    Text,
    any_of,
    col,
    order,
    present,
    require,
)

CANARY = "zk7canaryq9"


def test_a_pydantic_field_holds_the_normal_form_or_is_refused_without_its_value_in_the_message():
    pydantic = pytest.importorskip("pydantic", reason="the adapter is for pydantic")

    class Person(pydantic.BaseModel):
        email: Annotated[str, Email()]
        phone: Annotated[str | None, Phone(country="CN")] = None
        age: Annotated[int, Age()] = 1
        name: Annotated[str, Required() & PersonName()] = "Ana"

    found = Person(email=" Ana@EXAMPLE.com", phone="138 0013 8000", age=3)
    assert (found.email, found.phone, found.age) == ("Ana@example.com", "+8613800138000", 3)
    with pytest.raises(pydantic.ValidationError) as caught:
        Person(email=CANARY, phone="12", age=200, name=" ")
    codes = {error["loc"][0]: error["type"] for error in caught.value.errors()}
    assert codes == {"email": "email_invalid", "phone": "phone_invalid", "age": "too_large", "name": "required"}
    assert not any(CANARY in error["msg"] for error in caught.value.errors())
    assert Person.model_json_schema()["properties"]["email"]["type"] == "string"


def test_a_pydantic_field_takes_over_only_what_fixes_would_take_over_without_being_asked():
    pydantic = pytest.importorskip("pydantic", reason="the adapter is for pydantic")
    unsure = "10 65529988"  # without its trunk prefix

    class Person(pydantic.BaseModel):
        phone: Annotated[str, Phone(country="CN")]

    issue = Schema("people", fields={"phone": Phone(country="CN")}).check_value("phone", unsure).issues[0]
    assert issue.fix == "+861065529988"
    assert issue.confidence < 0.95
    assert Person(phone=unsure).phone == unsure


class Typed(TypedDict):
    name: Annotated[str, Required(), PersonName()]
    email: Annotated[str, Email()] | None
    phone: NotRequired[Annotated[str | None, Phone(country="DE")]]
    age: int


@attrs.define
class Defined:
    name: Annotated[str, Required(), PersonName()]
    email: Annotated[str, Email()] | None = None
    phone: Optional[Annotated[str, Phone(country="DE")]] = None  # noqa: UP045 - how older code writes it
    age: int = 1


@pytest.mark.parametrize("model", [Typed, Defined])
def test_a_schema_is_read_off_a_class_that_names_its_checks(model):
    schema = Schema.for_model(model, rules=[any_of(present("email"), present("phone"))])
    fields = {"name": Required() & PersonName(), "email": Email(), "phone": Phone(country="DE")}
    assert schema == Schema(model.__name__, fields=fields, rules=[any_of(present("email"), present("phone"))])
    found = schema.check_record({"name": " ", "email": None})
    assert [issue.code for issue in found] == ["none_present", "required"]
    assert Schema.for_model(model, name="people", key="id").key == "id"


def test_a_schema_of_a_pydantic_model_says_what_the_model_refuses():
    pydantic = pytest.importorskip("pydantic", reason="the adapter is for pydantic")

    class Person(pydantic.BaseModel):
        name: Annotated[str, pydantic.Field(max_length=20), Required() & PersonName()]
        email: Annotated[str | None, Email()] = None

    wrong = {"name": "12345", "email": "ana@"}
    with pytest.raises(pydantic.ValidationError) as caught:
        Person(**wrong)
    refused = {(error["loc"][0], error["type"]) for error in caught.value.errors()}
    assert {(issue.path, issue.code) for issue in Schema.for_model(Person).check_record(wrong)} == refused


def test_what_a_schema_of_a_class_cannot_hold_is_refused_and_not_left_out():
    class Plain(TypedDict):
        name: str

    class Several(TypedDict):
        emails: list[Annotated[str, Email()]]

    class Forgotten(TypedDict):
        email: Annotated[str, Email]

    class Unreadable:
        email: "Annotated[str, NowhereToBeFound()]"  # noqa: F821 - that is the point

    with pytest.raises(SchemaError, match="annotations of Unreadable cannot be read: name 'NowhereToBeFound'"):
        Schema.for_model(Unreadable)
    with pytest.raises(SchemaError, match="takes a class"):
        Schema.for_model(Defined("Ana"))
    with pytest.raises(SchemaError, match="no annotation of Plain names a check"):
        Schema.for_model(Plain)
    with pytest.raises(SchemaError, match="'emails': email is about parts"):
        Schema.for_model(Several)
    with pytest.raises(SchemaError, match=r"'email' needs a check; write Email\(\)"):
        Schema.for_model(Forgotten)


def test_an_attrs_validator_reads_the_other_attributes():
    @attrs.define
    class Person:
        country: str | None
        phone: str | None = attrs.field(validator=Phone(country=col("country")).attrs())
        email: str = attrs.field(default="a@example.com", validator=(Required() & Email()).attrs())

    assert Person("中国", "138 0013 8000").phone == "138 0013 8000"
    assert Person(None, "138 0013 8000 99")
    with pytest.raises(InvalidValueError, match="phone: not a telephone number of CN") as caught:
        Person("CN", "138 0013")
    assert caught.value.issues[0].code == "phone_invalid"
    with pytest.raises(InvalidValueError) as caught:
        Person("CN", None, CANARY)
    assert CANARY not in str(caught.value) + repr(caught.value.issues)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_pandera_check_fails_the_same_rows(library):
    pytest.importorskip("pandera", reason="the adapter is for pandera")
    frames = pytest.importorskip(library, reason="pandera checks its frames")
    import importlib

    pa = importlib.import_module(f"pandera.{library}")
    schema = pa.DataFrameSchema({"email": pa.Column(str, Email().pandera(), nullable=True)})
    good = frames.DataFrame({"email": ["a@example.com", None]})
    schema.validate(good, lazy=True)
    with pytest.raises(pa.errors.SchemaErrors) as caught:
        schema.validate(frames.DataFrame({"email": ["a@", "b@example.com", "x"]}), lazy=True)
    assert sorted(caught.value.failure_cases["index"]) == [0, 2]


SCHEMA = Schema(
    "deal",
    key="id",
    fields={
        "id": Text(max_length=20),
        "stage": Choice(["new", "won", "lost"], synonyms={"赢单": "won"}),
        "amount": Required() & Number(ge=0, le=1000),
        "email": Email(),
        "uscc": USCC().when(col("country") == "CN"),
        "note": Text(max_length=5, pattern="[a-z]*") | Blank(),
        "score": Money(ge=0).info(),
    },
    rules=[
        any_of(present("email"), present("note")),
        require("note").when((col("stage") == "lost") & ~col("email").isin("x")),
        require("email").when(col("stage").matches("n.*")),
        any_of(present("email"), present("note"), name="again", severity="warning"),
    ],
)


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_what_the_schema_takes_its_json_schema_takes(data):
    jsonschema = pytest.importorskip("jsonschema", reason="the judge of JSON Schema")
    from crmkit.testing.strategies import records_of

    wanted = SCHEMA.to_json_schema()
    jsonschema.Draft202012Validator.check_schema(wanted)
    record = data.draw(records_of(SCHEMA, near_valid=True))
    report = SCHEMA.check_record(record)
    if report.ok and not len(report.issues.filter(code="not_normalized")):
        said = list(jsonschema.Draft202012Validator(wanted).iter_errors(record))
        assert not said, (record, said)


def test_json_schema_refuses_what_it_can_say_and_names_the_rest():
    jsonschema = pytest.importorskip("jsonschema", reason="the judge of JSON Schema")
    validator = jsonschema.Draft202012Validator(SCHEMA.to_json_schema())
    good = {"id": "1", "stage": "new", "amount": "5", "email": "a@example.com", "note": None}
    assert validator.is_valid(good)
    for wrong in ({"stage": "maybe"}, {"amount": None}, {"amount": -1}, {"id": ""}, {"note": "toolong"},
                  {"email": None}, {"stage": "lost"}):  # fmt: skip
        assert not validator.is_valid({**good, **wrong}), wrong
    data = SCHEMA.to_json_schema()
    assert {"uscc:uscc", "again"} <= set(data["x-crmkit-more"])
    assert Schema("s", key="k").to_json_schema()["required"] == ["k"]


class Badge(Check):
    """A check of somebody else's."""

    json_pattern = "^B[0-9]+$"

    def examine(self, text, context=()):
        return () if re.fullmatch(self.json_pattern, text) else (Finding("rule_failed"),)


def test_checks_say_themselves_what_json_schema_can_ask_and_own_ones_do_so_too():
    data = Schema("s", fields={"badge": Badge(), "either": Badge() | Email() | Age(), "any": Badge() | Not(Badge())})
    said = data.to_json_schema()["properties"]
    assert {name: set(part) - {"type"} for name, part in said.items()} == {
        "badge": {"pattern"}, "either": {"anyOf"}, "any": set(),
    }  # fmt: skip
    assert said["either"]["anyOf"] == [
        {"pattern": "^B[0-9]+$"}, {"format": "email"}, {"minimum": 0, "maximum": 122},
    ]  # fmt: skip


MADE = [Email(), Phone(country="DE"), PersonName(), IBAN(), USCC(), ResidentId(), BankCard(), HongKongId(), TaiwanId(),
        Choice(["a", "b"]), Number(ge=3, le=4), Age(), Text(min_length=2, max_length=4),
        Text(pattern="[A-Z]{2}-[0-9]+"), ~Email(), Email() | Phone(country="US"),
        Required() & Email() & Text(max_length=80),
        Email().when(col("a") == "1").warn()]  # fmt: skip


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data(), st.sampled_from(MADE))
def test_values_are_right_and_near_values_never_crash_a_check(data, check):
    from crmkit.testing.strategies import values_of

    assert check.is_valid(data.draw(values_of(check)))
    near = data.draw(values_of(check, near_valid=True))
    report = Schema("s", fields={"v": check}).check({"v": [near], "a": ["1"]})
    assert not report.crashed


@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_records_of_every_pack_are_made_and_right(data):
    from crmkit.testing.strategies import records_of

    pack = data.draw(st.sampled_from([Schema.contacts(), Schema.accounts(), Schema.deals(), Schema.activities()]))
    record = data.draw(records_of(pack))
    wrong = [issue for issue in pack.check_record(record) if issue.rule.split(":")[0] in pack.fields]
    assert not [issue for issue in wrong if issue.severity == "error"], wrong


def test_nobody_can_make_values_for_a_test_of_your_own():
    from crmkit.testing.strategies import values_of

    with pytest.raises(NotFoundError, match="values can be made"):
        values_of(Satisfies(str.isupper))
    with pytest.raises(NotFoundError, match="how to make"):
        values_of(Satisfies(str.isupper) & Satisfies(str.islower))


def test_records_that_are_right_keep_the_rules_between_fields():
    from crmkit.testing.strategies import records_of

    schema = Schema(
        "s",
        key="id",
        fields={"email": Email(), "phone": Phone(country=col("country"), default="CN"), "country": Country()},
        rules=[any_of(present("phone"), present("email")), require("why").when(col("country") == "CN"),
               order("start", "<=", "end")],
    )  # fmt: skip

    @settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None, database=None)
    @given(records_of(schema))
    def right(record):
        assert schema.check_record(record).ok
        assert record["why"]

    right()


def test_a_pydantic_model_says_in_its_json_schema_what_a_check_takes():
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model(
        "M",
        email=(Annotated[str, Email()], ...),
        stage=(Annotated[str, Required() & Choice(["new", "won"])], ...),
        note=(Annotated[str, Text(max_length=5)], ""),
        size=(Annotated[int, Number(ge=5)], 6),
    )
    said = model.model_json_schema()["properties"]
    assert said["email"]["format"] == "email"
    assert said["stage"]["enum"] == ["new", "won"]
    assert said["note"]["maxLength"] == 5
    assert said["size"]["type"] == "integer"


@pytest.mark.parametrize("optional", [True, False])
def test_a_model_of_dates_and_numbers_takes_the_texts_that_its_schema_takes(optional):
    pydantic = pytest.importorskip("pydantic", reason="a model")
    kinds = {"born": (dt.date, Date()), "paid": (Decimal, Money()), "seats": (int, Number())}
    fields = {
        name: (Annotated[kind | None if optional else kind, check], None) for name, (kind, check) in kinds.items()
    }
    model = pydantic.create_model("M", **fields)
    schema = Schema.for_model(model)
    texts = {
        "born": [
            "3 Feb 1990",
            "1990年2月3日",
            "1990-02-03",
            "31.12.1990",
            "1990-02-31",
            "0",
            "soon",
            "1990-02-03T00:00:00",
        ],
        "paid": ["1,234.50", "1.234,50", "12", "-3", "1e5", "１２", "(5)", " 7 ", "5 000", "1'234.50", "1__2", "x9"],
        "seats": ["12", " 7", "１２", "x9", "1__2"],
    }
    taken = 0
    for name, values in texts.items():
        for value in [*values, *(["", "  "] if optional else [])]:
            report = schema.check_record({name: value})
            if not report.ok:
                with pytest.raises(pydantic.ValidationError) as caught:
                    model(**{name: value})
                assert caught.value.errors()[0]["type"] in {issue.code for issue in report.issues}
            else:
                held = getattr(model(**{name: value}), name)
                assert isinstance(held, kinds[name][0]) or (held is None and not value.strip())
                taken += 1
    assert taken > 12


def test_values_that_are_no_text_and_other_types_are_read_as_before():
    pydantic = pytest.importorskip("pydantic", reason="a model")

    class M(pydantic.BaseModel):
        born: Annotated[dt.date, Date()] = dt.date(2000, 1, 1)
        paid: Annotated[Decimal, Money()] = Decimal(1)
        email: Annotated[str, Email()] = "a@example.com"
        many: Annotated[list[int], Text()]

    held = M(born=dt.date(1990, 2, 3), paid=Decimal("1.50"), email="A@Example.com", many=["1"])
    assert (held.born, held.paid, held.many) == (dt.date(1990, 2, 3), Decimal("1.50"), [1])
    for wrong in ({"born": ""}, {"born": None}, {"paid": []}):
        with pytest.raises(pydantic.ValidationError):
            M(**{"many": ["1"], **wrong})
    assert M.model_json_schema()["properties"]["born"]["format"] == "date"
