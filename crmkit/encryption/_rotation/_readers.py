"""What a migration reads: plaintext, Fernet, sqlalchemy-utils. Old formats are opened by their own libraries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeAlias

from crmkit.encryption._octets import _token
from crmkit.errors import DecryptionError, DoubleEncryptionError, InvalidValueError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet, MultiFernet

Reader: TypeAlias = Callable[[Any], object]
"""Stored cell -> value of the field's type; raises an error of crmkit for what it cannot read."""


def from_plaintext(*, type: Any = str) -> Reader:  # noqa: A002 - the word that Field uses
    """Return a reader of a column that was not encrypted.

    Args:
        type: The field's type; text in the column is read as that type where it is another.

    Raises:
        InvalidValueError: By the reader, for a cell that is not of the type.

    Example:
        >>> from_plaintext(type=int)("17")
        17

    .. versionadded:: 0.1.0
    """

    def read(stored: Any) -> object:
        if isinstance(stored, str) and _token.looks_like_token(stored):
            raise DoubleEncryptionError("a token where plaintext was expected", rule="double_encryption")
        return _typed(stored, type)

    return read


def from_fernet(fernet: Fernet | MultiFernet, *, type: Any = str) -> Reader:  # noqa: A002 - the word that Field uses
    """Return a reader of Fernet tokens.

    Args:
        fernet: The ``Fernet`` or ``MultiFernet`` of the library ``cryptography`` with the keys in use.
        type: The field's type.

    Raises:
        DecryptionError: By the reader, for what the keys do not open.

    Example:
        >>> from cryptography.fernet import Fernet
        >>> fernet = Fernet(Fernet.generate_key())
        >>> from_fernet(fernet)(fernet.encrypt(b"Ana"))
        'Ana'

    .. versionadded:: 0.1.0
    """
    from cryptography.fernet import InvalidToken

    def read(stored: Any) -> object:
        try:
            data = fernet.decrypt(stored)
        except (InvalidToken, TypeError):
            raise DecryptionError("this Fernet token cannot be opened with these keys") from None
        return data if type is bytes else _typed(_text(data), type)

    return read


def from_sqlalchemy_utils(column_type: Any, *, type: Any = str) -> Reader:  # noqa: A002 - the word that Field uses
    """Return a reader of columns of ``sqlalchemy_utils.EncryptedType`` and ``StringEncryptedType``.

    Args:
        column_type: The type object that the model uses today, with its key and engine; it decrypts its own cells.
        type: The field's type.

    Raises:
        DecryptionError: By the reader, for what it does not open.

    Example:
        >>> class Old:
        ...     def process_result_value(self, value, dialect):
        ...         return value[::-1]
        >>> from_sqlalchemy_utils(Old())("anA")
        'Ana'

    .. versionadded:: 0.1.0
    """

    def read(stored: Any) -> object:
        try:
            value = column_type.process_result_value(stored, None)
        except Exception:  # noqa: BLE001 - its engines raise many kinds, some with the value in the message
            failed = True
        else:
            failed = False
        if failed:
            raise DecryptionError("this cell cannot be opened with the column's old type")
        return _typed(value, type)

    return read


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass  # and raise outside, as below: Python's error holds the value
    raise InvalidValueError("what was decrypted is no UTF-8 text")


def _typed(value: Any, kind: Any) -> object:
    """Read text as the field's type where it is another."""
    if not isinstance(value, str) or kind is str:
        return value
    try:
        if kind is int:
            return int(value)
        if kind is Decimal:
            return Decimal(value)
        if kind is dt.date:
            return dt.date.fromisoformat(value)
        if kind is dt.datetime:
            return dt.datetime.fromisoformat(value)
    except (ValueError, InvalidOperation):
        pass
    else:
        return value
    raise InvalidValueError(f"the cell is no {kind.__name__}")
