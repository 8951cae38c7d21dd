"""What a restored system is asked; each check returns findings and the evidence that it went by."""

from __future__ import annotations

import abc
import datetime as dt
from typing import TYPE_CHECKING, Any

import attrs

from crmkit import _notebook
from crmkit.backup._findings._findings import Finding
from crmkit.backup._rows._snapshot import Snapshot, snapshot
from crmkit.backup._rows._sources._postgres import PostgresSource
from crmkit.backup._rows._sources._sqlite import SqliteSource
from crmkit.backup._rows._sql import quoted, table_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crmkit.typing import JSONValue

    from ._restore import Restored


@attrs.frozen(kw_only=True)
class CheckResult:
    """What one check found.

    Attributes:
        name: Which check.
        findings: Nothing, if it passed.
        evidence: What it went by, in figures.
        newest: The newest business moment that it saw, for the measured RPO.

    .. versionadded:: 0.1.0
    """

    name: str
    findings: tuple[Finding, ...] = ()
    evidence: Mapping[str, JSONValue] = attrs.field(factory=dict)
    newest: dt.datetime | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


class RestoreCheck(abc.ABC):
    """A question to what was restored.

    .. versionadded:: 0.1.0
    """

    @property
    def name(self) -> str:
        """What reports call it."""
        return type(self).__name__

    @abc.abstractmethod
    def run(self, restored: Restored, now: dt.datetime) -> CheckResult:
        """Ask."""


@attrs.frozen
class RowCounts(RestoreCheck):
    """Tables have so many rows: an exact number, or a least and a greatest.

    Attributes:
        expected: Table to number, or to a pair.

    Example:
        >>> RowCounts({"contacts": 1200, "notes": (1, 10_000)}).name
        'RowCounts'

    .. versionadded:: 0.1.0
    """

    expected: Mapping[str, int | tuple[int, int]]

    def run(self, restored: Restored, now: dt.datetime) -> CheckResult:
        """Count."""
        del now
        findings = [] if self.expected else [_asks_nothing(self.name)]
        counted: dict[str, JSONValue] = {}
        for table, wanted in self.expected.items():
            low, high = (wanted, wanted) if isinstance(wanted, int) else wanted
            found = restored.query(f"SELECT count(*) FROM {table_name(table)}")[0][0]  # noqa: S608  quoted
            counted[table] = found
            if not low <= found <= high:
                code = "ROWS_LOW" if found < low else "ROWS_HIGH"
                findings.append(Finding(code=code, path=table, expected=[low, high], actual=found))
        return CheckResult(name=self.name, findings=tuple(findings), evidence=counted)


@attrs.frozen
class TableDigests(RestoreCheck):
    """Tables hold exactly the rows of the snapshots that were taken with the backup.

    Attributes:
        snapshots: One for each table; ``None``: those that the backup's own manifest keeps, under its signature.

    Example:
        >>> TableDigests().name
        'TableDigests'

    .. versionadded:: 0.1.0
    """

    snapshots: Sequence[Snapshot] | None = None

    def run(self, restored: Restored, now: dt.datetime) -> CheckResult:
        """Digest the restored tables and compare; without snapshots, which `Drill` gives it, it has asked nothing."""
        del now
        findings = [] if self.snapshots else [_asks_nothing(self.name)]
        evidence: dict[str, JSONValue] = {}
        kinds: dict[str, Any] = {"postgresql": PostgresSource, "sqlite": SqliteSource}
        for wanted in self.snapshots or ():
            source = kinds[restored.kind](restored.connection, wanted.name, key=wanted.key)
            try:
                same_schema = source.schema().columns.keys() == wanted.schema.columns.keys()
                found = snapshot(source, buckets=wanted.buckets, schema=wanted.schema)
            except Exception as error:  # noqa: BLE001  a table that is not there, or of other types, in any driver's words
                findings.append(Finding(code="SCHEMA_CHANGED", path=wanted.name, detail=type(error).__name__))
                continue
            evidence[wanted.name] = found.root.hex()
            if not same_schema:
                findings.append(Finding(code="SCHEMA_CHANGED", path=wanted.name))
            if found.root != wanted.root:
                code = "ROWS_LOW" if found.rows < wanted.rows else "ROWS_HIGH" if found.rows > wanted.rows else ""
                apart = sum(one != two for one, two in zip(wanted.leaves, found.leaves, strict=True))
                findings.append(
                    Finding(
                        code=code or "ROWS_CHANGED",
                        path=wanted.name,
                        expected=wanted.rows,
                        actual=found.rows,
                        detail=f"{apart} buckets differ",
                    )
                )
        return CheckResult(name=self.name, findings=tuple(findings), evidence=evidence)


@attrs.frozen(kw_only=True)
class Newest(RestoreCheck):
    """The newest moment in a column is young enough; it is also what the measured RPO goes by.

    Attributes:
        table: The table.
        column: A column of moments; text is read as ISO 8601, without a zone as UTC.
        within: How old it may be.

    Example:
        >>> from datetime import timedelta
        >>> Newest(table="contacts", column="updated_at", within=timedelta(hours=26)).name
        'Newest'

    .. versionadded:: 0.1.0
    """

    table: str
    column: str
    within: dt.timedelta

    def run(self, restored: Restored, now: dt.datetime) -> CheckResult:
        """Look."""
        sql = f"SELECT max({quoted(self.column)}) FROM {table_name(self.table)}"  # noqa: S608  quoted
        value = restored.query(sql)[0][0]
        moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
        if moment is not None and moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        place = f"{self.table}.{self.column}"
        if moment is None:
            return CheckResult(
                name=self.name, findings=(Finding(code="ROWS_LOW", path=place, detail="no moment at all"),)
            )
        evidence: dict[str, JSONValue] = {place: moment.isoformat()}
        findings: tuple[Finding, ...] = ()
        if now - moment > self.within:
            findings = (
                Finding(code="STALE", path=place, detail=f"the newest is older than {_notebook.shown(self.within)}"),
            )
        elif moment > now + dt.timedelta(minutes=5):
            findings = (Finding(code="FUTURE_DATED", path=place),)
        return CheckResult(name=self.name, findings=findings, evidence=evidence, newest=moment)


@attrs.frozen(kw_only=True)
class Canary(RestoreCheck):
    """A row that was planted before the backup is there: this is the backup of that database.

    Attributes:
        table: The table.
        column: The column.
        value: What was planted; text without quotes of its own.

    Example:
        >>> Canary(table="contacts", column="email", value="canary-7f3a@example.com").name
        'Canary'

    .. versionadded:: 0.1.0
    """

    table: str
    column: str
    value: str = attrs.field(repr=False)

    def run(self, restored: Restored, now: dt.datetime) -> CheckResult:
        """Look for it."""
        del now
        value = self.value.replace("'", "''")
        sql = f"SELECT count(*) FROM {table_name(self.table)} WHERE {quoted(self.column)} = '{value}'"  # noqa: S608  quoted
        found = restored.query(sql)[0][0]
        place = f"{self.table}.{self.column}"
        findings = () if found else (Finding(code="CANARY_MISSING", path=place),)
        return CheckResult(name=self.name, findings=findings, evidence={place: found})


@attrs.frozen
class Query(RestoreCheck):
    """A query gives one expected value.

    Attributes:
        label: What reports call it.
        sql: The query; runs in the restored database.
        expected: The first cell of its first row.

    Example:
        >>> Query("open deals", "SELECT count(*) FROM deals WHERE stage = 'open'", 42).name
        'Query open deals'

    .. versionadded:: 0.1.0
    """

    label: str
    sql: str
    expected: Any

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"Query {self.label}"

    def run(self, restored: Restored, now: dt.datetime) -> CheckResult:
        """Run it; the value itself stays out of the report."""
        del now
        rows = restored.query(self.sql)
        good = bool(rows) and rows[0][0] == self.expected
        findings = () if good else (Finding(code="CHECK_FAILED", path=self.label),)
        return CheckResult(name=self.name, findings=findings)


@attrs.frozen
class CustomCheck(RestoreCheck):
    """Anything else: a function that returns whether it is content.

    Attributes:
        label: What reports call it.
        function: Gets what was restored.

    Example:
        >>> CustomCheck("has files", lambda restored: any(restored.folder.iterdir())).name
        'has files'

    .. versionadded:: 0.1.0
    """

    label: str
    function: Callable[[Restored], bool]

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.label

    def run(self, restored: Restored, now: dt.datetime) -> CheckResult:
        """Ask it."""
        del now
        good = self.function(restored) is True
        return CheckResult(name=self.name, findings=() if good else (Finding(code="CHECK_FAILED", path=self.label),))


def _asks_nothing(name: str) -> Finding:
    return Finding(code="NOT_CHECKED", path=name, detail="no table was named")


def crashed(name: str, error: Exception) -> CheckResult:
    finding = Finding(code="CHECK_FAILED", path=name, detail=f"it raised {type(error).__name__}")
    return CheckResult(name=name, findings=(finding,))
