"""What SQLAlchemy models need, without SQLAlchemy until it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit._optional import require

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement
    from sqlalchemy.types import TypeEngine

    from crmkit.encryption._boxes._box import Box
    from crmkit.encryption._fields._field import Field


class Sealed:
    """A token as it came out of a query that did not load whole objects; ``box.decrypt`` opens ``.token``.

    .. versionadded:: 0.1.0
    """

    __slots__ = ("token",)

    def __init__(self, token: str | bytes) -> None:
        self.token = token

    def __repr__(self) -> str:
        return "<Sealed token>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and self.token == other.token

    def __hash__(self) -> int:
        return hash(self.token)


def encrypted_type(
    field: Field | str, box: Box | Callable[[], Box], *, record: str = "id", index_prefix: str | None = None
) -> TypeEngine[Any]:
    """Return the SQLAlchemy column type of an encrypted field.

    Objects hold plaintext, the database tokens. Index columns are found among the mapped columns by their names and
    filled with every flush. ``==`` and ``in_`` search by the unique index; ``<``, ``LIKE``, ``desc()`` and whatever
    else ciphertext cannot answer raise when the query is built. Bulk statements with plaintext are refused. What a
    field is ``bound`` to are mapped attributes of those names; a change of one encrypts anew.

    Args:
        field: Which field, or its name; not one with ``subject=True``, whose person a column cannot know.
        box: Encrypts and decrypts; or a function that returns the box of the moment, asked whenever one is needed, for
            services that define their models before they have their keys, or have a box for each tenant. Then
            ``field`` is a `Field`.
        record: The mapped attribute that names the record: the primary key, with a Python-side default such as
            ``uuid4``, because a token is bound to it before the row is there.
        index_prefix: Index columns are ``<prefix>_<index>``; ``None``: the column of the field.

    Raises:
        MissingDependencyError: SQLAlchemy is not installed.
        RefusedError: The field is under the keys of persons, or named by text while the box is not there yet.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from crmkit.encryption import Field, Keyring, LocalKeyFile
        >>> folder = Path(tempfile.mkdtemp())
        >>> ring = Keyring.create(folder / "acme.keyset", wrapper=LocalKeyFile.create(folder / "kek.key"))
        >>> email = Field("contacts.email")
        >>> encrypted_type(email, ring.box([email]))
        EncryptedType('contacts.email')

    .. versionadded:: 0.1.0
    """
    require("sqlalchemy", extra="sql", what="encrypted_type")
    from ._type import EncryptedType

    return EncryptedType(field, box, record=record, index_prefix=index_prefix)


def candidates(attribute: Any, value: object, *, index: str) -> ColumnElement[bool]:
    """Return the SQLAlchemy condition for rows that may hold a value, by any index of a mapped attribute.

    Every index but ``unique`` has false candidates by design: compare what is loaded, as in
    ``[contact for contact in found if contact.email == value]``.

    Args:
        attribute: Such as ``Contact.email``.
        value: What is looked for, or the part of it that the index is of.
        index: The index's name.

    Raises:
        MissingDependencyError: SQLAlchemy is not installed.
        RefusedError: The attribute is not an encrypted column.
        NotFoundError: The field has no such index, or the table no column for it.

    Example:
        >>> candidates.__name__  # docs/how-to/encrypt-columns-with-sqlalchemy.md has a query
        'candidates'

    .. versionadded:: 0.1.0
    """
    require("sqlalchemy", extra="sql", what="candidates")
    from ._type import condition

    return condition(attribute, value, index)
