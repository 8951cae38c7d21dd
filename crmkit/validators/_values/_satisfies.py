"""A caller's own test of one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import PASSED, Verdict, failed
from crmkit.validators._reading._named import registered_test
from crmkit.validators._reading._time_limit import limited

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.validators._checks._references import Context

__all__ = ["Satisfies"]


@attrs.frozen
class Satisfies(Check):
    """A test of your own: text in, whether it is right out.

    A test that raises, or takes longer than five seconds for one value (in the main thread of systems with interval
    timers), is counted as an error of the rule, never as bad data.

    Args:
        test: A callable, or the name of one that :func:`register` knows; only then the schema can be written as data.
        code: The code of a failure.

    Example:
        >>> Satisfies(str.isupper).is_valid("ABC"), Satisfies(str.isupper).is_valid("abc")
        (True, False)

    .. versionadded:: 0.1.0
    """

    test: str | Callable[[str], bool]
    code: str = attrs.field(default="rule_failed", kw_only=True)

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        test = registered_test(self.test) if isinstance(self.test, str) else self.test
        return PASSED if limited(lambda: test(text)) else failed(self.code, test=self._name)

    @property
    def _name(self) -> str:
        return self.test if isinstance(self.test, str) else getattr(self.test, "__name__", "test")

    @property
    def slug(self) -> str:
        return f"satisfies_{self._name}"

    def __repr__(self) -> str:
        return f"Satisfies({self._name!r})" if isinstance(self.test, str) else f"Satisfies({self._name})"
