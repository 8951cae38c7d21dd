"""Fields that are empty although the data tell what they are: another field, a lookup, other records of the group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np

from crmkit.errors import NotFoundError, SchemaError

from ._derive import derivation, derivations
from ._groups_of_rows import combined_key, group_modes, laplace
from ._rule import Judgement, Rule, RunContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.issues import Dimension
    from crmkit.typing import Severity

    from ._rule import _Mask

__all__ = ["Complete", "complete"]

_LOOKED_UP = 0.98
_SURE_OF_A_GROUP = 0.97
"""At most: records of one group may still differ."""


@attrs.frozen(repr=False)
class Complete(Rule):
    """An empty field is filled from what tells what it is."""

    field: str = attrs.field(kw_only=False)
    by: str = attrs.field(kw_only=False)
    method: str = ""
    lookup: str | None = None
    key: str | None = None
    min_support: int = 3
    min_share: float = 0.9

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if bool(self.lookup) == bool(self.method):
            raise SchemaError(
                "complete() needs either method=, how the other column tells, or lookup=, where it can be looked up"
            )
        if self.lookup is not None and not all(self.lookup.rpartition(".")[::2]):
            raise SchemaError(
                f"complete(..., lookup={self.lookup!r}): give table and column, as in lookup='accounts.industry'"
            )
        if self.method and self.method not in ("group", *derivations()):
            raise NotFoundError.of("method of completing", self.method, ["group", *derivations()])

    kind: ClassVar[str] = "complete"
    dimension: ClassVar[Dimension] = "completeness"

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.field, self.by)

    @property
    def default_code(self) -> str:
        return "known_from_group" if self.method == "group" else "known_from_other"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        if self.method == "group":
            return self._from_group(run, asked)
        texts = run.columns.texts(self.by)
        empty = np.flatnonzero(asked & ~run.columns.present(self.field) & (texts.codes >= 0))
        needed = np.unique(texts.codes[empty]).tolist()
        if self.lookup is not None:
            known, sure = self._looked_up(run, [texts.values[code] for code in needed]), _LOOKED_UP
            if known is None:
                return Judgement(failed=empty[:0], skipped={"table_missing": int(np.count_nonzero(asked))})
        else:
            way = derivation(self.method)
            known, sure = {texts.values[code]: way.derive(texts.values[code]) for code in needed}, way.confidence
        told = [known[texts.values[code]] for code in texts.codes[empty].tolist()]
        failed = empty[[value is not None for value in told]] if len(empty) else empty
        fixes = [value for value in told if value is not None]
        return Judgement(failed=failed, params={"source": self.by}, fixes=[*fixes], confidence=sure)

    def _looked_up(self, run: RunContext, wanted: list[str]) -> dict[str, str | None] | None:
        """Return what the other table says for each key; nothing where it says two things."""
        table, _, column = (self.lookup or "").rpartition(".")
        other = run.tables.get(table)
        if other is None:
            return None
        key = self.key or self.by
        for name in (key, column):
            other.require(name, f"{self!r}, table {table!r}")
        keys, values = other.texts(key), other.texts(column)
        found: dict[str, str | None] = {}
        for at, value in zip(keys.codes.tolist(), values.codes.tolist(), strict=True):
            if at >= 0 and value >= 0:
                text = values.values[value]
                found[keys.values[at]] = text if found.get(keys.values[at], text) == text else None
        return {text: found.get(text) for text in wanted}

    def _from_group(self, run: RunContext, asked: _Mask) -> Judgement:
        texts = run.columns.texts(self.field)
        group, grouped = combined_key(run.columns, (self.by,), None)
        speaks = np.flatnonzero(grouped & (texts.codes >= 0))
        n_groups = int(group.max()) + 1 if len(group) else 0
        modes = group_modes(group[speaks], texts.codes[speaks], n_groups, len(texts.values))
        good = (modes.support >= self.min_support) & (modes.support >= self.min_share * modes.total) & ~modes.tied
        failed = np.flatnonzero(asked & grouped & (texts.codes < 0) & (good[group] if n_groups else False))
        of = group[failed]
        sure = np.minimum(laplace(modes.support[of], modes.total[of]), _SURE_OF_A_GROUP).round(3)
        return Judgement(
            failed=failed,
            params=[{"source": self.by, "n": int(n)} for n in modes.support[of].tolist()],
            fixes=[texts.values[code] for code in modes.mode[of].tolist()],
            confidence=sure.tolist(),
        )

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        return {"field": names.get(self.field, self.field), "by": names.get(self.by, self.by)}

    def __repr__(self) -> str:
        how = f", method={self.method!r}"
        if self.lookup is not None:
            how = f", lookup={self.lookup!r}"
        return f"complete({self.field!r}, by={self.by!r}{how}){self._suffix()}"


def complete(
    field: str, *, by: str, method: str | None = None, lookup: str | None = None, key: str | None = None,
    min_support: int = 3, min_share: float = 0.9, name: str | None = None, severity: Severity = "info",
) -> Rule:  # fmt: skip
    """Report where a field is empty although the data tell what it is, and propose that.

    Args:
        field: The column to fill.
        by: The column that tells.
        method: How it tells. Another field of the record: ``country_of_phone``, ``country_of_iban``,
            ``birth_date_of_resident_id``, ``gender_of_resident_id``, ``region_of_resident_id``,
            ``region_of_chinese_postcode``, ``region_of_chinese_city``, ``domain_of_email``, ``domain_of_website``.
            Other records: ``group``, what nearly all rows with the same ``by`` (the same account) hold.
        lookup: ``table.column`` of a table given to ``check``: the value in the row whose ``key`` is ``by``.
        key: The lookup table's key column; named as ``by`` where absent.
        min_support: For ``group``: the fewest rows that must hold the value.
        min_share: For ``group``: the least share of the group's rows with a value that must hold it.
        name: Names the rule in the report.
        severity: Of an issue.

    Raises:
        NotFoundError: If there is no such method.
        SchemaError: If neither ``method`` nor ``lookup`` is given, or both are.

    Example:
        >>> from crmkit.validators import Schema
        >>> people = [{"country": None, "phone": "+86 138 0013 8000"}]
        >>> told = complete("country", by="phone", method="country_of_phone")
        >>> Schema("people", rules=[told]).check(people).issues[0].fix
        'CN'

    .. versionadded:: 0.1.0
    """
    return Complete(
        field, by, method=method or "", lookup=lookup, key=key, min_support=min_support, min_share=min_share, name=name,
        severity=severity,
    )  # fmt: skip
