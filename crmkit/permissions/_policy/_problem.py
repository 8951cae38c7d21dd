"""What is wrong with a policy, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit.errors import PolicyFileError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Problem", "refuse"]


@attrs.frozen
class Problem:
    """One thing that keeps a policy from being loaded.

    Attributes:
        code: Stable: ``P1xx`` for names and types, ``P2xx`` for rules that contradict, ``P0xx`` for the file itself.
        message: What is wrong, and what was probably meant.
        path: Where in the policy: ``("roles", "sales", "grants", 0)``.
        file: The file, where the policy comes from one.
        line: Counted from 1.

    Example:
        >>> str(Problem("P102", "unknown action", ("roles", "sales", "grants", 1), "policy.toml", 42))
        'policy.toml:42: [roles.sales.grants.1] unknown action [P102]'

    .. versionadded:: 0.1.0
    """

    code: str
    message: str
    path: tuple[str | int, ...] = ()
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = "" if self.file is None else f"{self.file}:{self.line}: " if self.line else f"{self.file}: "
        path = f"[{'.'.join(map(str, self.path))}] " if self.path else ""
        return f"{place}{path}{self.message} [{self.code}]"


def refuse(problems: Iterable[Problem]) -> None:
    """Raise if there is a problem, with all of them.

    Raises:
        PolicyFileError: There is one.
    """
    found = tuple(problems)
    if found:
        shown = "\n".join(map(str, found[:50])) + (f"\nand {len(found) - 50} more" if len(found) > 50 else "")
        raise PolicyFileError(shown, problems=found)
