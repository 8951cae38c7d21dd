"""Rules that say which two records are duplicates: any of some conditions, each of which needs all its criteria."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit import columns as recognition
from crmkit import frames
from crmkit.errors import InvalidValueError, NotFoundError, SchemaError
from crmkit.matching._record_ids import record_ids

from ._find import Reader, find
from ._forms import FORMS, MEASURES
from ._report import RuleReport

if TYPE_CHECKING:
    from crmkit.typing import Frame, RecordKind

__all__ = ["Condition", "DuplicateRules", "Same", "Similar"]


def _fields(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


@attrs.frozen
class Same:
    """Both records have the same value, in any of the fields; a record without a value agrees with none.

    Args:
        fields: Canonical field, or several of which any value of one record may equal any of the other.
        form: What is compared: ``"text"`` (case and blanks aside), ``"cased text"``, ``"digits"``, ``"domain"`` of a
            web address, ``"e-mail domain"``, and keys of single vendors; see the source.
        first: Compare only so many first characters.
        last: Compare only so many last characters.
        otherwise: Fields that stand in where the table has none of ``fields``.
        optional: Leave the criterion out where the table has no such column, instead of the whole condition.
        blank: Two records without a value agree as well; for one field, and beside a criterion that needs a value.

    Raises:
        NotFoundError: No such form.
        InvalidValueError: Less than one character, or ``blank`` with several fields.

    Example:
        >>> str(Condition(Same("name", first=4), Same("domain", form="domain", otherwise="website")))
        'name (first 4) and domain, else website (domain)'

    .. versionadded:: 0.1.0
    """

    fields: tuple[str, ...] = attrs.field(converter=_fields)
    form: str = attrs.field(default="text", kw_only=True)
    first: int | None = attrs.field(default=None, kw_only=True)
    last: int | None = attrs.field(default=None, kw_only=True)
    otherwise: tuple[str, ...] = attrs.field(default=(), converter=_fields, kw_only=True)
    optional: bool = attrs.field(default=False, kw_only=True)
    blank: bool = attrs.field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.blank and len(self.fields) > 1:
            raise InvalidValueError("blank is about one field; name it alone")
        if self.form not in FORMS:
            raise NotFoundError.of("form", self.form, sorted(FORMS))
        if any(size is not None and size < 1 for size in (self.first, self.last)):
            raise InvalidValueError("first and last are numbers of characters, 1 or more")

    def key(self, raw: str) -> str | None:
        """Return what is compared of one value; ``None`` where nothing is left."""
        found = FORMS[self.form](raw)
        if found is not None and self.first is not None:
            found = found[: self.first]
        return found[-self.last :] if found is not None and self.last is not None else found


@attrs.frozen
class Similar:
    """Two values are alike; stands in a condition beside something that is the same, or in rules with match keys.

    Args:
        field: Canonical field.
        measure: ``"first name"``, ``"last name"``, ``"company"``, ``"title"`` or ``"starts with"``.
        least: From which measure on, 0..100.
        blank: Whether it holds where one of the records has no value.
        against: The field of the other record that it is compared with, both ways; the same field without it.

    Example:
        >>> Similar("company_name", measure="company", least=70).least
        70

    .. versionadded:: 0.1.0
    """

    field: str
    measure: str = attrs.field(kw_only=True)
    least: float = attrs.field(default=100.0, kw_only=True)
    blank: bool = attrs.field(default=False, kw_only=True)
    against: str | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise NotFoundError.of("measure", self.measure, sorted(MEASURES))

    def holds(self, a: str | None, b: str | None) -> bool:
        """Whether two values are alike."""
        if a is None or b is None:
            return self.blank
        return MEASURES[self.measure](a, b) >= self.least


@attrs.frozen(init=False)
class Condition:
    """All of some criteria.

    Example:
        >>> len(Condition(Same("full_name"), Same("email")).criteria)
        2

    .. versionadded:: 0.1.0
    """

    criteria: tuple[Same | Similar, ...]

    def __init__(self, *criteria: Same | Similar) -> None:
        if not criteria:
            raise InvalidValueError("a condition needs a criterion")
        self.__attrs_init__(criteria)

    def __str__(self) -> str:
        return " and ".join(_said(one) for one in self.criteria)


def _said(one: Same | Similar) -> str:
    if isinstance(one, Similar):
        against = "" if one.against is None else f" and {one.against} exchanged"
        return f"{one.field}{against} ({one.measure} >= {one.least:g})"
    how = "" if one.form == "text" else f" ({one.form})"
    if one.first is not None:
        how += f" (first {one.first})"
    if one.last is not None:
        how += f" (last {one.last})"
    if one.blank:
        how += " (blank or not)"
    return " or ".join(one.fields) + (f", else {' or '.join(one.otherwise)}" if one.otherwise else "") + how


def _usable(condition: Condition, reader: Reader) -> Condition | None:
    """Return a condition without optional criteria that a table has no column for; ``None`` where one is needed."""
    kept = [one for one in condition.criteria if reader.has(one) or not (isinstance(one, Same) and one.optional)]
    return Condition(*kept) if all(map(reader.has, kept)) else None


@attrs.frozen(kw_only=True)
class DuplicateRules:
    """Which two records are duplicates: any of the conditions.

    Attributes:
        name: Of the vendor, or what you like.
        kind: Record kind.
        conditions: Any of them makes two records duplicates.
        keys: Match keys: only records that share one are compared at all; none where every condition has a criterion
            of its own that must be the same.
        source: Where the rules are written down.
        notes: Where they are approximate, and what the vendor does beside them.

    Example:
        >>> rules = DuplicateRules(name="ours", kind="contact", conditions=(Condition(Same("email", first=8)),))
        >>> people = [{"id": 1, "email": "ann.lee@a.example"}, {"id": 2, "email": "ann.lee@b.example"}]
        >>> rules.find(people).pairs
        [{'left': 1, 'right': 2, 'condition': 'email (first 8)'}]

    .. versionadded:: 0.1.0
    """

    name: str
    kind: RecordKind
    conditions: tuple[Condition, ...]
    keys: tuple[Condition, ...] = ()
    source: str = ""
    notes: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        if not self.conditions:
            raise InvalidValueError("rules need a condition")
        for condition in self.conditions:
            if not self.keys and not any(
                isinstance(one, Same) and not (one.blank or one.optional) for one in condition.criteria
            ):
                raise InvalidValueError(f"condition {str(condition)!r} compares everything with everything; add keys")

    def __str__(self) -> str:
        lines = [f"{self.name}, {self.kind}: two records are duplicates if they agree on"]
        lines += [f"  {'or ' if place else ''}{condition}" for place, condition in enumerate(self.conditions)]
        if self.keys:
            lines.append("and share a match key: " + "; ".join(map(str, self.keys)))
        lines += [f"source: {self.source}"] if self.source else []
        return "\n".join([*lines, *self.notes])

    def find(self, frame: Frame, *, key: str | None = None) -> RuleReport:
        """Find what these rules find in a table.

        Args:
            frame: Any frame; its columns are found as a matcher finds them.
            key: Column with the record ids, as in ``Matcher.dedupe``.

        Returns:
            Pairs with the condition that made each, and clusters of records that hang together by them. A condition
            whose field the table lacks makes none, and a note says so.

        Raises:
            SchemaError: No condition finds its columns, or there is no such key column.

        Note:
            O(records x conditions + pairs).
        """
        table = frames.read(frame)
        columns = recognition.recognize(table, kind=self.kind)
        ids, _, note = record_ids(table, key, columns.key)
        reader = Reader(table, columns)
        usable = [one for condition in self.conditions if (one := _usable(condition, reader)) is not None]
        if not usable:
            wanted = ", ".join(dict.fromkeys(_said(one) for condition in self.conditions for one in condition.criteria))
            raise SchemaError(f"no condition of {self.name!r} finds its columns; looked for {wanted}")
        notes = [f"not used, a field is missing: {one}" for one in self.conditions if _usable(one, reader) is None]
        notes += [f"without what the table does not have: {one}" for one in usable if one not in self.conditions]
        keys = [one for condition in self.keys if (one := _usable(condition, reader)) is not None]
        if self.keys and not keys:
            raise SchemaError(f"no match key of {self.name!r} finds its columns")
        found = find(reader, usable, keys)
        return RuleReport(
            rules=self,
            record_ids=list(ids),
            rows=found.pairs,
            conditions=found.conditions,
            used=tuple(map(str, usable)),
            labels=found.labels,
            notes=(*([note] if note else []), *notes, *found.notes, *self.notes),
            like=table,
        )
