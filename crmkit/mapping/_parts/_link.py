"""The two ends of a mapping, and what links a column of one to a column of the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from crmkit.errors import SchemaError

from ._form import Form

if TYPE_CHECKING:
    from collections import abc

    from crmkit.typing import RecordKind

    from ._values import ValueTable

__all__ = ["CANONICAL", "End", "Endpoint", "Link"]

CANONICAL = "canonical"
"""The name of crmkit's own model among the systems."""

Part = Literal["family", "given"]


@attrs.frozen
class Endpoint:
    """One side of a mapping: a system and a kind of record.

    Attributes:
        system: A name of :func:`crmkit.systems.names`, ``canonical``, or a word of your own for a file.
        kind: The kind of record; ``None`` where that is open.

    Example:
        >>> from crmkit.mapping import Endpoint
        >>> str(Endpoint("zoho", "lead"))
        'zoho lead'

    .. versionadded:: 0.1.0
    """

    system: str
    kind: RecordKind | None = None

    def __str__(self) -> str:
        return self.system if self.kind is None else f"{self.system} {self.kind}"


def _texts(texts: abc.Iterable[str]) -> tuple[str, ...]:
    return tuple(texts)


@attrs.frozen(kw_only=True)
class End:
    """A column on one side, how it is written, and what its system demands of it.

    Attributes:
        name: What the column is called where it is written.
        headers: Other headers that stand for it where it is read.
        form: How values are written.
        max_length: The most characters that the system stores; ``None`` where not known.
        required: Whether the system refuses a record without it.
        values: The picklist as delivered.
        trap: Why it must never feed a match key of its row (a key of ``crmkit.systems.TRAPS``).
        fact: Where the name and limits come from.
        unconfirmed: Those of its headers that no page, recording or library of the vendor confirms.

    .. versionadded:: 0.1.0
    """

    name: str
    headers: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    form: Form = attrs.field(factory=Form)
    max_length: int | None = None
    required: bool = False
    values: tuple[str, ...] = attrs.field(default=(), converter=_texts, repr=False)
    trap: str | None = None
    fact: str | None = attrs.field(default=None, repr=False)
    unconfirmed: tuple[str, ...] = attrs.field(default=(), converter=_texts, repr=False)


@attrs.frozen(kw_only=True)
class Link:
    """A column and what becomes of it.

    Attributes:
        source: Where values come from; ``None`` where the target's column has no source.
        target: Where they go; ``None`` where the target has no place for them.
        values: What values are called on the other side.
        split: The source holds a whole name and the target one part of it; used only where no column has the part.
        join: The source holds a part of a name and the target the whole one; used only where no column has that.

    .. versionadded:: 0.1.0
    """

    source: End | None = None
    target: End | None = None
    values: ValueTable | None = None
    split: Part | None = None
    join: Part | None = None

    def __attrs_post_init__(self) -> None:
        if self.source is None and self.target is None:
            raise SchemaError("a link has a source, a target or both")

    @property
    def is_derived(self) -> bool:
        """Whether it only steps in where no column has the value itself."""
        return self.split is not None or self.join is not None

    def inverse(self) -> Link:
        """Return the link in the other direction."""
        values = None if self.values is None else self.values.inverse()
        return Link(source=self.target, target=self.source, values=values, split=self.join, join=self.split)

    def order(self) -> tuple[str, ...]:
        """Return what links are sorted by."""
        names = ((end.name if end else "") for end in (self.source, self.target))
        return (*names, self.split or "", self.join or "")
