"""What every area's result can do; on the ground floor, so that light areas can have reports, too."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from crmkit.errors import CheckFailedError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import Frame, JSONValue, Severity

__all__ = ["Report"]

_SEVERITIES = ("error", "warning", "info")


class Report(ABC):
    """One object for one area's result: shows itself, counts, converts and can be asked to raise.

    A report is never true or false by itself: ``if schema.check(frame):`` would pass for every report, so it raises
    and names what to ask instead.

    Example:
        >>> class Empty(Report):
        ...     ok = True
        ...     def counts(self): return {"error": 0}
        ...     def to_frame(self, like=None): return []
        ...     def to_dict(self): return {}
        ...     def _repr_html_(self): return "<p>nothing</p>"
        >>> Empty().raise_for()
        >>> bool(Empty())
        Traceback (most recent call last):
        ...
        TypeError: use .ok or .raise_for()

    .. versionadded:: 0.1.0
    """

    __slots__ = ()

    @property
    @abstractmethod
    def ok(self) -> bool:
        """Whether there is nothing that stops a careful person, such as an issue of severity ``error``."""

    @abstractmethod
    def counts(self) -> Mapping[str, int]:
        """Return the figures that sum the result up."""

    @abstractmethod
    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return the details as a frame of the kind of ``like``, or a ``RecordSet``."""

    @abstractmethod
    def to_dict(self) -> Mapping[str, JSONValue]:
        """Return the summary as plain data, without values out of records."""

    @abstractmethod
    def _repr_html_(self) -> str:
        """Return a static, masked table for a notebook."""

    def raise_for(self, severity: Severity = "error") -> None:
        """Raise if the report holds a reason at ``severity`` or worse.

        Args:
            severity: The mildest severity that counts.

        Raises:
            CheckFailedError: With the counts in the message and the report as ``.report``.
            NotFoundError: There is no such severity.
        """
        if severity not in _SEVERITIES:
            raise NotFoundError.of("severity", severity, _SEVERITIES)
        reason = self._reason(severity)
        if reason is not None:
            raise CheckFailedError(reason, report=self)

    def _reason(self, severity: Severity) -> str | None:
        """Return why ``raise_for(severity)`` should raise; a report with graded issues overrides this."""
        del severity
        if self.ok:
            return None
        figures = ", ".join(f"{name} {n}" for name, n in self.counts().items())
        return f"{type(self).__name__} is not ok: {figures}"

    def __bool__(self) -> bool:
        raise TypeError("use .ok or .raise_for()")
