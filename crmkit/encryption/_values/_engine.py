"""Behind the box: keys ready for use, and columns cut up by the person whose key they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from crmkit import frames
from crmkit.encryption._fields._field import Field
from crmkit.encryption._fields._leak import Spread
from crmkit.encryption._octets import _record_id
from crmkit.errors import CrmkitError, InvalidValueError, RefusedError, SchemaError, ShapeError

from ._blind import BlindIndex
from ._cipher import FieldCipher
from ._subjects import SubjectKeys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from crmkit.encryption._boxes._keyring import Keyring
    from crmkit.encryption._keys._keyset import Keyset
    from crmkit.encryption._octets._record_id import RecordType
    from crmkit.typing import Frame

    from ._subjects import SubjectStore


@attrs.frozen
class _Keys:
    """Everything derived from one generation of the keyring; replaced as a whole, so threads never see a mixture."""

    keyset: Keyset
    ciphers: dict[str, FieldCipher]
    indexes: dict[tuple[str, str], BlindIndex]

    @classmethod
    def of(cls, fields: Sequence[Field], keyset: Keyset) -> _Keys:
        return cls(
            keyset,
            {field.name: FieldCipher.of(field, keyset) for field in fields if not field.subject},
            {(field.name, index.name): BlindIndex(field, index, keyset) for field in fields for index in field.indexes},
        )


class Engine:
    """Finds the cipher and the octets of the record for each call of a box."""

    def __init__(
        self,
        ring: Keyring,
        fields: Sequence[Field],
        *,
        store: SubjectStore | None,
        record_type: RecordType | None,
        subject_ttl: timedelta,
    ) -> None:
        self._ring = ring
        self._fields = fields
        self._record_type = record_type
        self._keys = _Keys.of(fields, ring.keyset)
        self._judged: set[tuple[str, str]] = set()
        self._subjects = None if store is None else SubjectKeys(store, lambda: ring.keyset, ttl=subject_ttl)

    @property
    def keys(self) -> _Keys:
        """The keys of this moment, derived anew where the keyring has changed."""
        keys = self._keys
        if keys.keyset is not self._ring.keyset:
            keys = self._keys = _Keys.of(self._fields, self._ring.keyset)
        return keys

    @property
    def subjects(self) -> SubjectKeys:
        """The keys of persons, or `RefusedError`."""
        if self._subjects is None:
            raise RefusedError("this box has no subjects=", rule="subjects")
        return self._subjects

    def blind(self, field: Field, index: str) -> BlindIndex:
        """Return one index under its keys."""
        return self.keys.indexes[field.name, index]

    def cipher(self, field: Field, subject: str | None, *, create: bool) -> FieldCipher:
        """Return the cipher of a field, and for a subject field of the person."""
        if not field.subject:
            return self.keys.ciphers[field.name]
        if subject is None:
            raise RefusedError(f"{field.name} is encrypted for a person: give subject=", rule="subject_missing")
        return self.subjects.ciphers(field, [subject], create=create)[subject]

    def record(self, field: Field, record: object, bound: Mapping[str, object] | None = None) -> bytes:
        """Return the octets of a record id, and of what else the field is bound to."""
        _check_bound(field, bound)
        own = _record_id.UNBOUND
        if field.bind_record and not field.deterministic:
            own = _record_id.record_bytes(record, self._record_type)
        return _record_id.with_bound(own, [bound[name] for name in field.bound]) if bound else own

    def records(
        self, field: Field, records: Frame | None, total: int, bound: Mapping[str, Frame] | None = None
    ) -> list[bytes]:
        """Return the octets of a column of record ids, and of the columns that the field is bound to besides.

        The box has made sure by `check_rows` that all are of the same rows.
        """
        _check_bound(field, bound)
        own = self._own_records(field, records, total)
        if not bound:
            return own
        more: list[list[Any]] = [
            frames.read_column(bound[name], what=f"bound column {name!r}").values for name in field.bound
        ]
        return [_record_id.with_bound(record, row) for record, *row in zip(own, *more, strict=True)]

    def _own_records(self, field: Field, records: Frame | None, total: int) -> list[bytes]:
        if not field.bind_record or field.deterministic:
            return [_record_id.UNBOUND] * total
        if records is None:
            raise RefusedError(f"{field.name} is bound to its record: give records=", rule="record_missing")
        return _record_id.many(frames.read_column(records, what="column of records").values, self._record_type)

    def _by_subject(self, field: Field, subjects: Frame | None, total: int) -> dict[str, list[int]]:
        if subjects is None:
            raise RefusedError(f"{field.name} is encrypted for persons: give subjects=", rule="subject_missing")
        column: list[Any] = frames.read_column(subjects, what="column of subjects").values
        if len(column) != total:
            raise ShapeError("one subject for each value", expected=total, actual=len(column))
        rows: dict[str, list[int]] = {}
        for row, subject in enumerate(column):
            rows.setdefault(subject, []).append(row)
        return rows

    def seal_many(
        self, field: Field, values: Sequence[object], records: Sequence[bytes], subjects: Frame | None
    ) -> list[Any]:
        """Return the tokens of a column."""
        if not field.subject:
            return list(self.cipher(field, None, create=True).seal_many(values, records))
        rows = self._by_subject(field, subjects, len(values))
        wanted = [
            subject for subject, places in rows.items()
            if field.hide_null or any(values[row] is not None for row in places)
        ]  # fmt: skip
        found: list[Any] = [None] * len(values)
        for subject, cipher in self.subjects.ciphers(field, wanted, create=True).items():
            for row in rows[subject]:
                found[row] = cipher.seal(values[row], records[row])
        return found

    def open_many(
        self,
        field: Field,
        tokens: Sequence[object],
        records: Sequence[bytes],
        subjects: Frame | None,
        failed: dict[int, CrmkitError],
    ) -> list[object]:
        """Return the values of a column of tokens; errors by row end up in ``failed``."""
        if not field.subject:
            return self.cipher(field, None, create=False).open_many(tokens, records, failed)
        found: list[object] = [None] * len(tokens)
        for subject, rows in self._by_subject(field, subjects, len(tokens)).items():
            places = [row for row in rows if tokens[row] is not None]
            if not places:
                continue
            try:
                cipher = self.subjects.ciphers(field, [subject], create=False)[subject]
            except CrmkitError as error:
                failed.update(dict.fromkeys(places, error.with_traceback(None)))
                continue
            own: dict[int, CrmkitError] = {}
            values = cipher.open_many([tokens[row] for row in places], [records[row] for row in places], own)
            for row, value in zip(places, values, strict=True):
                found[row] = value
            failed.update({places[at]: error for at, error in own.items()})
        return found

    def judge(self, field: Field, index: str, values: Sequence[Any], what: str) -> None:
        """Refuse a leaky column at the first call that shows enough of it."""
        if (field.name, index) not in self._judged:
            spread = Spread.of(values)
            spread.refuse(what)
            if spread.rows >= Spread.ENOUGH:
                self._judged.add((field.name, index))


def bound_of(field: Field, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a field is bound to in a row besides the record; `SchemaError` where the row lacks it."""
    missing = [name for name in field.bound if name not in row]
    if missing:
        raise SchemaError(f"{field.name} is bound to {missing[0]!r}, and the row has no such column")
    return {name: row[name] for name in field.bound} or None


def check_rows(column: frames.Column, *others: Frame | None) -> None:
    """Refuse columns that are not of the same rows: a value would be bound to another row's record.

    Raises:
        ShapeError: They differ in length, or in the labels of pandas.
    """
    for other in others:
        if other is None:
            continue
        beside = frames.read_column(other, what="column beside it")
        if not column.same_rows(beside):
            raise ShapeError(
                "columns of the same rows wanted: these differ in length or, in pandas, in their index",
                expected=len(column),
                actual=len(beside),
            )


def _check_bound(field: Field, bound: Mapping[str, object] | None) -> None:
    if (bound or field.bound) and set(bound or ()) != set(field.bound):
        raise RefusedError(
            f"{field.name} is bound to {', '.join(field.bound) or 'its record only'}: give bound= with just that",
            rule="bound",
        )


def by_name(fields: Sequence[Field]) -> dict[str, Field]:
    """Return fields by their names and columns, which must all differ."""
    found: dict[str, Field] = {}
    for field in fields:
        given: object = field
        if not isinstance(given, Field):
            raise InvalidValueError(f"the fields of a box are Field objects, and one is a {type(given).__name__}")
        for name in {field.name, field.column}:
            if name in found:
                raise RefusedError(f"two fields of one box are called {name!r}; give one of them column=", rule="name")
            found[name] = field
    return found
