"""How many rows may, or must, hold one value: within the table, and in another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np

from crmkit.errors import SchemaError
from crmkit.validators._reading._named import normalizer

from ._groups_of_rows import combined_key
from ._rule import Judgement, Rule, RunContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.issues import Dimension
    from crmkit.typing import JSONValue, Severity

    from ._rule import _Mask

__all__ = ["Cardinality", "cardinality"]


@attrs.frozen(repr=False)
class Cardinality(Rule):
    """As many rows as allowed hold the same value, here or in another table."""

    fields: tuple[str, ...] = attrs.field(kw_only=False)
    at_least: int = 0
    at_most: int | None = None
    within: str | None = None
    normalize: str | None = None

    kind: ClassVar[str] = "cardinality"
    dimension: ClassVar[Dimension] = "integrity"

    @property
    def columns(self) -> tuple[str, ...]:
        return self.fields

    @property
    def path(self) -> str | None:
        return self.fields[0]

    @property
    def default_code(self) -> str:
        return "too_few_rows" if self.at_most is None else "too_many_rows" if not self.at_least else "count_of_rows"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        if self.within is None:
            key, able = combined_key(run.columns, self.fields, self.normalize)
            sizes = np.bincount(key[able], minlength=int(key.max()) + 1 if len(key) else 0)
            counts = sizes[key] if len(key) else np.zeros(0, dtype=np.int64)
        else:
            table, _, column = self.within.rpartition(".")
            other = run.tables.get(table)
            if other is None:
                return Judgement(failed=np.empty(0, np.int64), skipped={"table_missing": int(np.count_nonzero(asked))})
            other.require(column, f"{self!r}, table {table!r}")
            there = other.normalized(column, self.normalize)
            sizes = np.bincount(there.codes[there.codes >= 0], minlength=len(there.values))
            known = dict(zip(there.values, sizes.tolist(), strict=True))
            here = run.columns.normalized(self.fields[0], self.normalize)
            able = here.codes >= 0
            counts = np.array([*(known.get(form, 0) for form in here.values), 0])[here.codes]
        able = able & asked
        wrong = counts < self.at_least
        if self.at_most is not None:
            wrong |= counts > self.at_most
        failed = np.flatnonzero(able & wrong)
        n_skipped = int(np.count_nonzero(asked & ~able))
        limits: dict[str, JSONValue] = {
            "at_least": self.at_least, "at_most": "∞" if self.at_most is None else self.at_most,
        }  # fmt: skip
        return Judgement(
            failed=failed,
            skipped={"empty": n_skipped} if n_skipped else {},
            params=[{**limits, "n": n} for n in counts[failed].tolist()],
        )

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        return {"fields": tuple(names.get(field, field) for field in self.fields)}

    def __repr__(self) -> str:
        limits = "".join(
            f", {word}={value!r}"
            for word, value in (("at_least", self.at_least or None), ("at_most", self.at_most), ("within", self.within))
            if value is not None
        )
        return f"cardinality({', '.join(map(repr, self.fields))}{limits}){self._suffix()}"


def cardinality(
    *fields: str, at_least: int = 0, at_most: int | None = None, within: str | None = None,
    normalize: str | None = None, code: str | None = None, name: str | None = None, severity: Severity = "warning",
) -> Rule:  # fmt: skip
    """Demand that between ``at_least`` and ``at_most`` rows hold the same value: rows of this table, or of another.

    Args:
        fields: The column, or columns together.
        at_least: The fewest rows.
        at_most: The most rows.
        within: ``table.column`` of a table given to ``check``: count its rows that hold the value, such as the contacts
            of an account; without it the rows of the checked table count.
        normalize: Compare this form, as for :func:`unique`.
        code: A code of your own; ``too_few_rows``, ``too_many_rows`` or ``count_of_rows`` where absent.
        name: Names the rule in the report.
        severity: Of a failure.

    Example:
        >>> from crmkit.validators import Schema
        >>> rule = cardinality("id", within="contacts.account_id", at_least=1)
        >>> accounts, contacts = [{"id": "a"}, {"id": "b"}], [{"account_id": "a"}]
        >>> [issue.row for issue in Schema("s", rules=[rule]).check(accounts, tables={"contacts": contacts})]
        [1]

    .. versionadded:: 0.1.0
    """
    if not fields or (within is not None and len(fields) != 1):
        raise SchemaError("cardinality() needs at least one column, and with within= exactly one")
    if within is not None and not all(within.rpartition(".")[::2]):
        raise SchemaError(f"cardinality(..., within={within!r}): give table and column, as in 'contacts.account'")
    if at_least < 0 or (at_most is not None and at_most < at_least) or (not at_least and at_most is None):
        raise SchemaError("cardinality() needs at_least=, at_most= or both, the least not above the most")
    normalizer(normalize)
    return Cardinality(
        fields, at_least=at_least, at_most=at_most, within=within, normalize=normalize, code=code, name=name,
        severity=severity,
    )  # fmt: skip
