"""Rules that compare records with one another: unique values, references to another table; and tests of your own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np

from crmkit.errors import SchemaError
from crmkit.validators._reading._named import normalizer, registered_test
from crmkit.validators._reading._time_limit import limited

from ._rule import Judgement, Rule, RunContext

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmkit.issues import Dimension
    from crmkit.typing import Severity

    from ._rule import _Mask

__all__ = ["Passes", "Refers", "Unique", "reference", "satisfies", "unique"]

logger = logging.getLogger("crmkit.validators")
_MOST_RELATED = 5


@attrs.frozen(repr=False)
class Unique(Rule):
    """No two rows hold the same value, in a normal form if one is given."""

    fields: tuple[str, ...] = attrs.field(kw_only=False)
    normalize: str | Callable[[str], str | None] | None = None

    kind: ClassVar[str] = "unique"
    dimension: ClassVar[Dimension] = "uniqueness"

    @property
    def columns(self) -> tuple[str, ...]:
        return self.fields

    @property
    def default_code(self) -> str:
        return "duplicate"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        key = np.zeros(run.columns.n_rows, dtype=np.int64)
        able = asked.copy()
        for field in self.fields:
            forms = run.columns.normalized(field, self.normalize)
            empty = np.append(np.array([form == "" for form in forms.values], dtype=bool), True)
            able &= ~empty[forms.codes]
            _, key = np.unique(key * (len(forms.values) + 1) + forms.codes + 1, return_inverse=True)
            key = key.reshape(-1).astype(np.int64)
        skipped = int(np.count_nonzero(asked & ~able))
        sizes = np.bincount(key[able], minlength=int(np.max(key)) + 1 if len(key) else 0)
        failed = np.flatnonzero(able & (sizes[key] > 1)) if len(key) else np.empty(0, dtype=np.int64)
        others = (sizes[key[failed]] - 1).tolist()
        return Judgement(
            failed=failed,
            skipped={"empty": skipped} if skipped else {},
            params=[{"n": n} for n in others],
            related=self._related(run, failed, key[failed]),
        )

    def _related(self, run: RunContext, rows: Any, groups: Any) -> list[list[str]] | None:
        """Return for each row the ids of the first few others of its group."""
        if run.ids is None or self.fields == (self.name,):
            return None
        members: dict[int, list[str]] = {}
        ids = [run.ids[row] for row in rows.tolist()]
        for group, record_id in zip(groups.tolist(), ids, strict=True):
            held = members.setdefault(group, [])
            if record_id is not None and len(held) <= _MOST_RELATED and record_id not in held:
                held.append(record_id)
        return [
            [other for other in members[group] if other != record_id][:_MOST_RELATED]
            for group, record_id in zip(groups.tolist(), ids, strict=True)
        ]

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        return {"fields": tuple(names.get(field, field) for field in self.fields)}

    def __repr__(self) -> str:
        form = "" if self.normalize is None else f", normalize={_function(self.normalize)}"
        return f"unique({', '.join(map(repr, self.fields))}{form}){self._suffix()}"


@attrs.frozen(repr=False)
class Refers(Rule):
    """A value is one of another table's column."""

    field: str = attrs.field(kw_only=False)
    to: str = attrs.field(kw_only=False)
    normalize: str | Callable[[str], str | None] | None = None

    kind: ClassVar[str] = "reference"
    dimension: ClassVar[Dimension] = "integrity"

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if not all(self.to.rpartition(".")[::2]):
            raise SchemaError(f"reference(..., to={self.to!r}): give table and column, as in to='accounts.account_id'")

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.field,)

    @property
    def table(self) -> str:
        """The other table's name."""
        return self.to.rpartition(".")[0]

    @property
    def default_code(self) -> str:
        return "reference_missing"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        other = run.tables.get(self.table)
        if other is None:
            return Judgement(failed=np.empty(0, np.int64), skipped={"table_missing": int(np.count_nonzero(asked))})
        column = self.to.rpartition(".")[2]
        other.require(column, f"{self!r}, table {self.table!r}")
        known = set(other.normalized(column, self.normalize).values)
        forms = run.columns.normalized(self.field, self.normalize)
        found = np.append(np.array([form in known for form in forms.values], dtype=bool), True)
        missing = asked & (forms.codes < 0)
        failed = np.flatnonzero(asked & ~found[forms.codes])
        n = int(np.count_nonzero(missing))
        return Judgement(failed=failed, skipped={"empty": n} if n else {}, params={"table": self.table})

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        return {"field": names.get(self.field, self.field)}

    def __repr__(self) -> str:
        return f"reference({self.field!r}, to={self.to!r}){self._suffix()}"


@attrs.frozen(repr=False)
class Passes(Rule):
    """A test of your own over several columns of a row."""

    test: str | Callable[..., bool] = attrs.field(kw_only=False)
    fields: tuple[str, ...] = attrs.field(kw_only=False)

    kind: ClassVar[str] = "satisfies"
    row_local: ClassVar[bool] = True

    @property
    def columns(self) -> tuple[str, ...]:
        return self.fields

    @property
    def title(self) -> str:
        return self.name or f"satisfies:{_function(self.test)}:{','.join(self.fields)}"

    @property
    def path(self) -> str | None:
        return self.fields[0] if len(self.fields) == 1 else None

    @property
    def default_code(self) -> str:
        return "rule_failed"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        test = registered_test(self.test) if isinstance(self.test, str) else self.test
        known: dict[tuple[int, ...], bool | str] = {}
        texts = [run.columns.texts(field) for field in self.fields]
        rows = np.flatnonzero(asked)
        failed: list[int] = []
        crashed: dict[str, int] = {}
        for row, codes in zip(
            rows.tolist(), zip(*(text.codes[rows].tolist() for text in texts), strict=True), strict=True
        ):
            verdict = known.get(codes)
            if verdict is None:
                values = [None if code < 0 else text.values[code] for code, text in zip(codes, texts, strict=True)]
                verdict = known[codes] = _ask(test, values)
            if isinstance(verdict, str):
                crashed[verdict] = crashed.get(verdict, 0) + 1
            elif not verdict:
                failed.append(row)
        for exception, n in crashed.items():
            logger.warning("rule %s crashed on %d rows: %s", self.title, n, exception)
        return Judgement(
            failed=np.array(failed, dtype=np.int64), crashed=crashed, params={"test": _function(self.test)}
        )

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        return {"fields": tuple(names.get(field, field) for field in self.fields)}

    def __repr__(self) -> str:
        return f"satisfies({_function(self.test)!r}, {', '.join(map(repr, self.fields))}){self._suffix()}"


def _ask(test: Callable[..., bool], values: list[str | None]) -> bool | str:
    try:
        return limited(lambda: bool(test(*values)))
    except Exception as error:  # noqa: BLE001 - the boundary at which a crashed rule is told from bad data
        return type(error).__name__


def _function(function: str | Callable[..., object]) -> str:
    return function if isinstance(function, str) else getattr(function, "__name__", "function")


def unique(
    *fields: str, normalize: str | Callable[[str], str | None] | None = None, code: str | None = None,
    name: str | None = None, severity: Severity = "error",
) -> Rule:  # fmt: skip
    """Demand that no two rows hold the same value, or combination of values.

    Args:
        fields: One column or several; a row in which one of them is empty is skipped.
        normalize: Compare this form: ``email``, ``phone``, ``company``, ``text``, a registered name, or a callable.
        code: A code of your own; ``duplicate`` where absent.
        name: Names the rule in the report.
        severity: Of a failure.

    Example:
        >>> unique("email", normalize="email")
        unique('email', normalize=email)

    .. versionadded:: 0.1.0
    """
    if not fields:
        raise SchemaError("unique() needs at least one column")
    if isinstance(normalize, str):
        normalizer(normalize)
    return Unique(fields, normalize=normalize, code=code, name=name, severity=severity)


def reference(
    field: str, *, to: str, normalize: str | None = None, code: str | None = None, name: str | None = None,
    severity: Severity = "error",
) -> Rule:  # fmt: skip
    """Demand that a value is one of another table's column.

    Args:
        field: The column that refers.
        to: ``table.column``; the table comes with ``schema.check(..., tables={"table": frame})``, and without it the
            rule is skipped.
        normalize: Compare this form, as for :func:`unique`.
        code: A code of your own; ``reference_missing`` where absent.
        name: Names the rule in the report.
        severity: Of a failure.

    Example:
        >>> reference("account_id", to="accounts.id")
        reference('account_id', to='accounts.id')

    .. versionadded:: 0.1.0
    """
    return Refers(field, to, normalize=normalize, code=code, name=name, severity=severity)


def satisfies(
    test: str | Callable[..., bool], *fields: str, code: str | None = None, name: str | None = None,
    severity: Severity = "error",
) -> Rule:  # fmt: skip
    """Demand that a test of your own holds for every row.

    Args:
        test: Takes the texts of the columns, ``None`` where empty; or the name of a registered test. One that raises
            is counted as an error of the rule, never as bad data.
        fields: The columns.
        code: A code of your own; ``rule_failed`` where absent.
        name: Names the rule in the report.
        severity: Of a failure.

    Example:
        >>> def same_domain(email, website): return True
        >>> satisfies(same_domain, "email", "website")
        satisfies('same_domain', 'email', 'website')

    .. versionadded:: 0.1.0
    """
    if not fields:
        raise SchemaError("satisfies() needs at least one column")
    return Passes(test, fields, code=code, name=name, severity=severity)
