"""The entry point that Hypothesis calls when it is imported, in every project that has both.

Only the record classes are loaded (attrs and the standard library); the strategies and numpy come with the first
draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

__all__ = ["register"]


def register() -> None:
    """Make ``st.from_type(Contact)`` and ``st.from_type(Account)`` draw plausible records.

    Example:
        >>> register()
        >>> from hypothesis import strategies as st
        >>> from crmkit.records import Contact
        >>> isinstance(st.from_type(Contact).example(), Contact)  # doctest: +SKIP
        True
    """
    from hypothesis import strategies as st

    from crmkit.records import Account, Contact

    st.register_type_strategy(Contact, _later("contacts"))
    st.register_type_strategy(Account, _later("accounts"))


def _later(name: str) -> Callable[[type], SearchStrategy[Any]]:
    def resolve(_: type) -> SearchStrategy[Any]:
        from crmkit.testing import strategies

        strategy: SearchStrategy[Any] = getattr(strategies, name)()
        return strategy

    return resolve
