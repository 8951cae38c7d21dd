"""Find which column is which field: the system's headers first, then usual names, then what the columns hold."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import attrs

from crmkit import frames, systems
from crmkit.columns._contents import Contents, correct, read_contents
from crmkit.columns._kind import kind_of, names_a_person, people_aside
from crmkit.columns._map import ColumnMap, Evidence
from crmkit.columns._names import read_name
from crmkit.columns._sample import Sample, infer_key
from crmkit.errors import NotFoundError

if TYPE_CHECKING:
    from crmkit.frames import Table
    from crmkit.typing import Frame, RecordKind

__all__ = ["recognize"]

_ORDER: dict[Evidence, int] = {"header": 0, "name": 1, "contents": 2}
_OVERFLOW = {
    "email": ("email_2",),
    "phone": ("phone_other",),
    "mobile": ("phone_other",),
    "phone_home": ("phone_other",),
}


@attrs.frozen
class _Claim:
    column: str
    canonical: str
    evidence: Evidence
    rank: int

    @property
    def order(self) -> tuple[int, int, str, str]:
        return _ORDER[self.evidence], self.rank, systems.fold_header(self.column), self.column


def recognize(frame: Frame, *, kind: RecordKind | None = None) -> ColumnMap:
    """Tell which system a table comes from, which kind of record it holds, and which column is which field.

    Three sources, each only for what the one before left open: headers of the system that the table is recognised as
    an export of; usual names in English and Chinese; what a sample of the rows holds. A column gets at most one field
    and a field at most one column; where two columns claim one, the better name wins and the other is offered the
    second place (``email_2``, ``phone_other``) or kept as spare. The order of columns does not matter.

    Args:
        frame: Any frame that :mod:`crmkit.frames` reads.
        kind: The record kind, where the caller knows it.

    Returns:
        The map, empty rather than wrong where nothing tells.

    Raises:
        SchemaError: Not a frame.
        NotFoundError: If ``kind`` is no record kind.

    Example:
        >>> found = recognize({"姓名": ["王小明"], "手机号码": ["138-0013-8000"], "负责人": ["李雷"]})
        >>> found.kind, dict(found.fields), dict(found.traps)
        ('contact', {'姓名': 'full_name', '手机号码': 'mobile', '负责人': 'owner_name'}, {'负责人': 'owner'})

    Note:
        O(columns + sampled cells); at most a few hundred thousand cells are looked at, however long the table, except
        where a list may be of companies with their contacts or of colleagues: there two columns are read as a whole.

    .. versionadded:: 0.1.0
    """
    if kind is not None and kind not in systems.KINDS:
        raise NotFoundError.of("record kind", kind, systems.KINDS)
    table = frames.read(frame)
    candidate = systems.identify(table.columns, kind=kind)
    contents = Contents(Sample(table))
    found_kind = kind or (candidate.kind if candidate else kind_of(table, contents))
    claims: list[_Claim] = []
    traps: dict[str, str] = {}
    spare: dict[str, str] = {}
    open_columns: list[str] = []
    for column in table.columns:
        field = systems.field_of(candidate.system, found_kind, column) if candidate and found_kind else None
        if field is not None:
            if field.trap:
                traps[column] = field.trap
            if field.canonical:
                claims.append(_Claim(column, field.canonical, "header", _header_rank(field, column)))
            continue
        if candidate and (elsewhere := systems.trap_elsewhere(candidate.system, column)):
            traps[column] = elsewhere
            continue
        reading = read_name(column, found_kind)
        if reading is None:
            open_columns.append(column)
            continue
        if reading.trap:
            traps[column] = reading.trap
        if reading.canonical and reading.spare:
            spare[column] = reading.canonical
        elif reading.canonical:
            meant = correct(reading.canonical, column, contents)
            if meant == "full_name" and _is_their_company(table, column, contents):
                meant = "company_name"
            told: Evidence = "name" if meant == reading.canonical else "contents"
            claims.append(_Claim(column, meant, told, reading.rank))
    fields, evidence = _settle(claims, spare)
    for column, canonical in read_contents(contents, open_columns, taken=set(fields.values()), kind=found_kind):
        _settle_into([_Claim(column, canonical, "contents", 0)], fields, evidence, spare)
    aside = [column for column in table.columns if column not in fields and column not in traps]
    return ColumnMap(
        system=candidate.system if candidate else None,
        kind=found_kind,
        score=candidate.score if candidate else 0.0,
        columns=table.columns,
        fields={column: fields[column] for column in table.columns if column in fields},
        evidence={column: evidence[column] for column in table.columns if column in fields},
        traps={column: traps[column] for column in table.columns if column in traps},
        spare={column: spare[column] for column in table.columns if column in spare},
        key=infer_key(contents.sample, fields),
        people=people_aside(aside, contents) if found_kind == "account" else (),
    )


def _is_their_company(table: Table, column: str, contents: Contents) -> bool:
    """Say whether a column that may have the name of a person has that of a company, and another has the person's."""
    others = [other for other in table.columns if other != column and names_a_person(other)]
    return contents.are_companies(column) and any(contents.may_be_people(other) for other in others)


def _header_rank(field: systems.Field, column: str) -> int:
    folded = systems.fold_header(column)
    return next(
        (rank for rank, header in enumerate(field.headers) if systems.fold_header(header) == folded), len(field.headers)
    )


def _settle(claims: list[_Claim], spare: dict[str, str]) -> tuple[dict[str, str], dict[str, Evidence]]:
    fields: dict[str, str] = {}
    evidence: dict[str, Evidence] = {}
    _settle_into(claims, fields, evidence, spare)
    return fields, evidence


def _settle_into(
    claims: list[_Claim], fields: dict[str, str], evidence: dict[str, Evidence], spare: dict[str, str]
) -> None:
    """Give each field to its best claim; the others move to the second place if that is free, or become spare."""
    taken = set(fields.values())
    losers: list[_Claim] = []
    by_field: dict[str, list[_Claim]] = defaultdict(list)
    for claim in claims:
        by_field[claim.canonical].append(claim)
    for canonical, rivals in by_field.items():
        rivals.sort(key=lambda claim: claim.order)
        if canonical not in taken:
            winner = rivals.pop(0)
            fields[winner.column], evidence[winner.column] = canonical, winner.evidence
            taken.add(canonical)
        losers.extend(rivals)
    for claim in sorted(losers, key=lambda claim: claim.order):
        second = next((name for name in _OVERFLOW.get(claim.canonical, ()) if name not in taken), None)
        if second is None:
            spare[claim.column] = claim.canonical
        else:
            fields[claim.column], evidence[claim.column] = second, claim.evidence
            taken.add(second)
