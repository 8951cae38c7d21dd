"""Every public exception and warning.

.. code-block:: text

    CrmkitError(Exception)
      InvalidValueError(ValueError)       .issues: tuple[Issue, ...]
      SchemaError(ValueError)             a column or field is absent or of the wrong kind
      ShapeError(ValueError)              .expected .actual
      FormatError(ValueError)             a file or stored document that cannot be read; .location
      NotFoundError(LookupError)          unknown role, key id, field, rule, format version; .name .suggestion
      NotFittedError(ValueError)
      CheckFailedError(ValueError)        a report was asked to raise; .report
      ConflictError                       a change cannot be applied or undone: the value is another one now; .conflicts
      LockedError(BlockingIOError)        another writer holds the file
      AccessDeniedError                   .decision
      ViewExpiredError                    permissions: a view was asked after its time; .valid_until
      NotTranslatableError(ValueError)    permissions: a condition that a database or frame cannot be asked exactly
      DecryptionError                     says nothing about why, on purpose
      TokenError(ValueError)              what a token's own header shows, before any key is used
        TokenFormatError                  not a token, or not in its one spelling
          PlaintextFoundError             not even the marker of a token: plaintext, in all likelihood
        UnsupportedTokenError             a version or suite that this release does not know
        UnknownKeyError(LookupError)      no key here made it; .key_tag
        KeyDestroyedError                 its key was destroyed; .key_tag
        SubjectShreddedError              the key of its person was destroyed; .subject
      SystemicFailureError                so many values of a column failed that it is the key, not the data
      RefusedError                        encryption, restore drills: what they must refuse; .rule
        DoubleEncryptionError             the plaintext is a token already
      KeyWrapperError                     whoever holds the wrapping key did not unwrap; .uri
        KMSUnavailableError(ConnectionError)  could not be reached; trying again may help
        KMSRefusedError(PermissionError)  said no; trying again does not help
      PolicyFileError(ValueError)         permissions: a policy that cannot be loaded; .problems
      IntegrityError                      .location
        TamperedLogError
        FixityError
        ManifestError
        KeysetRollbackError               an older keyset than the one that was expected; .generation .expected
      MissingDependencyError(ImportError) .extra
    CrmkitWarning(UserWarning)
    CrmkitDeprecationWarning(DeprecationWarning)

Classes also derive from the built-in shown, so ``except ValueError`` works. What a program needs is an attribute;
a message says what happened and what to do, and never holds a value out of a record, plaintext or key bytes.

This module is the ground under everything and imports nothing, so it can be caught from anywhere at no cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.issues import Issue

__all__ = [
    "AccessDeniedError",
    "CheckFailedError",
    "ConflictError",
    "CrmkitDeprecationWarning",
    "CrmkitError",
    "CrmkitWarning",
    "DecryptionError",
    "DoubleEncryptionError",
    "FixityError",
    "FormatError",
    "IntegrityError",
    "InvalidValueError",
    "KMSRefusedError",
    "KMSUnavailableError",
    "KeyDestroyedError",
    "KeyWrapperError",
    "KeysetRollbackError",
    "LockedError",
    "ManifestError",
    "MissingDependencyError",
    "NotFittedError",
    "NotFoundError",
    "NotTranslatableError",
    "PlaintextFoundError",
    "PolicyFileError",
    "RefusedError",
    "SchemaError",
    "ShapeError",
    "SubjectShreddedError",
    "SystemicFailureError",
    "TamperedLogError",
    "TokenError",
    "TokenFormatError",
    "UnknownKeyError",
    "UnsupportedTokenError",
    "ViewExpiredError",
]


class CrmkitError(Exception):
    """Root of everything that crmkit raises on purpose.

    .. versionadded:: 0.1.0
    """


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


class FormatError(CrmkitError, ValueError):
    """A file or stored document cannot be read: unknown marker, version, encoding or structure.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, location: str | None = None) -> None:
        super().__init__(message if location is None else f"{location}: {message}")
        self.location = location


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
        if not isinstance(name, str):
            return cls(f"the name of a {what} is text, not {type(name).__name__}; known: {', '.join(map(repr, names))}")
        suggestion = did_you_mean(name, names)
        if suggestion is not None:
            tail = f"did you mean {suggestion!r}?"
        elif names and len(names) <= 12:
            tail = f"known: {', '.join(repr(known_name) for known_name in names)}"
        else:
            tail = f"there are {len(names)} to choose from" if names else "there are none"
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


class LockedError(CrmkitError, BlockingIOError):
    """Another writer, in this process or another, holds the file.

    .. versionadded:: 0.1.0
    """


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


class DecryptionError(CrmkitError):
    """A token could not be opened. Nothing more is said, on purpose.

    .. versionadded:: 0.1.0
    """


class TokenError(CrmkitError, ValueError):
    """What is wrong with a token can be read off its public header; no key was used.

    .. versionadded:: 0.1.0
    """


class TokenFormatError(TokenError):
    """Not a token, cut short, or spelt in another way than the only one.

    .. versionadded:: 0.1.0
    """


class PlaintextFoundError(TokenFormatError):
    """Where a token should be there is something that does not even begin like one.

    .. versionadded:: 0.1.0
    """


class UnsupportedTokenError(TokenError):
    """A token of a version or suite that this release does not know.

    .. versionadded:: 0.1.0
    """


class UnknownKeyError(TokenError, LookupError):
    """No key of this box made the token: another field, table, tenant, person or keyring; ``.key_tag`` names the key.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, key_tag: str | None = None) -> None:
        super().__init__(message)
        self.key_tag = key_tag


class KeyDestroyedError(TokenError):
    """The key that made the token was destroyed; nobody can open it again. ``.key_tag`` names the key.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, key_tag: str | None = None) -> None:
        super().__init__(message)
        self.key_tag = key_tag


class SubjectShreddedError(TokenError):
    """The key of one person was destroyed, and with it what was encrypted for that person; ``.subject`` is the id.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, subject: str | None = None) -> None:
        super().__init__(message)
        self.subject = subject


class SystemicFailureError(CrmkitError):
    """So many values of a column could not be opened that the key or the context is wrong, not the data.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, failed: int = 0, total: int = 0) -> None:
        super().__init__(message)
        self.failed = failed
        self.total = total


class RefusedError(CrmkitError):
    """Encryption refuses what would not protect, a drill what could touch its source; ``.rule`` names the reason.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, rule: str | None = None) -> None:
        super().__init__(message)
        self.rule = rule


class DoubleEncryptionError(RefusedError):
    """What should be encrypted is a token already.

    .. versionadded:: 0.1.0
    """


class KeyWrapperError(CrmkitError):
    """Whoever holds the wrapping key did not wrap or unwrap a keyset; ``.uri`` names the wrapping key.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, uri: str | None = None) -> None:
        super().__init__(message)
        self.uri = uri


class KMSUnavailableError(KeyWrapperError, ConnectionError):
    """The key management service could not be reached or was too busy; trying again may help.

    .. versionadded:: 0.1.0
    """


class KMSRefusedError(KeyWrapperError, PermissionError):
    """The key management service said no: no right, another key, another context. Trying again does not help.

    .. versionadded:: 0.1.0
    """


class PolicyFileError(CrmkitError, ValueError):
    """A policy that cannot be loaded; ``.problems`` holds every one with its position.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, problems: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


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


class MissingDependencyError(CrmkitError, ImportError):
    """An optional library is not installed; ``.extra`` is the crmkit extra that brings it.

    .. versionadded:: 0.1.0
    """

    def __init__(self, message: str, *, extra: str | None = None) -> None:
        super().__init__(message)
        self.extra = extra


class CrmkitWarning(UserWarning):
    """Something works, but not as well as its user may think.

    .. versionadded:: 0.1.0
    """


class CrmkitDeprecationWarning(DeprecationWarning):
    """A name or argument that will go; the message names its replacement.

    .. versionadded:: 0.1.0
    """


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return the known name nearest to ``name``, or ``None`` where none is near.

    Example:
        >>> did_you_mean("Emial", ["email", "phone"])
        'email'
    """
    import difflib

    by_folded = {known_name.casefold(): known_name for known_name in known}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None
