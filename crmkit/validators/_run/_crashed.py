"""The boundary at which a rule that crashed is told from data that are wrong, and from rules that are used wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import attrs

from crmkit.errors import CrmkitError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Crashed", "answered"]

T = TypeVar("T")


@attrs.frozen
class Crashed:
    """The rule raised; only the type of the exception is kept, for its text may hold what a cell holds."""

    exception: str


def answered(call: Callable[[], T]) -> T | Crashed:
    """Return what ``call`` returns, or by which exception somebody's own code in it crashed.

    Raises:
        CrmkitError: Wrong use, such as a table without the column of a reference.
    """
    try:
        return call()
    except CrmkitError:
        raise
    except Exception as error:  # noqa: BLE001 - a normal form or test of somebody's own; the data are not to blame
        return Crashed(type(error).__name__)
