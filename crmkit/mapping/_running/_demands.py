"""What the target demands, what a picklist does not list, what nobody confirms, and which record a row is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from crmkit import systems
from crmkit.issues import IssueTable
from crmkit.mapping._parts._link import CANONICAL
from crmkit.normalize import text

if TYPE_CHECKING:
    from crmkit.mapping._parts._link import End, Link

    from ._run import Run

__all__ = ["check_demands", "check_facts", "record_ids"]

_LABELLED = re.compile(r"(Phone \d+) - Value\Z")
_MOBILE = re.compile(r"mobile|cell|handy|手机|移动", re.IGNORECASE)
_WORDS = frozenset(
    {
        *("new", "working", "qualified", "converted", "unqualified", "lost", "open", "won", "abandoned", "planned"),
        *("done", "cancelled", "active", "inactive", "subscriber", "lead", "mql", "sql", "opportunity", "customer"),
        *("evangelist", "other"),
    }
)
"""The canonical model's words for a status and a stage of the lifecycle."""
_OWN_NUMBERS = frozenset({"account_number", "tax_id", "vat_id", "duns", "lei", "national_id"})
"""Numbers that a record has whatever system keeps it."""


def check_demands(done: Run) -> None:
    """Say which required columns nothing feeds, and where required cells are empty."""
    required = {link.target.name: link.target for link in done.mapping.links if link.target and link.target.required}
    for name in required:
        if name not in done.columns:
            done.say("column_missing", "error", "completeness", name, field=name, system=str(done.mapping.target))
            continue
        rows = [
            row for row, cell in enumerate(done.columns[name])
            if cell is None or (isinstance(cell, str) and not cell.strip())
        ]  # fmt: skip
        if rows:
            done.issues.append(
                IssueTable.of(
                    rule="mapping", code="required", row=rows, path=name, severity="error", dimension="completeness"
                )
            )


def check_facts(done: Run) -> None:
    """Warn of names that no vendor confirms, of times that an export writes in its user's zone, of unlisted values."""
    for column, links in done.links.items():
        for link in links:
            if link.source is None or link.target is None or link.is_derived:
                continue
            if column in link.source.unconfirmed:
                done.say("fact_unconfirmed", "warning", "accuracy", column, system=done.mapping.source.system)
            if link.target.name in link.target.unconfirmed:
                done.say("fact_unconfirmed", "warning", "accuracy", link.target.name, system=done.mapping.target.system)
            _foreign_id(done, link)
            _untranslated(done, link)
            _several(done, link, column)
            _label(done, link, column)
            form = link.source.form
            if form.type == "datetime" and form.style == "utc-naive" and column != link.source.name:
                done.say("time_zone_assumed", "warning", "accuracy", column)
            if link.target.values and not link.values:
                _unlisted(done, link.target, column)


def _foreign_id(done: Run, link: Link) -> None:
    """Say that an id which one system gave means nothing to another."""
    source, target = done.mapping.source, done.mapping.target
    real = systems.names()
    if link.target is None or source.system == target.system or not {source.system, target.system} <= set(real):
        return
    if target.kind is None:
        return
    field = systems.field_of(target.system, target.kind, link.target.name)
    known = systems.canonical_fields()
    canonical = None if field is None else field.canonical
    if canonical is not None and known[canonical].type == "id" and canonical not in _OWN_NUMBERS:
        done.say("id_foreign", "warning", "integrity", link.target.name, source=source.system, target=target.system)


def _several(done: Run, link: Link, column: str) -> None:
    """Say that cells hold several values, joined as only that system joins them; they go through whole."""
    system = done.mapping.source.system
    mark = systems.get(system).forms.get("list", "") if system in systems.names() else ""
    if len(mark) > 1 and link.source is not None and link.source.form.type == "text":
        texts = done.table.texts(column)
        rows = np.flatnonzero(np.isin(texts.codes, [n for n, value in enumerate(texts.values) if mark in str(value)]))
        if len(rows):
            done.issues.append(
                IssueTable.of(
                    rule="mapping", code="several_values", row=rows, path=column, severity="warning",
                    dimension="validity",
                )
            )  # fmt: skip


def _label(done: Run, link: Link, column: str) -> None:
    """Say where the label beside a phone says mobile and the field does not, or the other way round.

    Google numbers phones as they come, so "Phone 1" is a mobile in one row and a landline in the next.
    """
    match = _LABELLED.match(column)
    target = link.target.name if link.target else ""
    if match is None or done.mapping.source.system != "google_contacts" or not target.startswith(("phone", "mobile")):
        return
    beside = next((name for name in (f"{match[1]} - Label", f"{match[1]} - Type") if name in done.table.columns), None)
    if beside is None:
        return
    labels, values = done.table.texts(beside).rows(), done.table.column(column)
    rows = [
        row
        for row, (label, value) in enumerate(zip(labels, values, strict=True))
        if label and value not in (None, "") and (_MOBILE.search(str(label)) is not None) != (target == "mobile")
    ]
    if rows:
        done.issues.append(
            IssueTable.of(
                rule="mapping", code="label_disagrees", row=rows, path=column, severity="warning",
                dimension="accuracy", params=[{"field": target}] * len(rows),
            )
        )  # fmt: skip


def _untranslated(done: Run, link: Link) -> None:
    """Say that a status is written in crmkit's own words, because the target's are not known."""
    target = done.mapping.target
    if link.target is None or target.kind is None or target.system not in systems.names():
        return
    field = systems.field_of(target.system, target.kind, link.target.name)
    if field is None or field.canonical not in ("status", "lifecycle_stage") or field.means or field.values:
        return
    written = set(link.values.table.values()) if link.values else set()
    if written <= _WORDS and (written or done.mapping.source.system == CANONICAL):
        done.say("values_untranslated", "warning", "validity", link.target.name, system=target.system)


def _unlisted(done: Run, target: End, column: str) -> None:
    listed = {text.fold(value).strip() for value in target.values}
    texts = done.table.texts(column)
    counts = texts.counts().tolist()
    for place, value in enumerate(map(str, texts.values)):
        if value.strip() and text.fold(value).strip() not in listed:
            done.unknown.setdefault(column, {})[value] = counts[place]
            done.issues.append(
                IssueTable.of(
                    rule="mapping", code="value_unlisted", row=[int(np.argmax(texts.codes == place))], path=target.name,
                    severity="info", dimension="validity", value=[value],
                    params=[{"n": counts[place], "field": target.name}],
                )
            )  # fmt: skip


def record_ids(done: Run) -> list[str | None] | None:
    """Return the id of each row, and say where it is empty."""
    names_of = {"id"} | {
        link.source.name for link in done.mapping.links
        if link.source and link.target and "id" in (link.source.name, link.target.name)
    }  # fmt: skip
    column = next((done.bound.columns[name] for name in sorted(names_of) if name in done.bound.columns), None)
    if column is None:
        return None
    ids = [None if cell is None else str(cell) for cell in done.table.texts(column).rows()]
    rows = [row for row, one in enumerate(ids) if one is None or not one.strip()]
    if rows:
        done.issues.append(
            IssueTable.of(
                rule="mapping", code="id_missing", row=rows, path=column, severity="warning", dimension="completeness"
            )
        )
    return ids
