"""What is kept in files: unreadable, locked, or not what was stored."""

from __future__ import annotations

from ._root import CrmkitError

__all__ = [
    "FixityError",
    "FormatError",
    "IntegrityError",
    "KeysetRollbackError",
    "LockedError",
    "ManifestError",
    "TamperedLogError",
]


class FormatError(CrmkitError, ValueError):
    """A file or stored document cannot be read: unknown marker, version, encoding or structure.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, location: str | None = None) -> None:
        super().__init__(message if location is None else f"{location}: {message}")
        self.location = location


class LockedError(CrmkitError, BlockingIOError):
    """Another writer, in this process or another, holds the file.

    .. versionadded:: 0.1.0
    """


class IntegrityError(CrmkitError):
    """Stored data is not what was stored; ``.location`` says where.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, location: str | None = None) -> None:
        super().__init__(message if location is None else f"{location}: {message}")
        self.location = location


class TamperedLogError(IntegrityError):
    """A log was edited, cut, reordered or joined.

    .. versionadded:: 0.1.0
    """


class FixityError(IntegrityError):
    """Bytes changed since their digest was taken.

    .. versionadded:: 0.1.0
    """


class ManifestError(IntegrityError):
    """A manifest is malformed or does not agree with itself.

    .. versionadded:: 0.1.0
    """


class KeysetRollbackError(IntegrityError):
    """A keyset is older than one that was in use: somebody restored or replayed an old file.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, generation: int, expected: int, location: str | None = None) -> None:
        super().__init__(message, location=location)
        self.generation = generation
        self.expected = expected
