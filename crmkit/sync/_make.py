"""Making a plan: compare, look at what was agreed, decide row by row and cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit import frames
from crmkit._called import check_called
from crmkit.errors import NotFoundError, SchemaError
from crmkit.mapping import Mapping as FieldMapping
from crmkit.reconciliation import read_both, reconcile
from crmkit.reconciliation._pairing._mapped import with_targets

from ._agreed import Agreed, as_agreed
from ._decide import SyncRules
from ._partial import filled
from ._planner import Planner

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from crmkit.reconciliation import ColumnKind
    from crmkit.typing import Frame, Progress

    from ._decide import Authority
    from ._plan import SyncPlan

__all__ = ["plan_sync", "plan_upsert"]


def plan_sync(
    left: Frame,
    right: Frame,
    *,
    key: str | Sequence[str],
    columns: Mapping[str, str] | None = None,
    only: Sequence[str] | None = None,
    kinds: Mapping[str, ColumnKind] | None = None,
    tolerance: Mapping[str, float] | float = 0.0,
    values: Mapping[str, Mapping[str, str]] | None = None,
    agreed: Agreed | Frame | None = None,
    rules: SyncRules | None = None,
    partial: Sequence[str] = (),
    now: Callable[[], dt.datetime] | None = None,
    progress: Progress | None = None,
) -> SyncPlan:
    """Plan what to write to which of two systems, so that they agree.

    A cell that differs is written to the side that still holds what was agreed. Where both changed it, or nothing was
    agreed, the source of truth decides if there is one, else a person.

    Args:
        left: One system's table.
        right: The other's.
        key: Column or columns that identify a row, by their names on the left.
        columns: What columns of the left table are called on the right. Two systems that write values differently are
            brought into one form first, by a :class:`crmkit.mapping.Mapping`.
        only: Columns of the left table that are kept in step; all that both have where ``None``, but for moments of
            change.
        kinds: What columns hold; see :func:`crmkit.reconcile`.
        tolerance: How far numbers may be apart.
        values: What values on the left are called on the right.
        agreed: What both sides last agreed on: :attr:`SyncPlan.agreed` of the last plan, or a table of that moment.
        rules: Sources of truth, deletions, settling.
        partial: ``"left"``, ``"right"`` or both: the table holds only rows that changed since the watermark, so a row
            that it lacks was not deleted. Deletions are seen only where both sides are whole.
        now: The clock, giving aware moments.
        progress: Shows how far it is; ``tqdm`` fits.

    Raises:
        SchemaError: Not a frame, no such column, nothing in common, or a table in part with nothing agreed.
        NotFoundError: No such kind of column.
        ShapeError: What was agreed has another key.

    Example:
        >>> agreed = [{"id": "1", "phone": "+12125550123", "city": "Oslo"}]
        >>> crm = [{"id": "1", "phone": "+12125550188", "city": "Oslo"}]
        >>> erp = [{"id": "1", "phone": "+12125550123", "city": "Bergen"}]
        >>> plan = plan_sync(crm, erp, key="id", agreed=agreed)
        >>> plan
        <SyncPlan: 1 update on the left, 1 update on the right, 0 conflicts, 0 pending>
        >>> plan.apply(crm, "left").frame == plan.apply(erp, "right").frame
        True

    Note:
        That of :func:`crmkit.reconcile`, and O(rows) for what was agreed, which is held in memory.

    .. versionadded:: 0.1.0
    """
    check_called(now=now, progress=progress)
    made = _rules(rules, SyncRules())
    keys = _keys(key)
    renamed = dict(columns or {})
    one, other = read_both(left, right, renamed, names=[*keys, *renamed])
    names = _compared(one.columns, other.columns, keys, renamed, only, made)
    if only is None:
        _all_there(agreed, one, other, names, renamed, made)
    if isinstance(made.source, dict):
        for name in made.source:
            if name != "*" and name not in names:
                raise SchemaError(f"rules name {name!r}, which is not kept in step")
    state = as_agreed(agreed, keys, names)
    unknown: list[tuple[str, ...]] = []
    for side in partial:
        if side not in ("left", "right"):
            raise SchemaError("partial names sides: 'left', 'right' or both")
    if partial:
        if state is None:
            raise SchemaError("a table in part needs agreed=, or every row that it lacks would be taken for deleted")
        one, other, unknown = filled(one, other, state, keys=keys, names=names, columns=renamed, partial=partial)
    report = reconcile(
        one.native, other.native, key=keys, columns=renamed, only=names, kinds=kinds, tolerance=tolerance,
        values=values, now=now, progress=progress,
    )  # fmt: skip
    return Planner(report, made, state, stamps=_stamps(made, one, other), unknown=unknown).plan()


def plan_upsert(
    records: Frame,
    target: Frame,
    *,
    key: str | Sequence[str],
    columns: Mapping[str, str] | FieldMapping | None = None,
    only: Sequence[str] | None = None,
    kinds: Mapping[str, ColumnKind] | None = None,
    tolerance: Mapping[str, float] | float = 0.0,
    values: Mapping[str, Mapping[str, str]] | None = None,
    agreed: Agreed | Frame | None = None,
    similar: bool = False,
    rules: SyncRules | None = None,
    now: Callable[[], dt.datetime] | None = None,
    progress: Progress | None = None,
) -> SyncPlan:
    """Plan what to create and update in a target system; nothing is written to the records, nothing is deleted.

    Args:
        records: What should be there.
        target: What is there, on the right.
        key: Column or columns that identify a row, by their names in the records.
        columns: What columns of the records are called in the target, or a mapping between the systems, which then
            writes values as the target does; a field that the mapping writes and the target's table lacks is empty
            there.
        only: Columns to write; all that both have where ``None``. Those that hold something and that the target lacks
            are in ``.left_out`` of the plan, which is not ``.ok`` then.
        kinds: What columns hold; see :func:`crmkit.reconcile`.
        tolerance: How far numbers may be apart.
        values: What values of the records are called in the target.
        agreed: The target as it was when the records parted from it. With it a value that only the target changed is
            left alone, and one that both changed is a conflict; without it the records win.
        similar: Look whether rows that would be created are there under another key, by the means of
            :mod:`crmkit.matching`; such rows are conflicts.
        rules: As for :func:`plan_sync`. Where ``None``, empty cells of the records say nothing and deletions are kept.
        now: The clock, giving aware moments.
        progress: Shows how far it is; ``tqdm`` fits.

    Returns:
        A plan whose steps are all for the ``"right"`` side.

    Raises:
        SchemaError: Not a frame, no such column, or nothing in common.
        NotFoundError: No such kind of column.
        ShapeError: What was agreed has another key.

    Example:
        >>> target = [{"Id": 1, "Name": "Ana", "City": "Oslo"}]
        >>> records = [{"id": 1, "name": "Ana", "city": None}, {"id": 2, "name": "Bo", "city": "Bergen"}]
        >>> plan = plan_upsert(records, target, key="id", columns={"id": "Id", "name": "Name", "city": "City"})
        >>> plan.records("right", "create"), plan.records("right", "update")
        ([{'Id': '2', 'Name': 'Bo', 'City': 'Bergen'}], [])

    .. versionadded:: 0.1.0
    """
    check_called(now=now, progress=progress)
    source: Authority = "left" if agreed is None else "both"
    made = _rules(rules, SyncRules(source=source, empty="keep", deletions="keep"))
    keys = _keys(key)
    renamed = {} if isinstance(columns, FieldMapping) else dict(columns or {})
    wanted, left_out = only, []
    if isinstance(columns, FieldMapping):
        one, other = frames.read_two(records, target)
        other = with_targets(one, other, columns)
    else:
        one, other = read_both(records, target, renamed, names=[*keys, *renamed])
        if only is None:
            wanted = _compared(one.columns, other.columns, keys, renamed, None, made)
            left_out = _left_out(one, [*keys, *wanted], made)
    report = reconcile(
        one.native, other.native, key=keys, columns=columns, only=wanted, kinds=kinds, tolerance=tolerance,
        values=values, similar=similar, now=now, progress=progress,
    )  # fmt: skip
    state = as_agreed(agreed, [pair.left for pair in report.keys], [pair.left for pair in report.columns])
    plan = Planner(report, made, state, stamps=_stamps(made, one, other), one_way=True).plan()
    return attrs.evolve(plan, left_out=tuple(left_out))


def _rules(rules: SyncRules | None, otherwise: SyncRules) -> SyncRules:
    given: object = rules  # what callers without a type checker pass
    if given is not None and not isinstance(given, SyncRules):
        raise SchemaError(f"rules= takes SyncRules(...), not {type(given).__name__}")
    return rules if rules is not None else otherwise


def _keys(key: str | Sequence[str] | None) -> list[str]:
    if key is None or not key:
        raise SchemaError("key= names the column, or columns, that tell records apart; nothing is synced by position")
    return [key] if isinstance(key, str) else list(key)


def _compared(
    mine: Sequence[str], yours: Sequence[str], keys: Sequence[str], renamed: Mapping[str, str],
    only: Sequence[str] | None, rules: SyncRules,
) -> list[str]:  # fmt: skip
    if only is not None:
        return [name for name in only if name not in keys]
    stamps = rules.stamps()
    apart = {*keys, *(() if stamps is None else stamps[:1])}
    return [name for name in mine if name not in apart and renamed.get(name, name) in yours]


def _all_there(
    agreed: Agreed | Frame | None, one: frames.Table, other: frames.Table, names: Sequence[str],
    renamed: Mapping[str, str], rules: SyncRules,
) -> None:  # fmt: skip
    """Refuse to go on without a column that both sides agreed on: its values would drift apart unseen."""
    if not isinstance(agreed, Agreed):  # a table of that moment may hold anything besides
        return
    stamps = rules.stamps()
    for name in agreed.columns:
        if name in names or (stamps is not None and name == stamps[0]):
            continue
        on_left = name not in one.columns
        side, table = ("left", one) if on_left else ("right", other)
        unknown = NotFoundError.of("column", name if on_left else renamed.get(name, name), table.columns)
        raise SchemaError(
            f"{side} table: {unknown}; both sides agreed on it: say with columns= what it is called now, or with only= "
            "what is kept in step"
        )


def _left_out(table: frames.Table, names: Sequence[str], rules: SyncRules) -> list[str]:
    """Return the columns that hold something and are not written."""
    stamps = rules.stamps()
    apart = {*names, *(() if stamps is None else stamps[:1])}
    return [name for name in table.columns if name not in apart and not bool(table.blank(name).all())]


def _stamps(rules: SyncRules, one: frames.Table, other: frames.Table) -> tuple[list[object], list[object]] | None:
    names = rules.stamps()
    return None if names is None else (one.column(names[0]), other.column(names[1]))
