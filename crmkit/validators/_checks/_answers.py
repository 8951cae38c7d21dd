"""What a check says about many values at once, without an object for each value that is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import numpy as np

from ._verdict import NOT_NORMALIZED, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._verdict import Verdict

__all__ = ["Answers", "Forms"]

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


@attrs.frozen(eq=False)
class Forms:
    """Values that are right but not written in their normal form, as columns of one length.

    Attributes:
        at: Their positions, ascending.
        values: The normal forms; ``None`` where none was proven right.
        sure: How sure each is, 0 to 1; NaN where there is none.
    """

    at: Array
    values: Array = attrs.field(repr=False)
    sure: Array

    @classmethod
    def none(cls) -> Forms:
        """Return no forms."""
        return cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=object), np.empty(0))

    def __len__(self) -> int:
        return len(self.at)

    def take(self, kept: Array) -> Forms:
        """Return some of the forms."""
        return Forms(self.at[kept], self.values[kept], self.sure[kept])


@attrs.frozen(eq=False)
class Answers:
    """The verdicts that are not plainly "passed".

    Attributes:
        said: By position.
        forms: Those that only have another normal form, where the check gives them as columns.
    """

    said: dict[int, Verdict]
    forms: Forms = attrs.field(factory=Forms.none)

    def verdicts(self) -> dict[int, Verdict]:
        """Return all of them by position, with an object for each."""
        forms = zip(self.forms.at.tolist(), self.forms.values.tolist(), self.forms.sure.tolist(), strict=True)
        found: dict[int, Verdict] = {
            at: (Finding(NOT_NORMALIZED, value, sure, dimension="consistency", severity="info"),)
            for at, value, sure in forms
        }
        return self.said | found


def objects(values: Sequence[object]) -> Array:
    """Return an array of objects, whatever they are."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
