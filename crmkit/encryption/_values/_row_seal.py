"""A seal over the columns of one row, so that a cell that was emptied or exchanged is noticed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import attrs
import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from crmkit._canonical import encode_parts
from crmkit.encryption._keys._derive import TAG_BYTES, derive, key_tag
from crmkit.encryption._octets import _token
from crmkit.encryption._octets._frame import decimal_text, from_json, utf8
from crmkit.encryption._octets._record_id import record_bytes
from crmkit.errors import (
    IntegrityError,
    InvalidValueError,
    KeyDestroyedError,
    RefusedError,
    SchemaError,
    TokenFormatError,
    UnknownKeyError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.encryption._keys._keyset import Keyset
    from crmkit.encryption._octets._record_id import RecordType

MARKER: Final = "crmr1."
_LENGTH: Final = len(MARKER) + (TAG_BYTES + 32) * 4 // 3


def _names(given: Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


@attrs.frozen
class RowSeal:
    """A seal over columns of a row, kept in a column of its own.

    A token by itself says nothing of the cells beside it: somebody who may write to the database can set a cell to
    NULL, or put an older token of the same cell back. A box with ``row_seal=`` writes the seal with :meth:`Box.seal`
    and checks it in :meth:`Box.open`. It covers values as the application has them, those of encrypted fields too, so
    rotating keys leaves it valid; write the rows anew before a data key is destroyed. A whole older row with its seal
    still fits: put a version among the columns and keep the newest number elsewhere, as in a backup's manifest. A
    :class:`GuardedBox` cannot check it, because it does not decrypt what nobody may see.

    Args:
        table: The crypto name of the table; it goes into the key.
        columns: What is covered besides the record; values are text, bytes, int, Decimal, bool, date, datetime, UUID,
            lists and dicts of JSON, or missing.
        column: Where the seal is kept.

    Raises:
        RefusedError: No columns, or one twice.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from crmkit.encryption import Field, Keyring, LocalKeyFile, RowSeal
        >>> folder = Path(tempfile.mkdtemp())
        >>> ring = Keyring.create(folder / "acme.keyset", wrapper=LocalKeyFile.create(folder / "kek.key"))
        >>> seal = RowSeal("contacts", ["email", "owner_id", "version"])
        >>> box = ring.box([Field("contacts.email")], row_seal=seal)
        >>> row = box.seal({"id": 1, "email": "ana@example.com", "owner_id": 7, "version": 1})
        >>> box.open(row)["email"]
        'ana@example.com'
        >>> box.open({**row, "email": None})
        Traceback (most recent call last):
        ...
        crmkit.errors.IntegrityError: the row is not what was sealed: a cell was changed, exchanged or emptied

    .. versionadded:: 0.1.0
    """

    table: str
    columns: tuple[str, ...] = attrs.field(converter=_names)
    column: str = attrs.field(default="row_seal", kw_only=True)

    def __attrs_post_init__(self) -> None:
        names = (*self.columns, self.column)
        if not self.table or not self.columns or len(set(names)) < len(names):
            raise RefusedError("a row seal has a table and columns, each once, and a column of its own", rule="name")

    def make(self, keyset: Keyset, row: Mapping[str, Any], record: object, kind: RecordType | None) -> str:
        """Return the seal of a row of plain values, under the data key that writes."""
        key = keyset.active("data")
        tag = key_tag(key.tags, self._items(keyset))
        return MARKER + _token.encode_body(tag + self._mac(keyset, key.reveal(), tag, row, record, kind).finalize())

    def check(
        self, keyset: Keyset, row: Mapping[str, Any], seal: object, record: object, kind: RecordType | None
    ) -> None:
        """Compare a row of plain values with its seal.

        Raises:
            IntegrityError: They do not belong together, or there is no seal.
            TokenError: It is no seal, or of a key that is not here any more.
        """
        tag, mac = _read(seal)
        for key in keyset.of("data"):
            if key_tag(key.tags, self._items(keyset)) != tag:
                continue
            if key.state == "destroyed":
                raise KeyDestroyedError(f"the key {tag.hex()} of this row seal was destroyed", key_tag=tag.hex())
            try:
                self._mac(keyset, key.reveal(), tag, row, record, kind).verify(mac)
            except InvalidSignature:
                raise _broken("the row is not what was sealed: a cell was changed, exchanged or emptied") from None
            return
        raise UnknownKeyError(f"no key {tag.hex()} here; the row seal is of another table or tenant", key_tag=tag.hex())

    def is_current(self, keyset: Keyset, seal: object) -> bool:
        """Say whether the data key that writes made the seal."""
        return _read(seal)[0] == key_tag(keyset.active("data").tags, self._items(keyset))

    def _items(self, keyset: Keyset) -> tuple[str, ...]:
        return ("row-seal", keyset.tenant, self.table)

    def _mac(
        self, keyset: Keyset, root: bytes, tag: bytes, row: Mapping[str, Any], record: object, kind: RecordType | None
    ) -> HMAC:
        pieces = [b"crmkit-rowseal/1", tag, record_bytes(record, kind)]
        for name in self.columns:
            if name not in row:
                raise SchemaError(f"the row has no column {name!r}, which its seal covers")
            pieces += [name.encode(), _cell(name, row[name])]
        mac = HMAC(derive(root, 32, *self._items(keyset)), SHA256())
        mac.update(encode_parts(pieces))
        return mac


def _broken(what: str) -> IntegrityError:
    return IntegrityError(what)


def _read(seal: object) -> tuple[bytes, bytes]:
    if seal is None:
        raise _broken("the row has no seal: it was taken away, or never written")
    if not isinstance(seal, str) or not seal.startswith(MARKER) or len(seal) != _LENGTH:
        raise TokenFormatError("not a row seal")
    raw = _token.decode_body(seal[len(MARKER) :])
    return raw[:TAG_BYTES], raw[TAG_BYTES:]


def _cell(name: str, value: Any) -> bytes:
    """Return a value as octets that no other value has; one value has one form, whatever a database made of it."""
    if value is None:
        return b"n"
    if isinstance(value, str):
        data = utf8(value)
        if data is None:
            raise InvalidValueError(f"column {name!r} has a lone surrogate, which has no UTF-8 form")
        return b"s" + data
    if isinstance(value, bool | np.bool_):
        return b"?1" if value else b"?0"
    if isinstance(value, int | np.integer):
        return b"i%d" % int(value)
    if isinstance(value, Decimal) and value.is_finite():
        return b"d" + decimal_text(value).encode()
    if isinstance(value, dt.datetime):
        return b"T" + (value if value.tzinfo is None else value.astimezone(dt.UTC)).isoformat().encode()
    if isinstance(value, dt.date):
        return b"D" + value.isoformat().encode()
    if isinstance(value, UUID):
        return b"u" + value.bytes
    if isinstance(value, bytes | bytearray | memoryview):
        return b"b" + bytes(value)
    if isinstance(value, list | tuple | dict):
        return b"j" + from_json(value)
    raise RefusedError(
        f"a row seal cannot cover {name!r}: a {type(value).__name__} has no one exact form; leave the column out",
        rule="type",
    )
