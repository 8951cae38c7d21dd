"""A dict that cannot be changed: what a policy was checked with is what decides, and what its digest says."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

__all__ = ["FrozenDict"]

K = TypeVar("K")
V = TypeVar("V")


class FrozenDict(dict[K, V]):
    """A dict whose methods that change it raise; it can be copied, compared and pickled as any other."""

    __slots__ = ()

    def _refuse(self, *_args: Any, **_names: Any) -> NoReturn:
        raise TypeError("a policy and its parts never change; make new ones and give them to Engine.replace")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)
