"""Encryption: tokens, keys, and whoever holds the wrapping key."""

from __future__ import annotations

from ._root import CrmkitError

__all__ = [
    "DecryptionError",
    "DoubleEncryptionError",
    "KMSRefusedError",
    "KMSUnavailableError",
    "KeyDestroyedError",
    "KeyWrapperError",
    "PlaintextFoundError",
    "RefusedError",
    "SubjectShreddedError",
    "SystemicFailureError",
    "TokenError",
    "TokenFormatError",
    "UnknownKeyError",
    "UnsupportedTokenError",
]


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
