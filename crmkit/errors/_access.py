"""Permissions: who may not, and policies that cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._root import CrmkitError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AccessDeniedError", "NotTranslatableError", "PolicyFileError", "ViewExpiredError"]


class AccessDeniedError(CrmkitError):
    """A permission check said no; ``.decision`` says why.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, decision: object = None) -> None:
        super().__init__(message)
        self.decision = decision


class ViewExpiredError(CrmkitError):
    """A view of somebody's permissions was asked after a grant began or ended; ask the engine for a new one.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, valid_until: object = None) -> None:
        super().__init__(message)
        self.valid_until = valid_until


class NotTranslatableError(CrmkitError, ValueError):
    """A condition cannot be asked exactly where it should be; no filter is made rather than a wider one.

    .. versionadded:: 0.1.0
    """


class PolicyFileError(CrmkitError, ValueError):
    """A policy that cannot be loaded; ``.problems`` holds every one with its position.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, problems: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)
