"""The box: what an application holds to encrypt, decrypt, search and erase."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from crmkit import frames
from crmkit.encryption._fields._field import Field
from crmkit.encryption._values import _search
from crmkit.encryption._values._engine import Engine, by_name, check_rows
from crmkit.errors import CrmkitError, InvalidValueError, NotFoundError, RefusedError

from . import _rebind, _shred
from ._audit import Auditor
from ._box_search import _Searches
from ._columns import ColumnOutcome, OnError, collected, first_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from crmkit.encryption._octets._record_id import RecordId, RecordType
    from crmkit.encryption._values._row_seal import RowSeal
    from crmkit.encryption._values._subjects import SubjectStore
    from crmkit.typing import AuditSink, FieldAccess, Frame

    from ._guarded import GuardedBox
    from ._keyring import Keyring
    from ._shred import ErasureReceipt

SUBJECT_TTL: Final = timedelta(seconds=300)


class Box(_Searches):
    """Encrypts the fields of one tenant; made by ``Keyring.box``.

    Safe to share between threads and to keep over a fork: a box has no counters and draws its nonces from the system.

    Args:
        ring: The tenant's keys; when they are rotated, the box goes on with the new ones by itself.
        fields: What is encrypted.
        subjects: Where the keys of persons are, for fields with ``subject=True``.
        audit: Who is told of every call that decrypts, moves or destroys.
        record_type: What record ids must be: ``int``, ``str`` or ``UUID``. Text that is exactly one is read as one, so
            that ``42`` and ``"42"`` cannot become two records.
        row_seal: A seal over columns of each row, which :meth:`seal` writes and :meth:`open` checks.
        require_purpose: Refuse to decrypt outside of ``acting(purpose=...)``.
        subject_ttl: How long a person's key is kept in memory.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from crmkit.encryption import Field, Index, Keyring, LocalKeyFile
        >>> folder = Path(tempfile.mkdtemp())
        >>> ring = Keyring.create(folder / "acme.keyset", wrapper=LocalKeyFile.create(folder / "kek.key"))
        >>> email = Field("contacts.email", normalizer="email-v1", indexes=[Index.unique()])
        >>> box = ring.box([email])
        >>> token = box.encrypt(email, "Ana@example.com", record=42)
        >>> token[:5], box.decrypt(email, token, record=42)
        ('crm1.', 'Ana@example.com')
        >>> box.decrypt(email, token, record=43)
        Traceback (most recent call last):
        ...
        crmkit.errors.DecryptionError: this token cannot be opened here

    .. versionadded:: 0.1.0
    """

    def __init__(
        self,
        ring: Keyring,
        fields: Iterable[Field],
        *,
        subjects: SubjectStore | None = None,
        audit: AuditSink | None = None,
        record_type: RecordType | None = None,
        row_seal: RowSeal | None = None,
        require_purpose: bool = False,
        subject_ttl: timedelta = SUBJECT_TTL,
    ) -> None:
        self.ring = ring
        self.fields = tuple(fields)
        self.row_seal = row_seal
        self.auditor = Auditor(audit, require_purpose)
        self._by_name = by_name(self.fields)
        if subjects is None and any(field.subject for field in self.fields):
            raise RefusedError(
                "a field with subject=True needs subjects=, where the keys of persons are", rule="subjects"
            )
        self.record_type = record_type
        self.engine = Engine(ring, self.fields, store=subjects, record_type=record_type, subject_ttl=subject_ttl)

    @property
    def tenant(self) -> str:
        """Whose data."""
        return self.ring.tenant

    def field(self, field: Field | str) -> Field:
        """Return a field of the box by itself, its name or its column.

        Raises:
            NotFoundError: The box has no such field; what was given is not shown, since it may be the value.
            InvalidValueError: Neither a field nor text.
        """
        given: object = field
        if not isinstance(given, Field | str):
            raise InvalidValueError(f"the field comes first, as a Field or its name, not a {type(given).__name__}")
        name = field if isinstance(field, str) else field.name
        found = self._by_name.get(name)
        if found is None:
            raise NotFoundError.of("field", name, [known.name for known in self.fields], shown=False)
        if not isinstance(field, str) and found is not field and found != field:
            raise NotFoundError(f"the box has a field {name!r} with other settings", name=name)
        return found

    def encrypt(
        self,
        field: Field | str,
        value: object,
        *,
        record: RecordId | None = None,
        subject: str | None = None,
        bound: Mapping[str, object] | None = None,
    ) -> Any:
        """Return the token of one value.

        Args:
            field: Which field.
            value: Of the field's type; ``None`` gives ``None``, unless the field hides missing values.
            record: The record it belongs to; it opens for no other.
            subject: The person it is about, for fields with ``subject=True``.
            bound: For fields with ``bound``: what they are bound to besides, by column, such as ``{"owner_id": 7}``.

        Returns:
            Text, or bytes for ``encoding="raw"``.

        Raises:
            InvalidValueError: Not of the field's type.
            RefusedError: The record is missing, or the value is a token already.
            SubjectShreddedError: The person's key was destroyed.
        """
        field = self.field(field)
        return self.engine.cipher(field, subject, create=True).seal(value, self.engine.record(field, record, bound))

    def decrypt(
        self,
        field: Field | str,
        token: str | bytes | None,
        *,
        record: RecordId | None = None,
        subject: str | None = None,
        bound: Mapping[str, object] | None = None,
    ) -> Any:
        """Return the value of one token; ``None`` for ``None``. Arguments as those of :meth:`encrypt`.

        Raises:
            TokenError: What is wrong shows in the token's header; the class says what.
            DecryptionError: Anything else: another record, changed octets. The two cannot be told apart.
        """
        field = self.field(field)
        self.auditor.check_purpose()
        try:
            where = self.engine.record(field, record, bound)
            value = self.engine.cipher(field, subject, create=False).open(token, where)
        except CrmkitError as error:
            self._tell(field, "decrypt", record, outcome="failed", detail={"error": type(error).__name__})
            raise
        if token is not None:
            self._tell(field, "decrypt", record)
        return value

    def encrypt_column(
        self,
        field: Field | str,
        values: Frame,
        *,
        records: Frame | None = None,
        subjects: Frame | None = None,
        bound: Mapping[str, Frame] | None = None,
    ) -> Any:
        """Return the tokens of a column, as a column of the kind that was passed.

        Args:
            field: Which field.
            values: A Series, array or list.
            records: The record of each value, of the same length.
            subjects: The person of each value, for fields with ``subject=True``.
            bound: The columns that the field is bound to besides, by name, for fields with ``bound``.

        Raises:
            InvalidValueError: A value is not of the field's type; the message names the row, never the value.
            RefusedError: Records are missing, a value is a token already, or the field is deterministic and its values
                are too few or too skewed.
        """
        field = self.field(field)
        column = frames.read_column(values, what="column of values")
        check_rows(column, records, subjects, *(bound or {}).values())
        _search.judge_tokens(self.engine, field, column.values)
        rows = self.engine.records(field, records, len(column), bound)
        return column.like(self.engine.seal_many(field, column.values, rows, subjects))

    def decrypt_column(
        self,
        field: Field | str,
        tokens: Frame,
        *,
        records: Frame | None = None,
        subjects: Frame | None = None,
        bound: Mapping[str, Frame] | None = None,
        on_error: OnError = "raise",
    ) -> Any:
        """Return the values of a column of tokens, as a column of the kind that was passed.

        Args:
            field: Which field.
            tokens: A Series, array or list.
            records: The record of each token.
            subjects: The person of each token, for fields with ``subject=True``.
            bound: As for :meth:`encrypt_column`.
            on_error: ``"raise"`` stops at the first token that cannot be opened; ``"collect"`` gives a
                :class:`ColumnOutcome` with the rows that could not. There is no mode that gives a token back as if it
                were the value.

        Raises:
            SystemicFailureError: With ``"collect"``: more than 10 rows, and more than one in a hundred, failed.
        """
        if on_error not in {"raise", "collect"}:
            raise NotFoundError.of("on_error", on_error, ["raise", "collect"])
        field = self.field(field)
        self.auditor.check_purpose()
        column = frames.read_column(tokens, what="column of tokens")
        check_rows(column, records, subjects, *(bound or {}).values())
        rows = self.engine.records(field, records, len(column), bound)
        failed: dict[int, CrmkitError] = {}
        values = self.engine.open_many(field, column.values, rows, subjects, failed)
        count = len(values) - column.values.count(None)
        self.auditor.tell(
            "decrypt", [field.name], count=count, outcome="failed" if failed else "ok", detail={"failed": len(failed)}
        )
        if failed and on_error == "raise":
            raise first_error(field.name, failed)
        if on_error == "raise":
            return column.like(values)
        return ColumnOutcome(column.like(values), collected(field.name, failed, count))

    def rebind(
        self,
        field: Field | str,
        token: str | bytes | None,
        *,
        record: RecordId | None = None,
        to_record: RecordId | None = None,
        subject: str | None = None,
        to_subject: str | None = None,
        bound: Mapping[str, object] | None = None,
        to_bound: Mapping[str, object] | None = None,
    ) -> Any:
        """Return a token of the same value for another record, person or owner: what a merge of duplicates needs.

        What is not given stays as it was. Where ``to_subject`` is given, the subject store notes that the one person
        turned out to be the other, so that erasing either erases both.
        """
        to = _rebind.Place(to_record, to_subject, to_bound)
        return _rebind.one(self, self.field(field), token, _rebind.Place(record, subject, bound), to)

    def rebind_column(
        self,
        field: Field | str,
        tokens: Frame,
        *,
        records: Frame | None = None,
        to_records: Frame | None = None,
        subjects: Frame | None = None,
        to_subjects: Frame | None = None,
        bound: Mapping[str, Frame] | None = None,
        to_bound: Mapping[str, Frame] | None = None,
    ) -> Any:
        """Return a column of tokens for other records, persons or owners; see :meth:`rebind`.

        Columns that are not given stay as they were. The first token that cannot be opened raises, and then nothing
        has been noted anywhere.
        """
        to = _rebind.Place(to_records, to_subjects, to_bound)
        return _rebind.many(self, self.field(field), tokens, _rebind.Place(records, subjects, bound), to)

    def needs_rewrite(self, field: Field | str, token: str | bytes | None) -> bool:
        """Say whether a token is of an older key: one compare of its public beginning.

        Tokens under a person's key never are: rotating the subject key seals that key anew, and no value changes.
        """
        field = self.field(field)
        return (
            token is not None
            and not field.subject
            and not self.engine.cipher(field, None, create=False).is_current(token)
        )

    def prefix(self, field: Field | str) -> str:
        """Return what every current text token of a field begins with.

        Stale rows are those with ``substr(column, 1, 29) <> prefix`` under a binary collation; never use ``LIKE``,
        for which ``_`` is a wildcard.
        """
        return self.engine.cipher(self.field(field), None, create=False).prefix

    def seal(self, record: Any, *, key: str = "id", subject: str | None = None) -> dict[str, Any]:
        """Return a record with its fields encrypted and index columns added.

        Args:
            record: A dict, attrs or pydantic object, dataclass or named tuple; fields are found by their column.
            key: The column that names the record.
            subject: The person, for fields with ``subject=True``.

        Raises:
            SchemaError: It is no record, or has no such key.
        """
        from ._records import seal

        return seal(self, record, key=key, subject=subject)

    def open(
        self,
        row: Any,
        *,
        key: str = "id",
        subject: str | None = None,
        into: Callable[..., Any] = dict,
        sensitive: bool | None = None,
    ) -> Any:
        """Undo :meth:`seal`: return the record with its fields decrypted, without index columns and row seal.

        Args:
            row: As :meth:`seal` made it, or a row of the database.
            key: The column that names the record.
            subject: The person, for fields with ``subject=True``.
            into: Called with the columns as keywords: ``dict``, or the class of the record.
            sensitive: Whether values are wrapped in :class:`Sensitive`; ``None``: those that ``into`` annotates so.

        Raises:
            IntegrityError: The box has a row seal, and the row is not what was sealed.
        """
        from ._records import open_

        return open_(self, row, key=key, subject=subject, into=into, sensitive=sensitive)

    def for_principal(self, access: FieldAccess) -> GuardedBox:
        """Return a box that asks before it decrypts, and shows a mask or nothing to those who may not read."""
        from ._guarded import GuardedBox

        return GuardedBox(self, access)

    def pseudonym(self, value: object, *, export: str, normalizer: str = "text-v1") -> str | None:
        """Return a name that stands for a value in one export; another export gives another name.

        Args:
            value: Whatever identifies somebody; ``None`` gives ``None``.
            export: Which export: equal values have equal names in it, and it cannot be joined with any other.
            normalizer: The form in which values are equal.
        """
        from crmkit.encryption._values._pseudonyms import pseudonym

        return pseudonym(self.ring.keyset, value, export=export, normalizer=normalizer)

    def shred(self, subject: str, *, now: Callable[[], datetime] | None = None) -> ErasureReceipt:
        """Destroy a person's key, and with it every value that was encrypted for that person, here and in backups.

        Persons that were merged into one another by ``rebind(to_subject=)`` are one.

        Returns:
            What was destroyed, which columns must still be set to NULL, and when the last backup of the key expires.

        Raises:
            NotFoundError: No key was ever made for such a person; nothing is destroyed, and the name is not barred.
        """
        receipt = _shred.shred(self.engine.subjects.store, self.tenant, subject, self.fields, self.row_seal, now)
        self.engine.subjects.evict(receipt.subjects)
        self.auditor.tell(
            "shred", receipt.fields, resource=("subject", subject), count=len(receipt.subjects),
            detail={"destroyed": receipt.destroyed, "still_to_null": list(receipt.still_to_null)},
        )  # fmt: skip
        return receipt

    def rewrap_subjects(self) -> int:
        """Seal every person's key under the subject key that writes now; return how many were not yet.

        What is left to do after ``ring.rotate("subject")``: no value changes.
        """
        return self.engine.subjects.rewrap()

    def __repr__(self) -> str:
        return f"<Box of {self.tenant!r}: {len(self.fields)} fields>"

    def __reduce_ex__(self, _protocol: object) -> Any:
        raise TypeError("a Box is not pickled; load the keyring in the other process and make one there")

    def _tell(self, field: Field, action: str, record: object, **more: Any) -> None:
        if self.auditor.sink is not None:
            named = "" if record is None else str(record)
            self.auditor.tell(action, [field.name], resource=(field.table, named), **more)
