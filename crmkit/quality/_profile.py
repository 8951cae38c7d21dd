"""What a table is like at one time: its columns, and how its rules were kept."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING, Any

import attrs

from crmkit import _notebook, frames
from crmkit._called import check_called
from crmkit._progress import steps
from crmkit.errors import FormatError, SchemaError
from crmkit.validators import Schema

from ._column import ColumnProfile, column_profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crmkit import validators
    from crmkit.typing import Frame, JSONValue, Progress

__all__ = ["MARKER", "Profile", "RuleCounts", "profile", "profile_chunks"]

MARKER = "crmkit-profile/1"
_ALONE = frozenset({"unique", "reference", "cardinality", "depends", "plausible", "complete"})
"""Rules that look at many rows: what they say of two halves is not what they say of the whole."""


@attrs.frozen(kw_only=True)
class RuleCounts:
    """How one rule was kept.

    Attributes:
        passed: Rows that satisfy it.
        failed: Rows that do not.
        error: Rows for which it crashed.
        skipped: Rows for which it was not asked.
        adds_up: Whether the counts of two parts add up to those of the whole.

    .. versionadded:: 0.1.0
    """

    passed: int = 0
    failed: int = 0
    error: int = 0
    skipped: int = 0
    adds_up: bool = True

    @property
    def pass_rate(self) -> float | None:
        """Share of the judged rows that passed; ``None`` where none was judged."""
        judged = self.passed + self.failed
        return self.passed / judged if judged else None


@attrs.frozen(kw_only=True)
class Profile:
    """What a table is like; small, without records, and mergeable.

    Made by :func:`profile`.

    Attributes:
        name: What it is a profile of, such as ``contacts``.
        at: When, aware.
        rows: Rows.
        columns: Column to its counts, in the table's order.
        rules: Rule to how it was kept; empty without a schema.
        schema_hash: Of the schema.

    .. versionadded:: 0.1.0
    """

    name: str
    at: datetime
    rows: int
    columns: Mapping[str, ColumnProfile] = attrs.field(repr=False)
    rules: Mapping[str, RuleCounts] = attrs.field(factory=dict, repr=False)
    schema_hash: str | None = attrs.field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"<Profile of {self.name!r}: {self.rows:,} rows, {len(self.columns)} columns, {self.at:%Y-%m-%d %H:%M}>"

    def _repr_html_(self) -> str:
        rows = [
            (
                name, f"{one.missing / one.rows:.1%}" if one.rows else "", one.distinct,
                ", ".join(one.types), f"{min(one.months)} to {max(one.months)}" if one.months else None,
                one.least, one.most,
            )
            for name, one in self.columns.items()
        ]  # fmt: skip
        heads = ("column", "missing", "different values", "types", "months", "none below", "none above")
        kept = [place for place in range(len(heads)) if any(row[place] is not None for row in rows)]
        table = _notebook.table([heads[place] for place in kept], [[row[place] for place in kept] for row in rows])
        return _notebook.sheet(self.name, f"{self.rows:,} rows, {_notebook.shown(self.at)}", table if rows else "")

    def merge(self, other: Profile) -> Profile:
        """Return the profile of both tables, one under the other; a column that only one has is missing in the other.

        Rules that compare records are left out: what they say of two parts says nothing of the whole.
        """
        columns = {
            name: self._of(name).merge(other._of(name)) for name in dict.fromkeys([*self.columns, *other.columns])
        }
        rules = {
            name: RuleCounts(
                passed=a.passed + b.passed, failed=a.failed + b.failed, error=a.error + b.error,
                skipped=a.skipped + b.skipped,
            )
            for name, a in self.rules.items()
            if (b := other.rules.get(name)) is not None and a.adds_up and b.adds_up
        }  # fmt: skip
        same = self.schema_hash if self.schema_hash == other.schema_hash else None
        return Profile(
            name=self.name, at=max(self.at, other.at), rows=self.rows + other.rows, columns=columns, rules=rules,
            schema_hash=same,
        )  # fmt: skip

    def _of(self, name: str) -> ColumnProfile:
        return self.columns.get(name) or ColumnProfile(rows=self.rows, missing=self.rows)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the profile as plain data, format ``crmkit-profile/1``."""
        return {
            "format": MARKER, "name": self.name, "at": self.at.isoformat(), "rows": self.rows,
            "schema_hash": self.schema_hash,
            "columns": {name: column.to_dict() for name, column in self.columns.items()},
            "rules": {name: attrs.asdict(counts) for name, counts in self.rules.items()},
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Profile:
        """Return the profile that :meth:`to_dict` wrote.

        Raises:
            FormatError: If it is no profile of a known version.
        """
        if data.get("format") != MARKER:
            raise FormatError(
                f"not a profile of a known version: {str(data.get('format'))[:40]!r}, expected {MARKER!r}"
            )
        try:
            return cls(
                name=data["name"], at=datetime.fromisoformat(data["at"]), rows=data["rows"],
                schema_hash=data["schema_hash"],
                columns={name: ColumnProfile.from_dict(column) for name, column in data["columns"].items()},
                rules={name: RuleCounts(**counts) for name, counts in data["rules"].items()},
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"the profile is damaged: {type(error).__name__}") from None


def profile(
    frame: Frame, schema: validators.Schema | None = None, *, name: str | None = None,
    tables: Mapping[str, Frame] | None = None, now: Callable[[], datetime] | None = None,
    progress: Progress | None = None,
) -> Profile:  # fmt: skip
    """Say what a table is like: columns, shapes, categories, quantiles, and how its rules are kept.

    Args:
        frame: Any frame that :mod:`crmkit.frames` reads.
        schema: Rules whose pass rates belong into the profile.
        name: What it is a profile of; the schema's name where absent.
        tables: The other tables that rules name.
        now: The clock.
        progress: Shows how far it is; ``tqdm`` fits.

    Example:
        >>> found = profile([{"stage": "won", "amount": "10"}, {"stage": None, "amount": "1000"}], name="deals")
        >>> found.rows, found.columns["stage"].missing_share, found.columns["amount"].distinct
        (2, 0.5, 2)

    .. versionadded:: 0.1.0
    """
    check_called(now=now, progress=progress)
    given: object = schema  # what callers without a type checker pass
    if given is not None and not isinstance(given, Schema):
        raise SchemaError(f"schema= takes a Schema, not {type(given).__name__}")
    moment = datetime.now(UTC) if now is None else now()
    table = frames.read(frame)
    columns = {column: column_profile(table, column) for column in steps(progress, table.columns, "profile")}
    rules: dict[str, RuleCounts] = {}
    if schema is not None:
        report = schema.check(frame, tables=tables, now=lambda: moment)
        alone = {rule.title for rule in schema.all_rules if rule.kind in _ALONE}
        rules = {
            rule: RuleCounts(
                passed=found.passed, failed=found.failed, error=found.error, skipped=found.skipped,
                adds_up=rule not in alone,
            )
            for rule, found in report.outcomes.items()
        }  # fmt: skip
    return Profile(
        name=name or (schema.name if schema is not None else "table"), at=moment, rows=len(table), columns=columns,
        rules=rules, schema_hash=None if schema is None else schema.hash,
    )  # fmt: skip


def profile_chunks(
    chunks: Iterable[Frame], schema: validators.Schema | None = None, *, name: str | None = None,
    now: Callable[[], datetime] | None = None,
) -> Profile:  # fmt: skip
    """Profile a table that comes in pieces, in the memory of one piece; the same counts as of the whole.

    Rules that compare records (``unique`` and its kin) are left out.

    Args:
        chunks: Frames with the same columns.
        schema: Rules whose pass rates belong into the profile.
        name: What it is a profile of.
        now: The clock.

    Raises:
        SchemaError: If there is no piece at all.

    Example:
        >>> profile_chunks([[{"a": "1"}], [{"a": None}]]).columns["a"].missing_share
        0.5

    .. versionadded:: 0.1.0
    """
    check_called(now=now)
    alone = None if schema is None else _row_by_row(schema)
    moment = datetime.now(UTC) if now is None else now()
    parts = (profile(chunk, alone, name=name, now=lambda: moment) for chunk in chunks)
    first = next(parts, None)
    if first is None:
        raise SchemaError("profile_chunks() was given no piece")
    return reduce(Profile.merge, parts, first)


def _row_by_row(schema: validators.Schema) -> validators.Schema:
    kept = [rule for rule in schema.rules if rule.kind not in _ALONE]
    return attrs.evolve(schema, key=None, rules=kept)
