"""Which rows differ: compare leaves first, and fetch only the rows of buckets that are not the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit import frames
from crmkit._canonical import keyed_digests
from crmkit.errors import SchemaError
from crmkit.issues import Report

from ._buckets import bucket_of
from ._snapshot import Snapshot, snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit._canonical import RowSchema
    from crmkit.typing import Frame, JSONValue

    from ._sources._base import Source


@attrs.frozen(kw_only=True, repr=False, eq=False)
class SnapshotComparison(Report):
    """Whether two tables hold the same rows, and which do not.

    Attributes:
        same_schema: Whether columns, their order and types are the same.
        rows: Row counts of left and right.
        differing_buckets: Buckets whose leaves differ; ``None`` where the snapshots cannot be laid side by side.
        buckets: Number of buckets.
        missing: Keys of rows that only the left has; ``None`` where no sources were given.
        unexpected: Keys of rows that only the right has.
        differing: Keys of rows that both have, with other content.
        fetched: How many rows had to be looked at.
        root_equal: Whether the roots are equal, which says everything at once.

    .. versionadded:: 0.1.0
    """

    same_schema: bool
    rows: tuple[int, int]
    root_equal: bool
    differing_buckets: tuple[int, ...] | None
    buckets: int
    missing: tuple[tuple[object, ...], ...] | None = None
    unexpected: tuple[tuple[object, ...], ...] | None = None
    differing: tuple[tuple[object, ...], ...] | None = None
    fetched: int = 0

    @property
    def ok(self) -> bool:
        """Whether both hold the same rows under the same schema."""
        return self.root_equal

    def counts(self) -> dict[str, int]:
        """Return the figures."""
        said = {"left": self.rows[0], "right": self.rows[1]}
        for name in ("missing", "unexpected", "differing"):
            found = getattr(self, name)
            if found is not None:
                said[name] = len(found)
        return said

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the figures as plain data; keys of rows only by number."""
        return {
            "ok": self.ok,
            "same_schema": self.same_schema,
            **self.counts(),
            "buckets": self.buckets,
            "differing_buckets": None if self.differing_buckets is None else len(self.differing_buckets),
            "fetched": self.fetched,
        }

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return one row for each key: what, and the key's cells as text."""
        lines = [(what, key) for what in ("missing", "unexpected", "differing") for key in getattr(self, what) or ()]
        columns = {
            "what": [what for what, _ in lines],
            "key": [" ".join(map(str, key)) for _, key in lines],
        }
        return frames.build(columns, like=like)

    def _repr_html_(self) -> str:
        from crmkit.backup._findings._page import Section, fragment

        rows = [(name, f"{n:,}") for name, n in self.counts().items()]
        rows.append(("same columns and types", "yes" if self.same_schema else "no"))
        if self.differing_buckets is not None:
            rows.append(("buckets that differ", f"{len(self.differing_buckets):,} of {self.buckets:,}"))
        return fragment("Same rows?", "yes" if self.ok else "no", [Section(None, (), rows)])

    def __repr__(self) -> str:
        figures = ", ".join(f"{name} {n}" for name, n in self.counts().items())
        return f"<SnapshotComparison {'same' if self.ok else 'differ'}: {figures}>"


def compare(
    left: Snapshot | Source, right: Snapshot | Source, *, sources: tuple[Source, Source] | None = None
) -> SnapshotComparison:
    """Compare two tables by their digests; with sources, name the rows that differ.

    Args:
        left: What should be, as a snapshot or where it can be taken.
        right: What is.
        sources: Where the rows of both can be read, to name keys; sources given as ``left`` and ``right`` serve too.

    Raises:
        SchemaError: Keys differ, or the numbers of buckets do where no source can be asked again.

    Example:
        >>> from crmkit.backup import FrameSource
        >>> before = FrameSource([{"id": 1, "name": "Zoë"}, {"id": 2, "name": "Li"}], key="id")
        >>> after = FrameSource([{"id": 1, "name": "Zoe"}, {"id": 3, "name": "Bo"}], key="id")
        >>> found = compare(before, after)
        >>> found.missing, found.unexpected, found.differing
        (((2,),), ((3,),), ((1,),))

    .. versionadded:: 0.1.0
    """
    if sources is None and not isinstance(left, Snapshot) and not isinstance(right, Snapshot):
        sources = left, right
    one = left if isinstance(left, Snapshot) else None
    two = right if isinstance(right, Snapshot) else None
    if one is None:
        one = snapshot(left, buckets=two.buckets if two else None, schema=two.schema if two else None)  # type: ignore[arg-type]  # not a snapshot
    if two is None:
        two = snapshot(right, buckets=one.buckets, schema=_schema_for(right, one))  # type: ignore[arg-type]  # as above
    if one.key != two.key:
        raise SchemaError("the tables have other keys")
    same_schema = one.schema.header() == two.schema.header()
    rows = (one.rows, two.rows)
    if one.buckets != two.buckets:
        if sources is None:
            raise SchemaError("other numbers of buckets; take one snapshot with buckets= of the other")
        two = snapshot(sources[1], buckets=one.buckets, schema=two.schema)
    differing = None
    if same_schema:
        differing = tuple(
            number for number, pair in enumerate(zip(one.leaves, two.leaves, strict=True)) if pair[0] != pair[1]
        )
    result = SnapshotComparison(
        same_schema=same_schema,
        rows=rows,
        root_equal=one.root == two.root,
        differing_buckets=differing,
        buckets=one.buckets,
    )
    if sources is None or differing is None:
        return result
    bits = one.buckets.bit_length() - 1
    wanted = set(differing)
    before = _rows_of(sources[0], one.schema, wanted, bits)
    after = _rows_of(sources[1], two.schema, wanted, bits)
    missing, unexpected, changed = _sorted_out(before, after)
    return attrs.evolve(
        result,
        missing=missing,
        unexpected=unexpected,
        differing=changed,
        fetched=sum(len(found) for side in (before, after) for found in side.values()),
    )


def _schema_for(source: Source | Snapshot, one: Snapshot) -> RowSchema | None:
    """Return the left schema where the right has just these columns, so that text options are those of one side."""
    if isinstance(source, Snapshot):
        return None
    own = source.schema()
    same = list(own.columns) == list(one.schema.columns)
    kinds = [kind.kind for kind in own.columns.values()] == [kind.kind for kind in one.schema.columns.values()]
    return one.schema if same and kinds else None


def _rows_of(
    source: Source, schema: RowSchema, wanted: set[int], bits: int
) -> Mapping[bytes, list[tuple[bytes, tuple[object, ...]]]]:
    """Return the rows of the wanted buckets: by key digest, each with its digest and its key."""
    found: dict[bytes, list[tuple[bytes, tuple[object, ...]]]] = {}
    if not wanted:
        return found
    names = source.key or tuple(schema.columns)
    for block in source.blocks(schema):
        keys, digests = keyed_digests(schema, source.key, block)
        cells: list[Sequence[object]] = [block[name] for name in names]
        for row, key in enumerate(keys):
            if bucket_of(key, bits) in wanted:
                found.setdefault(key, []).append((digests[row], tuple(column[row] for column in cells)))
    return found


def _sorted_out(
    before: Mapping[bytes, list[tuple[bytes, tuple[object, ...]]]],
    after: Mapping[bytes, list[tuple[bytes, tuple[object, ...]]]],
) -> tuple[tuple[tuple[object, ...], ...], ...]:
    missing: list[tuple[object, ...]] = []
    unexpected: list[tuple[object, ...]] = []
    changed: list[tuple[object, ...]] = []
    for key in before.keys() | after.keys():
        left = list(before.get(key, ()))
        right = list(after.get(key, ()))
        digests = [digest for digest, _ in right]
        rest = []
        for digest, cells in left:  # equal rows cancel, one for one: duplicates count
            if digest in digests:
                digests.remove(digest)
            else:
                rest.append(cells)
        over = [cells for digest, cells in right if digest in digests and not digests.remove(digest)]  # type: ignore[func-returns-value]  # removes one for one
        both = min(len(rest), len(over))
        changed += rest[:both]
        missing += rest[both:]
        unexpected += over[both:]
    return tuple(tuple(sorted(cells, key=repr)) for cells in (missing, unexpected, changed))
