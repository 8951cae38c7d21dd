"""What a rule set is made of, before it is judged as a whole: what packs, files and classes give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.validators._checks._check import Check
    from crmkit.validators._outcome._assumptions import Assumption
    from crmkit.validators._rules._rule import Rule
    from crmkit.validators._schema._schema import Schema

__all__ = ["Draft"]


@attrs.frozen(kw_only=True)
class Draft:
    """The arguments of a :class:`Schema`; packs build on one another without making a rule set of each step."""

    name: str
    key: str | None = None
    fields: Mapping[str, Check] = attrs.field(factory=dict)
    rules: Iterable[Rule] = ()
    absent: Literal["error", "skip"] = "error"
    version: str | None = None
    assumptions: tuple[Assumption, ...] = ()

    def made(self, kind: type[object]) -> Schema:
        """Return the rule set, of the class on which the caller asked for it."""
        return cast("type[Schema]", kind)(
            self.name, self.key, fields=self.fields, rules=self.rules, absent=self.absent, version=self.version,
            assumptions=self.assumptions,
        )  # fmt: skip
