"""What the rules of one field are asked about: distinct combinations of value, references and conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.validators._checks._check import Check
    from crmkit.validators._checks._references import Context, Reference
    from crmkit.validators._reading._columns import Columns

__all__ = ["Units", "make_units"]

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


@attrs.frozen(eq=False)
class Units:
    """The distinct combinations that occur in rows with a value.

    Attributes:
        texts: The value of each unit.
        references: The columns referred to.
        contexts: The distinct combinations of their values.
        context_of: For each unit which of ``contexts`` it has.
        active: For each conditional rule whether it holds in each unit; rules without a condition hold everywhere.
        codes: For each row its unit; -1 where the field is missing.
        counts: For each unit the number of its rows.
    """

    texts: list[str]
    references: tuple[Reference, ...]
    contexts: list[Context]
    context_of: Array | None
    active: dict[int, Array]
    codes: Array
    counts: Array

    def __len__(self) -> int:
        return len(self.texts)

    def contexts_for(self, check: Check) -> list[Context]:
        """Return the context of every unit as ``check`` wants it."""
        if not check.references or self.context_of is None:
            return [()] * len(self.texts)
        places = [self.references.index(reference) for reference in check.references]
        known = [tuple(context[place] for place in places) for context in self.contexts]
        return [known[i] for i in self.context_of.tolist()]

    def context(self, unit: int, check: Check) -> Context:
        """Return the context of one unit as ``check`` wants it."""
        if not check.references or self.context_of is None:
            return ()
        context = self.contexts[int(self.context_of[unit])]
        return tuple(context[self.references.index(reference)] for reference in check.references)

    def asked(self, rule: int) -> Array | None:
        """Return in which units the rule's condition holds; ``None`` means in all."""
        return self.active.get(rule)


def make_units(
    field: str, columns: Columns, references: Sequence[Reference], masks: Sequence[Array | None]
) -> Units:  # fmt: skip
    """Find the units of a field.

    Args:
        field: The column.
        columns: The table.
        references: The columns that its checks refer to, each once.
        masks: For each rule the rows in which its condition holds; ``None`` where it has none.
    """
    texts = columns.texts(field)
    conditional = {i: mask for i, mask in enumerate(masks) if mask is not None}
    if not references and not conditional:
        counts = np.bincount(texts.codes[texts.codes >= 0], minlength=len(texts.values))
        return Units(texts.values, (), [()], None, {}, texts.codes, counts)
    rows = np.flatnonzero(texts.codes >= 0)
    others = [columns.normalized(reference.column, reference.normalize) for reference in references]
    context = np.zeros(len(rows), dtype=np.int64)
    for other in others:
        context = context * (len(other.values) + 1) + (other.codes[rows] + 1)
    distinct_contexts, context = np.unique(context, return_inverse=True)
    span = max(len(distinct_contexts), 1)
    key = texts.codes[rows].astype(np.int64) * span + context.reshape(-1)
    for mask in conditional.values():
        key = key * 2 + mask[rows]
    distinct, first, back = np.unique(key, return_index=True, return_inverse=True)
    back = back.reshape(-1)
    codes = np.full(columns.n_rows, -1, dtype=np.int32)
    codes[rows] = back
    at = rows[first]  # one row of each unit: what it holds, the whole unit holds
    return Units(
        texts=[texts.values[i] for i in texts.codes[at].tolist()],
        references=tuple(references),
        contexts=_contexts(distinct_contexts, others),
        context_of=context.reshape(-1)[first],
        active={i: mask[at] for i, mask in conditional.items()},
        codes=codes,
        counts=np.bincount(back, minlength=len(distinct)),
    )


def _contexts(keys: Array, others: Sequence[Any]) -> list[Context]:
    """Take the combined numbers of the references apart again."""
    found: list[Context] = []
    for key in keys.tolist():
        parts: list[str | None] = []
        rest = key
        for other in reversed(others):
            rest, place = divmod(rest, len(other.values) + 1)
            parts.append(None if place == 0 else other.values[place - 1])
        found.append(tuple(reversed(parts)))
    return found
