"""Fields that are empty although another field of the same record tells what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs
import numpy as np

from crmkit.errors import NotFoundError
from crmkit.normalize import phones

from ._rules import Judgement, Rule, RunContext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.issues import Dimension
    from crmkit.typing import Severity

    from ._rules import _Mask

__all__ = ["Complete", "complete"]

_METHODS = ("country_of_phone",)
# The calling code says where the number belongs; the person may live elsewhere.
_COUNTRY_OF_PHONE = 0.9


@attrs.frozen(repr=False)
class Complete(Rule):
    """An empty field is filled from another one that tells what it is."""

    field: str = attrs.field(kw_only=False)
    by: str = attrs.field(kw_only=False)
    method: str = "country_of_phone"

    kind: ClassVar[str] = "complete"
    dimension: ClassVar[Dimension] = "completeness"

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.field, self.by)

    @property
    def default_code(self) -> str:
        return "known_from_other"

    def judge(self, run: RunContext, asked: _Mask) -> Judgement:
        texts = run.columns.texts(self.by)
        empty = np.flatnonzero(asked & ~run.columns.present(self.field) & (texts.codes >= 0))
        known = {code: _country(texts.values[code]) for code in np.unique(texts.codes[empty]).tolist()}
        failed = empty[[known[code] is not None for code in texts.codes[empty].tolist()]] if len(empty) else empty
        return Judgement(
            failed=failed,
            params={"source": self.by},
            fixes=[known[code] for code in texts.codes[failed].tolist()],
            confidence=_COUNTRY_OF_PHONE,
        )

    def _renamed(self, names: Mapping[str, str]) -> dict[str, Any]:
        return {"field": names.get(self.field, self.field), "by": names.get(self.by, self.by)}

    def __repr__(self) -> str:
        return f"complete({self.field!r}, by={self.by!r}){self._suffix()}"


def _country(text: str) -> str | None:
    if not text.lstrip(" (").startswith(("+", "00", "＋")):
        return None
    number = phones.parse(text)
    return None if number is None else number.country


def complete(
    field: str, *, by: str, method: str = "country_of_phone", name: str | None = None, severity: Severity = "info"
) -> Rule:
    """Report where a field is empty although another one tells what it is, and propose that.

    Args:
        field: The column to fill.
        by: The column that tells.
        method: How: ``country_of_phone``, the country of a telephone number in international form.
        name: Names the rule in the report.
        severity: Of an issue.

    Raises:
        NotFoundError: If there is no such method.

    Example:
        >>> from crmkit.validators import Schema
        >>> people = [{"country": None, "phone": "+86 138 0013 8000"}]
        >>> Schema("people", rules=[complete("country", by="phone")]).check(people).issues[0].fix
        'CN'

    .. versionadded:: 0.1.0
    """
    if method not in _METHODS:
        raise NotFoundError.of("method of completing", method, _METHODS)
    return Complete(field, by, method=method, name=name, severity=severity)
