"""What callers hand in, looked at before it is used: likely mistakes are named, and nothing of a record is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.errors import SchemaError

from ._people import Assignment, OrgChart
from ._policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["check_org", "check_policy", "read_assignments"]


def check_policy(policy: object) -> None:
    """Raise unless it is a policy.

    Raises:
        SchemaError: It is the name of a preset, a path, or something else.
    """
    if not isinstance(policy, Policy):
        raise SchemaError(
            f"the policy is a Policy, not {_called(policy)}: Policy(...), Policy.load(path), or preset(name)"
        )


def check_org(org: object) -> None:
    """Raise unless it says who people are, or is ``None``.

    Raises:
        SchemaError: It is a list of people, or something else.
    """
    if org is not None and not isinstance(org, OrgChart):
        raise SchemaError(f"org= is an OrgChart, not {_called(org)}: OrgChart([Principal(...), ...])")


def read_assignments(assignments: Iterable[Assignment]) -> tuple[Assignment, ...]:
    """Return assignments, once they are found to be some.

    Raises:
        SchemaError: It is one alone, or holds something else, such as a pair.
    """
    given: object = assignments
    if isinstance(given, Assignment | str) or not hasattr(given, "__iter__"):
        raise SchemaError(f"assignments are a list of Assignment, not {_called(given)}")
    found = tuple(assignments)
    for place, one in enumerate(found):
        this: object = one
        if not isinstance(this, Assignment):
            raise SchemaError(f"assignment {place} is {_called(this)}: write Assignment(principal, role)")
    return found


def _called(given: object) -> str:
    name = type(given).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"
