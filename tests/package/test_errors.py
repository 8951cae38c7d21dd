"""What a program can rely on in every error: base classes, attributes, and that the message stays the message."""

from __future__ import annotations

import builtins
import inspect
import pickle
import re
from typing import Any

import pytest

from crmkit import errors
from crmkit._nearest import did_you_mean
from crmkit.errors import CrmkitError, IntegrityError, NotFoundError

ATTRIBUTES: dict[type[CrmkitError], dict[str, Any]] = {
    errors.InvalidValueError: {"issues": ("one",)},
    errors.ShapeError: {"expected": 2, "actual": 3},
    errors.CheckFailedError: {"report": "the report"},
    errors.ConflictError: {"conflicts": ("one", "two")},
    errors.AccessDeniedError: {"decision": "the decision"},
    errors.RefusedError: {"rule": "low_entropy"},
    errors.PolicyFileError: {"problems": ("line 3",)},
    errors.MissingDependencyError: {"extra": "excel"},
}
ABSENT = {"issues": (), "conflicts": (), "problems": ()}
BUILT_IN: dict[str, type[Exception]] = {
    name: getattr(builtins, base)
    for name, base in re.findall(r"^ +(\w+)\((\w+)\)", inspect.cleandoc(errors.__doc__ or ""), re.MULTILINE)
}
"""What the tree in the module's docstring says of each error that is caught as a built-in too."""


@pytest.mark.parametrize("kind", ATTRIBUTES, ids=lambda kind: kind.__name__)
def test_what_a_program_needs_is_an_attribute_and_the_message_is_the_message(kind: type[CrmkitError]) -> None:
    given = ATTRIBUTES[kind]
    error = kind("what happened", **{name: list(value) if name in ABSENT else value for name, value in given.items()})
    assert str(error) == "what happened"
    assert {name: getattr(error, name) for name in given} == given
    bare = kind("what happened")
    assert {name: getattr(bare, name) for name in given} == {name: ABSENT.get(name) for name in given}


@pytest.mark.parametrize(
    "kind", [errors.FormatError, IntegrityError, errors.TamperedLogError, errors.FixityError, errors.ManifestError]
)
def test_a_place_stands_before_the_message_and_by_itself(kind: type[CrmkitError]) -> None:
    error: Any = kind("cut short", location="log.jsonl, line 3")
    assert (str(error), error.location) == ("log.jsonl, line 3: cut short", "log.jsonl, line 3")
    bare: Any = kind("cut short")
    assert (str(bare), bare.location) == ("cut short", None)


def test_every_error_is_caught_as_crmkits_and_as_the_built_in_that_the_module_names() -> None:
    kinds = {name: getattr(errors, name) for name in errors.__all__ if name.endswith("Error")}
    assert all(issubclass(kind, CrmkitError) for kind in kinds.values())
    assert len(BUILT_IN) > 10
    for name, kind in kinds.items():
        assert issubclass(kind, BUILT_IN.get(name, CrmkitError)), name
        told = {base for part in kind.__mro__ for base in BUILT_IN.get(part.__name__, object).__mro__}
        others = {LookupError, ValueError, OSError, ImportError} - told
        assert not any(issubclass(kind, other) for other in others), name


def test_everything_public_in_the_module_is_listed() -> None:
    defined = {name for name, thing in vars(errors).items() if inspect.isclass(thing) and issubclass(thing, Exception)}
    assert defined == set(errors.__all__)
    assert errors.__all__ == sorted(errors.__all__)


def test_errors_survive_the_way_out_of_a_worker_process() -> None:
    for kind, given in ATTRIBUTES.items():
        back = pickle.loads(pickle.dumps(kind("what happened", **given)))
        assert type(back) is kind
        assert str(back) == "what happened"
        assert {name: getattr(back, name) for name in given} == given
    unknown = pickle.loads(pickle.dumps(NotFoundError.of("column", "emial", ["email"])))
    assert (str(unknown), unknown.suggestion) == ("unknown column 'emial'; did you mean 'email'?", "email")


@pytest.mark.parametrize("kind", [errors.FormatError, IntegrityError, errors.TamperedLogError])
def test_a_place_is_not_put_before_the_message_twice_on_the_way_out_of_a_worker_process(kind: Any) -> None:
    back = pickle.loads(pickle.dumps(kind("cut short", location="line 3")))
    assert (str(back), back.location) == ("line 3: cut short", "line 3")


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ([], "unknown role 'x'; there are none"),
        (["email", "phone"], "unknown role 'x'; known: 'email', 'phone'"),
        ([f"role {number}" for number in range(13)], "unknown role 'x'; there are 13 to choose from"),
    ],
)
def test_a_name_that_is_near_to_nothing_is_answered_with_what_there_is(known: list[str], message: str) -> None:
    assert str(NotFoundError.of("role", None, [])) == "the name of a role is text, not NoneType; there are none"
    assert str(NotFoundError.of("index", None, ["a"])) == "the name of an index is text, not NoneType; known: 'a'"
    error = NotFoundError.of("role", "x", iter(known))
    assert (str(error), error.name, error.suggestion) == (message, "x", None)


def test_the_nearest_name_is_found_whatever_its_case() -> None:
    assert did_you_mean("PHONE", ["email", "Phone"]) == "Phone"
    assert did_you_mean("邮箱地址", ["邮箱", "电话"]) == "邮箱"
    assert did_you_mean("zzz", ["email"]) is None
    assert did_you_mean("", []) is None
