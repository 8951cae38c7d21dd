"""The roots: one of errors, two of warnings."""

from __future__ import annotations

__all__ = ["CrmkitDeprecationWarning", "CrmkitError", "CrmkitWarning"]


class CrmkitError(Exception):
    """Root of everything that crmkit raises on purpose.

    .. versionadded:: 0.1.0
    """


class CrmkitWarning(UserWarning):
    """Something works, but not as well as its user may think.

    .. versionadded:: 0.1.0
    """


class CrmkitDeprecationWarning(DeprecationWarning):
    """A name or argument that will go; the message names its replacement.

    .. versionadded:: 0.1.0
    """
