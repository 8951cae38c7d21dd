"""Fields of one record that must tell the same story."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np

from ._derive import derivation
from ._rule import Judgement, Rule, RunContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import Severity

    from ._rule import _Mask

__all__ = ["Agree", "agree"]


@attrs.frozen(repr=False)
class Agree(Rule):
    """A field says what another field tells about it."""

    field: str = attrs.field(kw_only=False)
    other: str = attrs.field(kw_only=False)
    method: str = attrs.field(kw_only=False)

    kind: ClassVar[str] = "agree"
    row_local: ClassVar[bool] = True

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.field, self.other)

    @property
    def default_code(self) -> str:
        return "disagrees"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        way = derivation(self.method)
        own, other = run.columns.texts(self.field), run.columns.texts(self.other)
        both = asked & (own.codes >= 0) & (other.codes >= 0)
        told = _numbered([way.derive(text) for text in other.values])
        held = _numbered([way.compare(text) for text in own.values])
        numbers: dict[str, int] = {}
        left = np.array([-1 if text is None else numbers.setdefault(text, len(numbers)) for text in held], dtype=int)
        right = np.array([-2 if text is None else numbers.setdefault(text, len(numbers)) for text in told], dtype=int)
        a, b = left[own.codes], right[other.codes]
        able = both & (a >= 0) & (b >= 0)
        missing, unread = int(np.count_nonzero(asked & ~both)), int(np.count_nonzero(both & ~able))
        skipped = {"empty": missing, "not_comparable": unread}
        return Judgement(
            failed=np.flatnonzero(able & (a != b)),
            skipped={reason: n for reason, n in skipped.items() if n},
            params={"source": self.other},
        )

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        return {"field": names.get(self.field, self.field), "other": names.get(self.other, self.other)}

    def __repr__(self) -> str:
        return f"agree({self.field!r}, {self.other!r}, {self.method!r}){self._suffix()}"


def _numbered(texts: list[str | None]) -> list[str | None]:
    return [*texts, None]  # the last: missing


def agree(
    field: str, other: str, method: str, *, code: str | None = None, name: str | None = None,
    severity: Severity = "warning",
) -> Rule:  # fmt: skip
    """Demand that a field says what another one tells about it.

    Args:
        field: The column that is held against the other.
        other: The column that tells.
        method: How, as for :func:`complete`: ``birth_date_of_resident_id``, ``region_of_chinese_postcode``, ...
        code: A code of your own; ``disagrees`` where absent.
        name: Names the rule in the report.
        severity: Of a failure; which of the two is wrong nobody knows, so there is no fix.

    Raises:
        NotFoundError: If there is no such method.

    Example:
        >>> from crmkit.validators import Schema
        >>> rule = agree("province", "postcode", "region_of_chinese_postcode")
        >>> [issue.code for issue in Schema("s", rules=[rule]).check([{"province": "上海", "postcode": "510000"}])]
        ['disagrees']

    .. versionadded:: 0.1.0
    """
    derivation(method)
    return Agree(field, other, method, code=code, name=name, severity=severity)
