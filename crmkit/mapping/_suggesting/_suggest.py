"""Propose a mapping for a file of no known system: an ERP's customer list, somebody's spreadsheet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from crmkit import _notebook, frames, systems
from crmkit import columns as column_names
from crmkit.errors import NotFoundError
from crmkit.mapping._mappings._mapping import Mapping
from crmkit.mapping._mappings._presets import canonical_form
from crmkit.mapping._parts._link import CANONICAL, End, Endpoint, Link

from ._known_names import Known, known_names
from ._sample import agreement, looks_like_milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crmkit.columns import ColumnMap
    from crmkit.frames import Table
    from crmkit.mapping._parts._form import Form
    from crmkit.normalize.dates import DateOrder
    from crmkit.typing import Frame, JSONValue, RecordKind

__all__ = ["Suggestion", "Suggestions", "suggest"]

Reason: TypeAlias = Literal["header", "name", "contents", "system", "erp", "pinyin", "initials", "alike"]
"""What a suggestion rests on."""

_SURE: dict[Reason, float] = {
    "header": 0.99, "name": 0.95, "contents": 0.75, "system": 0.85, "erp": 0.9, "pinyin": 0.85, "initials": 0.6,
}  # fmt: skip
_DECORATED = 0.9
"""What remains of the confidence in a name with words around it that should not matter."""
_ALIKE = 0.85
"""What remains of the likeness of two names."""
_LEAST_ALIKE = 80.0
_ERP_LEAST = 3
_FEW_ROWS = 0.9
"""What remains where there is no value that could confirm a typed field."""


_MOST_ROWS = 60


@attrs.frozen(kw_only=True)
class Suggestion:
    """A column and the canonical field that it probably holds.

    Attributes:
        column: The column's name.
        field: The canonical field.
        confidence: From 0 to 1: how good the name is, and how many values are such as the field holds.
        reason: ``header`` (of the recognised system), ``name`` (a usual one), ``contents``, ``system`` (a name that
            some CRM uses), ``erp``, ``pinyin`` or ``initials`` (of a Chinese name), ``alike`` (resembles a known name).
        trap: Why the column must never feed a match key, if so.

    .. versionadded:: 0.1.0
    """

    column: str
    field: str
    confidence: float
    reason: Reason
    trap: str | None = None


@attrs.frozen(kw_only=True, repr=False)
class Suggestions:
    """What :func:`crmkit.mapping.suggest` found: look at it, correct it, and make a mapping of it.

    Attributes:
        name: What the file is called.
        kind: The kind of record it seems to hold.
        system: The CRM whose export it is, if one is recognised; its preset knows more than names do.
        items: The suggestions, in the order of the columns.
        open: The columns that nothing is known about.

    .. versionadded:: 0.1.0
    """

    name: str
    kind: RecordKind | None
    system: str | None
    items: tuple[Suggestion, ...]
    open: tuple[str, ...]
    _forms: dict[str, Form] = attrs.field(factory=dict, hash=False, alias="forms")

    def __iter__(self) -> Iterator[Suggestion]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def _repr_html_(self) -> str:
        rows = [(one.column, one.field, one.confidence, one.reason, one.trap) for one in self.items[:_MOST_ROWS]]
        lead = f"{len(self.items)} columns, {len(self.open)} open" + (f"; {self.system}" if self.system else "")
        table = _notebook.table(("column", "field", "confidence", "told by", "never a key because"), rows)
        notes = [f"nothing is known about: {', '.join(self.open)}"] if self.open else []
        rest = _notebook.more(len(rows), len(self.items), "columns")
        return _notebook.sheet(
            f"Suggestions for {self.kind or 'records'}", lead, table if rows else "", rest, notes=notes
        )

    def set(self, column: str, field: str | None) -> Suggestions:
        """Return the suggestions with one decided by hand; ``None`` takes the column out.

        Raises:
            NotFoundError: No such column, or no such canonical field.

        Example:
            >>> from crmkit import mapping
            >>> found = mapping.suggest([{"Firma": "Acme GmbH", "KdNr": "007"}], kind="account")
            >>> found.set("KdNr", "account_number").mapping().to("KdNr")
            'account_number'
        """
        known = [*(item.column for item in self.items), *self.open]
        if column not in known:
            raise NotFoundError.of("column", column, known)
        if field is not None and field not in systems.canonical_fields():
            raise NotFoundError.of("canonical field", field, systems.canonical_fields())
        items = [item for item in self.items if item.column != column and (field is None or item.field != field)]
        gone = [item.column for item in self.items if item not in items and item.column != column]
        still_open = [one for one in self.open if one != column] + gone + ([column] if field is None else [])
        if field is not None:
            items.append(Suggestion(column=column, field=field, confidence=1.0, reason="name"))
        forms = self._forms | (
            {column: canonical_form(field)} if field is not None and column not in self._forms else {}
        )
        return attrs.evolve(self, items=tuple(items), open=tuple(still_open), forms=forms)

    def mapping(self, *, min_confidence: float = 0.8) -> Mapping:
        """Return the mapping to the canonical model that the suggestions at least that sure make.

        Args:
            min_confidence: From 0 to 1; columns below it are kept under their own names when the mapping is applied.
        """
        if not 0 <= min_confidence <= 1:
            raise ValueError("a confidence is from 0 to 1")
        links = [
            Link(
                source=End(
                    name=item.column, form=self._forms.get(item.column, canonical_form(item.field)), trap=item.trap,
                    fact=f"suggested by {item.reason}, confidence {item.confidence:.2f}",
                ),
                target=End(name=item.field, form=canonical_form(item.field), trap=item.trap),
            )
            for item in self.items
            if item.confidence >= min_confidence
        ]  # fmt: skip
        return Mapping(source=Endpoint(self.name, self.kind), target=Endpoint(CANONICAL, self.kind), links=links)

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return one row for each suggestion (its attributes) as a frame of the kind of ``like``."""
        names = [attribute.name for attribute in attrs.fields(Suggestion)]
        return frames.build({name: [getattr(item, name) for item in self.items] for name in names}, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return what was found as plain data."""
        return {
            "name": self.name, "kind": self.kind, "system": self.system, "open": list(self.open),
            "items": [attrs.asdict(item) for item in self.items],
        }  # fmt: skip

    def __repr__(self) -> str:
        return f"<Suggestions for {self.kind or 'records'}: {len(self.items)} columns, {len(self.open)} open>"


def suggest(
    frame: Frame,
    *,
    kind: RecordKind | None = None,
    name: str = "file",
    zone: str | None = None,
    order: DateOrder | None = None,
) -> Suggestions:
    """Propose which canonical field each column holds, from names and contents.

    Names are looked for among the usual ones in English and Chinese, among those of every CRM and of some ERP systems,
    as pinyin or its initials, and by likeness; contents confirm or refute what the name says.

    Args:
        frame: Any frame.
        kind: The kind of record; told from names and contents where ``None``.
        name: What the mapping calls its source.
        zone: IANA name of the zone of times without an offset.
        order: Order of numbers in dates; found in each column where ``None``.

    Returns:
        The suggestions. No field is proposed for two columns.

    Raises:
        SchemaError: Not a frame.
        NotFoundError: Unknown kind or zone.

    Example:
        >>> from crmkit import mapping
        >>> found = mapping.suggest([{"KUNNR": "0000100017", "NAME1": "Acme", "ORT01": "Oslo", "hangye": "IT"}])
        >>> for item in found:
        ...     print(item.column, item.field, item.confidence, item.reason)
        KUNNR account_number 0.9 erp
        NAME1 name 0.9 erp
        ORT01 city 0.9 erp
        hangye industry 0.85 pinyin
        >>> found.mapping().apply([{"KUNNR": "0000100017"}])[0]
        [{'account_number': '0000100017'}]

    .. versionadded:: 0.1.0
    """
    table = frames.read(frame)
    erp = _erp(table.columns)
    if kind is None and erp:
        kind = "account"
    recognized = column_names.recognize(table, kind=kind)
    found = _claims(table, recognized, erp)
    settled: list[Suggestion] = []
    taken: set[str] = set()
    done: set[str] = set()
    for claim in sorted(found, key=lambda claim: (-claim.confidence, table.columns.index(claim.column), claim.field)):
        if claim.field not in taken and claim.column not in done:
            taken.add(claim.field)
            done.add(claim.column)
            settled.append(claim)
    settled.sort(key=lambda claim: table.columns.index(claim.column))
    return Suggestions(
        name=name,
        kind=recognized.kind,
        system=recognized.system,
        items=tuple(settled),
        open=tuple(column for column in table.columns if column not in done),
        forms={item.column: _form(item, table, zone=zone, order=order) for item in settled},
    )


def _claims(table: Table, recognized: ColumnMap, erp: dict[str, str]) -> list[Suggestion]:
    fields = systems.canonical_fields()
    known = known_names(recognized.kind)
    claims = []
    for column in table.columns:
        trap = recognized.traps.get(column)
        proposed: list[tuple[str, float, Reason]] = []
        if column in erp:
            proposed.append((erp[column], _SURE["erp"], "erp"))
        elif column in recognized.fields:
            evidence = recognized.evidence[column]
            sure = _SURE[evidence]
            if evidence == "name" and not known.is_usual(column):
                sure *= _DECORATED
            proposed.append((recognized.fields[column], sure, evidence))
        elif column not in recognized.spare and trap is None:
            proposed.extend(_by_name(column, known))
        for field, base, reason in proposed:
            if recognized.kind is not None and recognized.kind not in fields[field].kinds:
                continue
            share = agreement(table, column, fields[field].type)
            sure = base if reason == "contents" else base * (_FEW_ROWS if share is None else 0.4 + 0.6 * share)
            claims.append(Suggestion(column=column, field=field, confidence=round(sure, 4), reason=reason, trap=trap))
    return claims


def _by_name(column: str, known: Known) -> list[tuple[str, float, Reason]]:
    folded = systems.fold_header(column)
    if not folded:
        return []
    for reason, names in (("system", known.systems), ("pinyin", known.pinyin), ("initials", known.initials)):
        if folded in names:
            return [(names[folded], _SURE[reason], reason)]  # type: ignore[index, list-item]  # words of this module
    from rapidfuzz import fuzz, process

    if len(folded) < 4 and folded.isascii():
        return []
    best = process.extract(folded, known.all, scorer=fuzz.ratio, score_cutoff=_LEAST_ALIKE, limit=3)
    words = re.sub(r"\d", "", folded)
    return [
        (known.all_fields[header], score / 100 * _ALIKE, "alike")
        for header, score, _ in best
        if re.sub(r"\d", "", header) == header or words != folded  # "phone3" is not "phone2"
    ]


def _erp(columns: Sequence[str]) -> dict[str, str]:
    """Return what columns are in the ERP system that knows most of them, if it knows enough."""
    best: dict[str, str] = {}
    for names in known_names(None).erp:
        found: dict[str, str] = {}
        for column in columns:
            field = names.get(systems.fold_header(column))
            if field is not None and field not in found.values():
                found[column] = field
        best = max(best, found, key=len)
    return best if len(best) >= _ERP_LEAST else {}


def _form(item: Suggestion, table: Table, *, zone: str | None, order: DateOrder | None) -> Form:
    form = canonical_form(item.field)
    if form.type not in ("datetime", "date"):
        return form
    style = "epoch-ms" if looks_like_milliseconds(table, item.column) else "local"
    return attrs.evolve(form, style=style, zone=zone, order=order)
