"""Functional dependencies: rows that agree in some columns must agree in another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np

from crmkit.errors import SchemaError
from crmkit.validators._reading._named import normalizer

from ._groups_of_rows import combined_key, group_modes, laplace
from ._rule import Judgement, Rule, RunContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import Severity

    from ._rule import _Mask

__all__ = ["Depends", "depends"]

_ALIKE = 75.0
_SLIP = 0.25
_AT_MOST = 0.99
_FEWEST_FOR_A_FIX = 2


@attrs.frozen(repr=False)
class Depends(Rule):
    """Rows that agree in ``on`` agree in ``field``; those that contradict most of their group fail."""

    field: str = attrs.field(kw_only=False)
    on: tuple[str, ...] = attrs.field(kw_only=False)
    normalize: str | None = None
    normalize_on: str | None = None

    kind: ClassVar[str] = "depends"

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.field, *self.on)

    @property
    def default_code(self) -> str:
        return "contradicts_group"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        texts, forms = run.columns.texts(self.field), run.columns.normalized(self.field, self.normalize)
        group, grouped = combined_key(run.columns, self.on, self.normalize_on)
        able = asked & grouped & (forms.codes >= 0)
        speaks = np.flatnonzero(able)
        n_groups = int(group.max()) + 1 if len(group) else 0
        modes = group_modes(group[speaks], forms.codes[speaks], n_groups, len(forms.values))
        differs = able & (modes.support[group] < modes.total[group]) if n_groups else able & False
        # Where no value has more support than another, nobody knows who is wrong: all of the group are told.
        failed = np.flatnonzero(differs & ((forms.codes != modes.mode[group]) | modes.tied[group]))
        of = group[failed]
        written = group_modes(  # how most of those who hold the value write it
            group[speaks], np.where(forms.codes == modes.mode[group], texts.codes, len(texts.values))[speaks], n_groups,
            len(texts.values) + 1,
        ) if n_groups else modes  # fmt: skip
        clear = ~modes.tied[of] & (modes.support[of] >= _FEWEST_FOR_A_FIX) & (written.mode[of] < len(texts.values))
        values = [*texts.values, ""]
        before = [values[code] for code in texts.codes[failed].tolist()]
        after = [values[code] for code in written.mode[of].tolist()]
        sure = laplace(modes.support[of], modes.total[of]).tolist()
        n_skipped = int(np.count_nonzero(asked & ~able))
        return Judgement(
            failed=failed,
            skipped={"empty": n_skipped} if n_skipped else {},
            params=[
                {"fields": list(self.on), "n": int(n), "of": int(total)}
                for n, total in zip(modes.support[of].tolist(), modes.total[of].tolist(), strict=True)
            ],
            fixes=[new if ok else None for new, ok in zip(after, clear.tolist(), strict=True)],
            confidence=[
                _sure(old, new, share) if ok else None
                for old, new, share, ok in zip(before, after, sure, clear.tolist(), strict=True)
            ],
        )

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        on = tuple(names.get(field, field) for field in self.on)
        return {"field": names.get(self.field, self.field), "on": on}

    def __repr__(self) -> str:
        on = self.on[0] if len(self.on) == 1 else list(self.on)
        return f"depends({self.field!r}, on={on!r}){self._suffix()}"


def _sure(before: str, after: str, share: float) -> float:
    """Return how sure it is that the group is right; a value that looks like the group's is a slip of it."""
    from rapidfuzz import fuzz

    doubt = 1 - share
    if fuzz.ratio(before.casefold(), after.casefold()) >= _ALIKE:
        doubt *= _SLIP
    return round(min(1 - doubt, _AT_MOST), 3)


def depends(
    field: str, *, on: str | tuple[str, ...] | list[str], normalize: str | None = None,
    normalize_on: str | None = None, code: str | None = None, name: str | None = None,
    severity: Severity = "warning",
) -> Rule:  # fmt: skip
    """Demand that rows which agree in some columns agree in another: one domain, one company; one postcode, one city.

    Rows that contradict most of their group fail, with what most hold as the fix; where no value has more support than
    another, all rows of the group fail and nothing is proposed.

    Args:
        field: The column that depends.
        on: The column or columns that it depends on; a row in which one is empty is skipped.
        normalize: Compare this form of ``field``, as for :func:`unique`.
        normalize_on: Group by this form of ``on``.
        code: A code of your own; ``contradicts_group`` where absent.
        name: Names the rule in the report.
        severity: Of a failure.

    Example:
        >>> from crmkit.validators import Schema
        >>> rows = [{"zip": "1", "city": "Oslo"}] * 9 + [{"zip": "1", "city": "Osl"}]
        >>> issue = Schema("s", rules=[depends("city", on="zip")]).check(rows).issues[0]
        >>> issue.row, issue.fix, issue.confidence
        (9, 'Oslo', 0.958)

    Source:
        Bohannon et al. (2007), Conditional Functional Dependencies for Data Cleaning, ICDE; the confidence is Laplace's
        rule of succession on the group.

    .. versionadded:: 0.1.0
    """
    listed = (on,) if isinstance(on, str) else tuple(on)
    if not listed or field in listed:
        raise SchemaError("depends(): give on= one other column or several")
    normalizer(normalize)
    normalizer(normalize_on)
    return Depends(
        field, listed, normalize=normalize, normalize_on=normalize_on, code=code, name=name, severity=severity
    )
