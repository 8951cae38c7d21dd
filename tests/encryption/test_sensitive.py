"""A value that shows itself to nobody who did not ask."""

import copy
import json
import logging
import pickle
from typing import TYPE_CHECKING, Optional

import attrs
import pytest

from crmkit.encryption import Field, Sensitive

if TYPE_CHECKING:
    from nowhere import Missing

SECRET = "canary-51c2@example.com"


def test_nothing_that_is_written_by_accident_has_the_value(caplog):
    value = Sensitive(SECRET)
    shown = [repr(value), str(value), f"{value}", f"{value:>40}", "%s" % value, repr([value]), repr({"a": value})]  # noqa: UP031
    logging.getLogger("x").warning("%s %r", value, value)
    assert SECRET not in "".join(shown) + caplog.text
    for attempt in (pickle.dumps, copy.deepcopy, copy.copy, json.dumps, hash, vars, list, len):
        with pytest.raises(TypeError) as caught:
            attempt(value)
        assert SECRET not in str(caught.value)
    assert value.reveal() == SECRET
    assert value == Sensitive(SECRET)
    assert value != Sensitive("x")
    assert value != SECRET


@attrs.frozen
class Contact:
    id: int
    email: Sensitive[str] | None
    name: str


@attrs.frozen
class Late:
    id: int
    email: "Sensitive[str]"
    name: "Missing"


class Plain:
    def __init__(self, **columns):
        self.__dict__.update(columns)


def test_a_class_gets_what_it_annotates(ring):
    box = ring.box([Field("contacts.email"), Field("contacts.name")])
    row = box.seal({"id": 1, "email": SECRET, "name": "Ana"})
    for into in (Contact, Late):
        made = box.open(row, into=into)
        assert made.email.reveal() == SECRET
        assert made.name == "Ana"
        assert SECRET not in repr(made)
    assert box.open(row, into=Plain).email == SECRET
    assert box.open(row)["email"] == SECRET
    wrapped = box.open(row, sensitive=True)
    assert wrapped["email"].reveal() == SECRET
    assert wrapped["name"].reveal() == "Ana"
    assert box.open(row, into=Contact, sensitive=False).email == SECRET
    assert box.open(box.seal({"id": 1, "email": None, "name": "Ana"}), into=Contact).email is None


def test_pydantic_models_hold_and_never_write_it(ring):
    pydantic = pytest.importorskip("pydantic", reason="needs pydantic")

    class Model(pydantic.BaseModel):
        id: int
        email: Optional[Sensitive[str]]  # noqa: UP045 - the older spelling is read too
        other: Sensitive[int] = pydantic.Field(default=3, validate_default=True)

    box = ring.box([Field("contacts.email")])
    made = box.open(box.seal({"id": 1, "email": SECRET}), into=Model)
    assert made.email.reveal() == SECRET
    assert made.other.reveal() == 3
    assert SECRET not in repr(made) + made.model_dump_json() + str(made.model_dump())
    assert Model(id=1, email=SECRET).email == Sensitive(SECRET)
    with pytest.raises(pydantic.ValidationError):
        Model(id=1, email=SECRET, other="no number")
