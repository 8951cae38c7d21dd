"""Values, names and rows: what was given is not what it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit._nearest import did_you_mean

from ._root import CrmkitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.issues import Issue

__all__ = [
    "CheckFailedError",
    "ConflictError",
    "InvalidValueError",
    "MissingDependencyError",
    "NotFittedError",
    "NotFoundError",
    "SchemaError",
    "ShapeError",
]


class InvalidValueError(CrmkitError, ValueError):
    """One value is not what it should be; the message names field and code, never the value.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, issues: Sequence[Issue] = ()) -> None:
        super().__init__(message)
        self.issues = tuple(issues)


class SchemaError(CrmkitError, ValueError):
    """A column or field is absent, doubled, or of the wrong kind; wrong use, not bad data.

    .. versionadded:: 0.1.0
    """


class ShapeError(CrmkitError, ValueError):
    """Two things that must have one length have not.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, expected: object = None, actual: object = None) -> None:
        super().__init__(message)
        self.expected = expected
        self.actual = actual


class NotFoundError(CrmkitError, LookupError):
    """A name that nobody defined, with the nearest one that exists.

    Example:
        >>> str(NotFoundError.of("column", "emial", ["email", "phone"]))
        "unknown column 'emial'; did you mean 'email'?"

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, name: str | None = None, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.name = name
        self.suggestion = suggestion

    @classmethod
    def of(cls, what: str, name: object, known: Iterable[str], *, shown: bool = True) -> NotFoundError:
        """Build the error for ``name``, which is not among ``known``.

        Args:
            what: What it should be the name of.
            name: As it was given. Only the type of what is no text is said.
            known: The names there are.
            shown: Whether the name is said. Not where a value stands next to it in a call: the two are easily swapped.
        """
        names = list(known)
        suggestion = did_you_mean(name, names) if isinstance(name, str) else None
        if suggestion is not None:
            tail = f"did you mean {suggestion!r}?"
        elif names and len(names) <= 12:
            tail = f"known: {', '.join(repr(known_name) for known_name in names)}"
        else:
            tail = f"there are {len(names)} to choose from" if names else "there are none"
        if not isinstance(name, str):
            article = "an" if what[:1] in "aeio" else "a"
            return cls(f"the name of {article} {what} is text, not {type(name).__name__}; {tail}")
        said = f" {name!r}" if shown else ""
        return cls(f"unknown {what}{said}; {tail}", name=name if shown else None, suggestion=suggestion)


class NotFittedError(CrmkitError, ValueError):
    """Something learned was asked for before ``fit``.

    .. versionadded:: 0.1.0
    """


class CheckFailedError(CrmkitError, ValueError):
    """A report was asked to raise and found a reason; the report is ``.report``.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, report: object = None) -> None:
        super().__init__(message)
        self.report = report


class ConflictError(CrmkitError):
    """A change cannot be applied or undone because the data has another value now.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, conflicts: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.conflicts = tuple(conflicts)


class MissingDependencyError(CrmkitError, ImportError):
    """An optional library is not installed; ``.extra`` is the crmkit extra that brings it.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, extra: str | None = None) -> None:
        super().__init__(message)
        self.extra = extra
