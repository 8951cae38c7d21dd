"""What is encrypted: one column of one table, how its values look, and where it may be searched."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs

from crmkit import masking
from crmkit.encryption._octets import _token
from crmkit.encryption._octets._frame import CODECS, Framer
from crmkit.errors import NotFoundError, RefusedError

from . import _normalizers
from ._index import Index, check_together
from ._leak import check_accept

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ._leak import AcceptedLeak

_SHORT: Final = {bool: 16, dt.date: 16}
_MASKS: Final[Mapping[str, masking.Kind]] = {"email-v1": "email", "e164-v1": "phone", "name-v1": "name"}
_SUITES: Final[tuple[object, ...]] = (_token.RANDOM, _token.COMMITTING)
_ENCODINGS: Final[tuple[object, ...]] = ("text", "raw")
_NO_SECRET: Final = {bool: "a bool has two values", dt.date: "there are 36,525 dates in a century"}


def _indexes(given: Iterable[Index]) -> tuple[Index, ...]:
    found = (given,) if isinstance(given, Index) else tuple(given)
    if not all(isinstance(one, Index) for one in found):
        raise RefusedError("indexes= takes indexes, such as [Index.unique()]", rule="index")
    return found


def _names(given: Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


# Defaults that hang on other settings. They are factories, because type checkers other than mypy take an attribute
# whose default a decorator adds later for one that must be given.
def _own_name(field: Field) -> str:
    return field.name.rpartition(".")[2]


def _by_type(field: Field) -> str:
    return "text-v1" if field.type is str else "exact-v1"


def _by_normalizer(field: Field) -> masking.Kind:
    return _MASKS.get(field.normalizer, "full")


@attrs.frozen
class Field:
    """One encrypted column.

    Args:
        name: ``"table.field"``. The crypto name: it goes into keys and tokens, so it stays when SQL names change.
        type: ``str``, ``bytes``, ``int``, ``Decimal``, ``bool``, ``date``, ``datetime`` or ``"json"``.
        column: Key in records and prefix of index columns; by default the part of the name behind the point.
        normalizer: Normal form for indexes and comparisons: ``"email-v1"``, ``"e164-v1"``, ``"digits-v1"``,
            ``"text-v1"``, ``"name-v1"`` or ``"exact-v1"``; by default ``text-v1`` for text, ``exact-v1`` for others.
        country: For ``e164-v1``: where national numbers are dialed.
        bucket: Plaintexts are padded to a multiple of so many bytes; ``None`` pads nothing and shows every length.
        fixed: Instead of ``bucket``: no value has more bytes, and every token is as long as the longest needs.
        suite: 1 (AES-SIV), or 3 (Cobblestone-256, which commits to key and context; slower and 40 bytes longer).
        deterministic: Equal values give equal tokens, bound to the field only; for joins in a database. Needs a column
            with many different values, or ``accept``.
        bind_record: Whether a token opens only for the record it was made for.
        bound: Further columns whose values a token is bound to: those that a permission check reads, such as
            ``("owner_id",)``. Who may write to the database cannot give the row another owner and have it read; and a
            change of owner is a ``rebind``.
        subject: Whether values are encrypted under a key of the person they are about, which can be shredded.
        hide_null: Whether missing values become tokens too; else ``None`` stays NULL.
        indexes: Blind indexes.
        mask: What somebody sees who may only see the mask; by default that of the normalizer, else ``"full"``.
        encoding: ``"text"``, or ``"raw"`` for BYTEA and BLOB columns.
        accept: Why a leak that would be refused is acceptable.

    Raises:
        RefusedError: Settings that would not protect what they seem to; ``.rule`` names the reason.
        NotFoundError: An unknown normalizer or mask.

    Example:
        >>> Field("contacts.email", normalizer="email-v1", indexes=[Index.unique()]).index_columns
        {'unique': 'email_unique'}

    .. versionadded:: 0.1.0
    """

    name: str
    type: Any = attrs.field(default=str, kw_only=True)
    column: str = attrs.field(default=attrs.Factory(_own_name, takes_self=True), kw_only=True)
    normalizer: str = attrs.field(default=attrs.Factory(_by_type, takes_self=True), kw_only=True)
    country: str | None = attrs.field(default=None, kw_only=True)
    bucket: int | None = attrs.field(default=32, kw_only=True)
    fixed: int | None = attrs.field(default=None, kw_only=True)
    suite: Literal[1, 3] = attrs.field(default=1, kw_only=True)
    deterministic: bool = attrs.field(default=False, kw_only=True)
    bind_record: bool = attrs.field(default=True, kw_only=True)
    bound: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_names)
    subject: bool = attrs.field(default=False, kw_only=True)
    hide_null: bool = attrs.field(default=False, kw_only=True)
    indexes: tuple[Index, ...] = attrs.field(default=(), kw_only=True, converter=_indexes)
    mask: masking.Kind = attrs.field(default=attrs.Factory(_by_normalizer, takes_self=True), kw_only=True)
    encoding: Literal["text", "raw"] = attrs.field(default="text", kw_only=True)
    accept: AcceptedLeak | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        table, point, own = self.name.rpartition(".")
        if not (table and point and own) or not self.name.isprintable():
            raise RefusedError(f"{self.name!r} is no crypto name; write 'table.field'", rule="name")
        if self.type not in CODECS:
            known = [kind if isinstance(kind, str) else getattr(kind, "__name__", "") for kind in CODECS]
            raise RefusedError(f"no type {self.type!r}; there are {', '.join(known)}", rule="type")
        _normalizers.check_name(self.normalizer, self.country)
        masking.disclosure(self.mask)
        check_accept(self.accept)
        self._check_padding()
        self._check_mode()
        check_together(self.indexes, self.name)
        if self.type in _NO_SECRET and any(index.accept is None and not index.others for index in self.indexes):
            raise RefusedError(
                f"{self.name}: {_NO_SECRET[self.type]}, so an index tells them apart; say why that is acceptable with "
                "accept=AcceptedLeak(...) on the index",
                rule="low_entropy",
            )
        if self.hide_null and any(index.accept is None for index in self.indexes):
            raise RefusedError(
                f"{self.name}: hide_null hides nothing beside an index, whose column is NULL for a missing value; "
                "say why that is acceptable with accept=AcceptedLeak(...) on the index",
                rule="hide_null",
            )
        by_name = [index for index in self.indexes if "name-v1" in {index.normalizer, self.normalizer}]
        if any(index.accept is None and not index.others for index in by_name):
            raise RefusedError(
                f"{self.name}: a few surnames are so common that their rows can be told; say why that is acceptable "
                "with accept=AcceptedLeak(...) on the index, or use Index.compound",
                rule="low_entropy",
            )

    def _check_padding(self) -> None:
        if self.type in _SHORT and self.fixed is None:
            object.__setattr__(self, "bucket", _SHORT[self.type])
        for what, size in (("bucket", self.bucket), ("fixed", self.fixed)):
            if size is not None and (type(size) is not int or size < 1):
                raise RefusedError(f"{what} is a number of bytes above 0, or None", rule="padding")
        if self.bucket is not None and self.bucket % 16:
            raise RefusedError("bucket is a multiple of 16", rule="padding")

    def _check_mode(self) -> None:
        if self.suite not in _SUITES:
            raise RefusedError("suite is 1 or 3; for suite 2 say deterministic=True", rule="suite")
        if not all(type(name) is str and name for name in self.bound) or len(set(self.bound)) < len(self.bound):
            raise RefusedError("bound names columns, each once", rule="bound")
        if self.encoding not in _ENCODINGS:
            raise RefusedError("encoding is 'text' or 'raw'", rule="encoding")
        if self.deterministic:
            if self.subject or self.bound or self.suite != _token.RANDOM:
                raise RefusedError("deterministic goes with neither subject, bound nor suite 3", rule="deterministic")
            if self.type in _NO_SECRET and self.accept is None:
                raise RefusedError(
                    f"{self.name}: {_NO_SECRET[self.type]}, so deterministic tokens hide nothing; say why that is "
                    "acceptable with accept=AcceptedLeak(...)",
                    rule="low_entropy",
                )

    @property
    def table(self) -> str:
        """The part of the name before the last point."""
        return self.name.rpartition(".")[0]

    @property
    def number(self) -> int:
        """The suite that writes: 1, 2 or 3."""
        return _token.DETERMINISTIC if self.deterministic else self.suite

    @property
    def framer(self) -> Framer:
        """How values become padded plaintext."""
        return Framer(self.type, self.bucket, self.fixed, self.hide_null)

    @property
    def index_columns(self) -> dict[str, str]:
        """The column of each index, by the index's name."""
        return {index.name: f"{self.column}_{index.name}" for index in self.indexes}

    def index(self, name: str | None = None) -> Index:
        """Return an index by its name; without one, the only index.

        Raises:
            NotFoundError: No such index, or several and none was named; what was given is not shown.
        """
        if name is None and len(self.indexes) == 1:
            return self.indexes[0]
        for index in self.indexes:
            if index.name == name:
                return index
        raise NotFoundError.of("index", name, [index.name for index in self.indexes], shown=False)

    def token_length(self, value_bytes: int) -> int:
        """Return how long the token of a value of so many bytes is: characters, or bytes where ``encoding="raw"``.

        Example:
            >>> Field("contacts.email").token_length(20), Field("contacts.email", encoding="raw").token_length(20)
            (115, 82)
        """
        raw = _token.HEADER_BYTES + _token.OVERHEAD[self.number] + self.framer.size(value_bytes)
        return raw if self.encoding == "raw" else len(_token.MARKER) + -(-raw * 4 // 3)


def field_items(field: Field, tenant: str) -> tuple[str | int, ...]:
    """Return the list that a field's key, and its tag, are derived with."""
    label = "det" if field.deterministic else "field"
    return (label, field.number, tenant, field.table, field.name.rpartition(".")[2])
