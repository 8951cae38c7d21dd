"""What can be wrong with a backup: one stable code for each fault, how bad it is, and what to do next."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Final, Literal

import attrs

from crmkit.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import JSONValue, Language, Severity

SEVERITIES: Final[Mapping[str, Severity]] = {
    "MISSING": "error",
    "EXTRA": "error",
    "MODIFIED": "error",
    "TRUNCATED": "error",
    "EXTENDED": "error",
    "RENAMED": "error",
    "SWAPPED": "error",
    "TYPE_CHANGED": "error",
    "MODE_CHANGED": "warning",
    "UNREADABLE": "error",
    "UNSTABLE": "error",
    "UNSAFE_PATH": "error",
    "NAME_COLLISION": "warning",
    "NAME_NORMALIZED": "warning",
    "MANIFEST_MALFORMED": "error",
    "ROOT_MISMATCH": "error",
    "UNSIGNED": "error",
    "BAD_SIGNATURE": "error",
    "UNKNOWN_KEY": "error",
    "WRONG_SET": "error",
    "ROLLBACK": "error",
    "FORK": "error",
    "EXPIRED": "error",
    "STALE": "error",
    "FUTURE_DATED": "error",
    "CHAIN_GAP": "error",
    "PARENT_MISSING": "error",
    "INCOMPLETE": "error",
    "PROBE_FAILED": "error",
    "PLAINTEXT": "error",
    "UNDERSIZED": "error",
    "COPY_DIVERGES": "error",
    "UNDECIDABLE": "error",
    "ROWS_LOW": "error",
    "ROWS_HIGH": "error",
    "ROWS_CHANGED": "error",
    "FK_ORPHANS": "error",
    "SCHEMA_CHANGED": "error",
    "CONSTRAINT_MISSING": "error",
    "SEQUENCE_BEHIND": "error",
    "CANARY_MISSING": "error",
    "CHECK_FAILED": "error",
    "RESTORE_FAILED": "error",
    "TEARDOWN_FAILED": "error",
    "NOT_CHECKED": "error",
}
"""Every code, and how bad it is unless the finding says otherwise."""

Level = Literal["statement", "inventory", "sample", "content", "probe"]
LEVELS: Final[tuple[Level, ...]] = ("statement", "inventory", "sample", "content", "probe")


def _usual(finding: Finding) -> Severity:
    return SEVERITIES.get(finding.code, "error")


@attrs.frozen(kw_only=True)
class Finding:
    """One fault, put in its class.

    Attributes:
        code: Stable machine word, such as ``"MODIFIED"``.
        path: File it is about, as text; ``None`` for the backup as a whole.
        severity: ``"error"``, ``"warning"`` or ``"info"``.
        expected: What the manifest or the policy says, never content.
        actual: What was found.
        ranges: Damaged bytes, half-open pairs ``(start, end)``; exact to one chunk, or to the byte where another copy
            told.
        detail: More, in English: the other file of a swap, an error number, a limit.

    Example:
        >>> found = Finding(code="MODIFIED", path="contacts.csv", ranges=((0, 1048576),))
        >>> found.severity, found.message()
        ('error', 'contacts.csv: its content is not what was backed up')
        >>> found.hint()
        'Restore this file from another copy (plan_heal), or take a new backup.'

    .. versionadded:: 0.1.0
    """

    code: str = attrs.field()
    path: str | None = None
    severity: Severity = attrs.field(default=attrs.Factory(_usual, takes_self=True))
    expected: JSONValue = None
    actual: JSONValue = None
    ranges: tuple[tuple[int, int], ...] = ()
    detail: str | None = None

    @code.validator
    def _known(self, _attribute: object, value: str) -> None:
        if value not in SEVERITIES:
            raise NotFoundError.of("code of a finding", value, SEVERITIES)

    def message(self, lang: Language = "en") -> str:
        """Say what was found, in one sentence."""
        text = texts()[self.code][lang]
        colon = ": " if lang == "en" else "："
        return text if self.path is None else f"{self.path}{colon}{text}"

    def hint(self, lang: Language = "en") -> str:
        """Say what to do next."""
        return texts()[self.code][f"hint_{lang}"]

    def to_dict(self, lang: Language = "en") -> dict[str, JSONValue]:
        """Return the finding as plain data."""
        return {
            "code": self.code,
            "severity": self.severity,
            "path": self.path,
            "message": self.message(lang),
            "hint": self.hint(lang),
            "expected": self.expected,
            "actual": self.actual,
            "ranges": [list(pair) for pair in self.ranges],
            "detail": self.detail,
        }


@attrs.frozen(kw_only=True)
class NotChecked:
    """Something that this verification did not look at, and so says nothing about.

    Attributes:
        what: The property, such as ``"content"`` or ``"signature"``.
        reason: Why, in English.
        count: How many files it concerns, where that is known.

    .. versionadded:: 0.1.0
    """

    what: str
    reason: str
    count: int | None = None

    def to_dict(self) -> dict[str, JSONValue]:
        """Return it as plain data."""
        return {"what": self.what, "reason": self.reason, "count": self.count}


@functools.cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Return what is said about each code, and the words of pages, in both languages."""
    raw = resources.files("crmkit.data").joinpath("backup.toml").read_text(encoding="utf-8")
    return tomllib.loads(raw)
