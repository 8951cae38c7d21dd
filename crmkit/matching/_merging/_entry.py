"""Merging what somebody else clustered: the matcher, another tool, or a person."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from crmkit import columns as recognition
from crmkit import frames
from crmkit.errors import InvalidValueError, NotFoundError, SchemaError, ShapeError
from crmkit.matching._record_ids import record_ids

from ._apart import Apart
from ._cluster_ids import ClusterEvent, ClusterIds, carry_over
from ._log._merge_log import MergeLog
from ._merge import Job, merge_rows
from ._survival._survivorship import Survivorship, as_survivorship

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from crmkit.frames import Table
    from crmkit.typing import AuditSink, Frame, RecordKind

    from ._survival._rules import SurvivorshipRule

__all__ = ["apart_in", "continue_ids", "merge_clusters"]


def merge_clusters(
    frame: Frame,
    clusters: Frame | Mapping[Any, Hashable] | Sequence[Hashable],
    *,
    key: str | None = None,
    kind: RecordKind | None = None,
    survivorship: Survivorship | Mapping[str, SurvivorshipRule | Sequence[SurvivorshipRule]] | None = None,
    survivors: Iterable[Any] = (),
    previous: MergeLog | None = None,
    by: str | None = None,
    reason: str | None = None,
    audit: AuditSink | None = None,
) -> tuple[Frame, MergeLog]:
    """Make one golden record of every cluster that is given: reviewed, corrected by hand, or of another tool.

    Args:
        frame: Any frame.
        clusters: Record id -> cluster; or a frame with ``record_id`` and ``cluster_id``, as ``.clusters`` of a report;
            or one cluster for each row. Clusters are anything that can be hashed; records without one, or with a
            missing one (``None``, ``NaN``, ``pd.NA``), stay alone.
        key: Column with the record ids; without it a column recognized as the id, else the row position.
        kind: What one row is; recognised from the columns where ``None``.
        survivorship: As for :meth:`MatchReport.merge`.
        survivors: Record ids that stay, whatever the rules say; at most one of a cluster. A text is one id.
        previous: The log of the merges before this one, which the new log then continues.
        by: Who does it.
        reason: Why.
        audit: Where to record it.

    Returns:
        The golden records, in the caller's kind of frame and in the order of the survivors, and the log.

    Raises:
        NotFoundError: A cluster or ``survivors`` names a record that the frame does not have.
        InvalidValueError: One record in two clusters, or two survivors of one.
        SchemaError: No such key column, one in which an id is missing or repeated, or clusters that are none.
        ShapeError: Not one cluster for each row.

    Example:
        >>> people = [{"id": "1", "tel": "+12025550123"}, {"id": "2", "tel": None}, {"id": "3", "tel": None}]
        >>> golden, merges = merge_clusters(people, {"1": "x", "2": "x"}, key="id", survivors=["2"])
        >>> golden
        [{'id': '2', 'tel': '+12025550123'}, {'id': '3', 'tel': None}]

    .. versionadded:: 0.1.0
    """
    table = frames.read(frame)
    found = recognition.recognize(table, kind=kind)
    ids, column, _ = record_ids(table, key, found.key)
    as_text = frames.as_text
    rows = {record if type(record) is str else as_text(record): row for row, record in enumerate(ids)}
    labels = _labels(clusters, rows)
    texts = list(rows)
    stay = [survivors] if isinstance(survivors, str) else survivors
    chosen = frozenset(_row_of(record, rows, "survivors=") for record in stay)
    held = labels[sorted(chosen)].tolist()
    if len(set(held)) < len(held):
        raise InvalidValueError("survivors= names two records of one cluster; only one can stay")
    cluster_ids, following, _ = continue_ids(previous, texts if column else None, labels)
    job = Job(
        table=table,
        found=found,
        labels=labels,
        key=column,
        ids=None if column is None else ClusterIds(texts, cluster_ids[labels], following),
        confidence=lambda _: {},
        preferred=chosen,
        earlier=() if previous is None else previous.runs,
        by=by,
        reason=reason,
        audit=audit,
    )
    return merge_rows(job, as_survivorship(survivorship))


def continue_ids(
    previous: MergeLog | None, records: Sequence[str] | None, labels: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int, tuple[ClusterEvent, ...]]:
    """Return the id of each label, the next that is free, and what happened to the clusters of a previous log.

    Raises:
        SchemaError: ``previous`` is no log of merges, or of another table; or the rows have no ids.
    """
    count = int(labels.max(initial=-1)) + 1
    if previous is None:
        return np.arange(count, dtype=np.int64), count, ()
    if not isinstance(previous, MergeLog):
        raise SchemaError(
            f"previous= takes the MergeLog that merging returned or MergeLog.load read, not a {type(previous).__name__}"
        )
    ids = previous.runs[-1]._merging.ids
    if records is None or ids is None:
        which = "this table" if records is None else "the table of the previous log"
        raise SchemaError(f"previous= needs record ids, and {which} has none that are filled and unique; name key=")
    golden = set(previous.pointers().values())
    return carry_over(previous.clusters(), ids.following, records, labels, golden=golden)


def apart_in(previous: MergeLog | None, records: Sequence[str] | None) -> Apart | None:
    """Return which rows of a table were taken apart in a log; ``None`` where none were."""
    if not isinstance(previous, MergeLog) or records is None:
        return None
    found = Apart.of(previous.taken_apart(), {name: row for row, name in enumerate(records)})
    return found if len(found) else None


def _labels(clusters: Any, rows: Mapping[str, int]) -> NDArray[np.int64]:
    """Return the cluster of each row, counted from 0 in the order of rows."""
    given = _in_order(clusters, len(rows))
    if given is None:
        given = _by_record(_pairs(clusters), rows)
    numbers: dict[object, int] = {}
    if not set(map(type, given)) <= {int, str}:
        # Who is in no cluster is alone: an object of its own is equal to nothing else.
        given = [object() if frames.is_missing(cluster) else cluster for cluster in given]
    try:
        return np.array([numbers.setdefault(name, len(numbers)) for name in given], dtype=np.int64)
    except TypeError:
        raise SchemaError(
            "a cluster in clusters= cannot be hashed; give record id -> cluster, or one cluster for each row, and no "
            "lists of the records of each"
        ) from None


def _in_order(clusters: Any, count: int) -> Sequence[Hashable] | None:
    """Return the cluster of each row where one is given for each; ``None`` where records are named."""
    if isinstance(clusters, Mapping) or (
        isinstance(clusters, list | tuple) and clusters and isinstance(clusters[0], Mapping)
    ):
        return None
    if not isinstance(clusters, list | tuple | range):
        try:
            clusters = frames.read_column(clusters).values
        except SchemaError:  # then it is a frame, or else reading it as one says what is wrong
            return None
    if len(clusters) != count:
        raise ShapeError(
            f"clusters= has {len(clusters)} entries for {count} rows", expected=count, actual=len(clusters)
        )
    return cast("Sequence[Hashable]", clusters)


def _by_record(pairs: Iterable[tuple[object, Hashable]], rows: Mapping[str, int]) -> Sequence[Hashable]:
    """Return the cluster of each row, ``None`` for a record that is in none."""
    given: list[Hashable] = [None] * len(rows)
    unknown = 0
    for record, cluster in pairs:
        row = None if record is None else rows.get(frames.as_text(record))
        if row is None:
            unknown += 1
        elif frames.is_missing(cluster):
            continue
        elif given[row] is None:
            given[row] = cluster
        elif given[row] != cluster:
            raise InvalidValueError("clusters= has one record in two clusters")
    if unknown:
        raise NotFoundError(
            f"{unknown} of the records in clusters= are not in the table; ids are those of its key column"
        )
    return given


def _pairs(clusters: Any) -> Iterable[tuple[object, Hashable]]:
    """Return record id and cluster, in whatever form they were given."""
    if isinstance(clusters, Mapping) and not {"record_id", "cluster_id"} <= clusters.keys():
        return clusters.items()
    table: Table = frames.read(clusters)
    for name in ("record_id", "cluster_id"):
        if name not in table.columns:
            raise SchemaError(str(NotFoundError.of("column of clusters=", name, table.columns)))
    return zip(table.column("record_id"), table.column("cluster_id"), strict=True)


def _row_of(record: object, rows: Mapping[str, int], where: str) -> int:
    row = rows.get(frames.as_text(record))
    if row is None:
        raise NotFoundError(f"{where} names a record that is not in the table")
    return row
