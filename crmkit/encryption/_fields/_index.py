"""Blind indexes: keyed digests beside a token, so that a value can be found without decrypting the column."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import attrs

from crmkit.encryption._octets._frame import decimal_text, from_json
from crmkit.errors import InvalidValueError, NotFoundError, RefusedError

from . import _normalizers
from . import _plan as _index_plan
from ._leak import check_accept

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from ._leak import AcceptedLeak

IndexKind: TypeAlias = Literal["unique", "filter", "compound", "prefix", "last", "domain", "bucket", "tokens"]
"""What is indexed of a value."""

IndexTerm: TypeAlias = "int | str"
"""What an index column holds: an integer of at most 63 bits, or 32 hexadecimal digits for ``unique``."""

UNIQUE_BITS: Final = 128
_MOST_BITS: Final = 63
_ALWAYS_ACCEPT: Final = {
    "domain": "a few mail domains hold most addresses, so rows can be told by how often a term comes",
}


_KINDS: Final = frozenset(get_args(IndexKind))
_STRETCHES: Final[tuple[object, ...]] = (None, "argon2id")
STRETCH_KIB: Final = 4096
STRETCH_ITERATIONS: Final = 3


@attrs.frozen
class Index:
    """One blind index of a field; made by ``unique``, ``filter`` and the others.

    An index leaks which rows share a term. ``unique`` leaks equality in full and finds exactly; the others keep so few
    bits that every term stands for several values, and what a look-up finds must be decrypted and compared.

    Attributes:
        kind: What is indexed.
        name: Distinguishes the indexes of one field; the column is ``<field>_<name>``.
        bits: Length of a term.
        partitions: Each value is written to one of so many partitions at random; a look-up asks for all of them.
        rows: How many rows there are or will be; ``None`` for ``unique``.
        size: Characters for ``prefix`` and ``last``.
        width: Width of a ``bucket``: days for dates, an amount for numbers.
        others: Further columns of a ``compound``.
        normalizer: ``None``: the field's.
        accept: Why a leak that would be refused is acceptable.
        stretch: ``"argon2id"`` makes each term cost about 5 ms instead of 1 µs, for whoever guesses with a stolen index
            key, and for you.

    Example:
        >>> Index.unique()
        Index.unique()
        >>> Index.last(4, rows=1_000_000)
        Index.last(name='last4', bits=14)

    .. versionadded:: 0.1.0
    """

    kind: IndexKind
    name: str
    bits: int
    partitions: int = attrs.field(default=1, kw_only=True)
    rows: int | None = attrs.field(default=None, kw_only=True)
    size: int | None = attrs.field(default=None, kw_only=True)
    width: Decimal | None = attrs.field(default=None, kw_only=True)
    others: tuple[str, ...] = attrs.field(default=(), kw_only=True)
    normalizer: str | None = attrs.field(default=None, kw_only=True)
    accept: AcceptedLeak | None = attrs.field(default=None, kw_only=True)
    stretch: Literal["argon2id"] | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not self.name.isidentifier():
            raise RefusedError(f"{self.name!r} is no name for an index: letters, digits and _", rule="name")
        check_accept(self.accept)
        if self.kind not in _KINDS:
            raise NotFoundError.of("kind of index", self.kind, sorted(_KINDS))
        most = UNIQUE_BITS if self.kind == "unique" else _MOST_BITS
        if type(self.bits) is not int or not 1 <= self.bits <= most or (self.kind == "unique" and self.bits != most):
            raise RefusedError("a term has 1 to 63 bits, for a unique index 128", rule="index_bits")
        if self.partitions not in {1, 2, 4, 8, 16, 32, 64, 128, 256}:
            raise RefusedError("partitions are a power of two up to 256", rule="index_partitions")
        if self.stretch not in _STRETCHES:
            raise RefusedError("stretch is 'argon2id' or None", rule="index_stretch")
        if self.normalizer is not None:
            _normalizers.check_name(self.normalizer, None)
        if self.kind == "unique":
            if self.partitions != 1:
                raise RefusedError("a unique index has one partition, or nothing would be unique", rule="index_unique")
            return
        if self.accept is None and self.kind in _ALWAYS_ACCEPT:
            raise RefusedError(
                f"Index.{self.kind}: {_ALWAYS_ACCEPT[self.kind]}; say why that is acceptable with "
                "accept=AcceptedLeak(...)",
                rule="low_entropy",
            )
        if self.rows is None:
            raise RefusedError(f"Index.{self.kind} needs rows=, how many rows there will be", rule="index_bits")
        low, high = _index_plan.allowed_bits(self.rows)
        if not low <= self.bits <= high and self.accept is None:
            raise RefusedError(
                f"{self.bits} bits for {self.rows} rows: {low} to {high} make every term stand for several values and "
                "still narrow a look-up down",
                rule="index_bits",
            )

    def __repr__(self) -> str:
        shown = [] if self.kind == "unique" and self.name == "unique" else [f"name={self.name!r}"]
        shown += [] if self.kind == "unique" else [f"bits={self.bits}"]
        shown += [f"partitions={self.partitions}"] if self.partitions > 1 else []
        return f"Index.{self.kind}({', '.join(shown)})"

    @classmethod
    def unique(
        cls,
        *,
        name: str = "unique",
        normalizer: str | None = None,
        accept: AcceptedLeak | None = None,
        stretch: Literal["argon2id"] | None = None,
    ) -> Index:
        """Find exactly, and let the database hold values unique: 128 bits, one partition; leaks equality in full."""
        return cls("unique", name, UNIQUE_BITS, normalizer=normalizer, accept=accept, stretch=stretch)

    @classmethod
    def filter(cls, *, rows: int, name: str = "filter", **options: Any) -> Index:
        """Find the rows that may hold a value.

        Args:
            rows: How many rows there are or are expected.
            name: Of the index.
            options: ``bits``, ``partitions``, ``normalizer``, ``accept``, ``stretch``.
        """
        return cls._truncated("filter", name, rows, options)

    @classmethod
    def compound(cls, *others: str, rows: int, name: str | None = None, **options: Any) -> Index:
        """Find by this value together with those of other columns, which is harder to guess than each alone."""
        if not others:
            raise RefusedError("a compound index names other columns", rule="name")
        return cls._truncated("compound", name or "with_" + "_".join(others), rows, options, others=others)

    @classmethod
    def prefix(cls, size: int, *, rows: int, name: str | None = None, **options: Any) -> Index:
        """Find by the first ``size`` characters of the normal form."""
        return cls._truncated("prefix", name or f"prefix{_positive(size)}", rows, options, size=size)

    @classmethod
    def last(cls, size: int, *, rows: int, name: str | None = None, **options: Any) -> Index:
        """Find by the last ``size`` characters of the normal form, such as the end of a phone number."""
        return cls._truncated("last", name or f"last{_positive(size)}", rows, options, size=size)

    @classmethod
    def domain(cls, *, rows: int, name: str = "domain", **options: Any) -> Index:
        """Find by the domain of an e-mail address; needs ``accept``, because a few domains hold most addresses."""
        return cls._truncated("domain", name, rows, options)

    @classmethod
    def bucket(cls, width: Decimal | int, *, rows: int, name: str = "bucket", **options: Any) -> Index:
        """Find dates by spans of ``width`` days, numbers by spans of that amount."""
        if type(width) not in {int, Decimal} or not width > 0:
            raise RefusedError("the width of a bucket is an int or Decimal above 0", rule="index_width")
        return cls._truncated("bucket", name, rows, options, width=Decimal(width))

    @classmethod
    def tokens(cls, *, rows: int, name: str = "tokens", **options: Any) -> Index:
        """Find by single words; a value has a list of terms, for a table of their own."""
        return cls._truncated("tokens", name, rows, options)

    @classmethod
    def _truncated(cls, kind: IndexKind, name: str, rows: int, options: dict[str, Any], **more: Any) -> Index:
        known = {"bits", "partitions", "normalizer", "accept", "stretch"}
        unknown = set(options) - known
        if unknown:
            raise TypeError(f"Index.{kind} has no argument {unknown.pop()!r}; it has {', '.join(sorted(known))}")
        bits = options.pop("bits", None) or _index_plan.default_bits(rows)
        return cls(kind, name, bits, rows=rows, **options, **more)

    plan = staticmethod(_index_plan.plan)

    def scheme(self, normalizer: str, country: str | None) -> str:
        """Return what goes into the index key: a change of any part makes another index."""
        kind = f"{self.kind}({self.size})" if self.size is not None else self.kind
        kind = f"{self.kind}({decimal_text(self.width)})" if self.width is not None else kind
        kind = f"{self.kind}({','.join(self.others)})" if self.others else kind
        slow = f"|S={self.stretch}({STRETCH_KIB},{STRETCH_ITERATIONS})" if self.stretch else ""
        return f"{normalizer}{':' + country if country else ''}|{kind}|L={self.bits}|P={self.partitions}{slow}"

    def domain_bits(self) -> float:
        """Return log2 of how many different inputs there can be, as far as the kind bounds them."""
        return self.size * 3.3219280948873626 if self.kind == "last" and self.size is not None else float("inf")

    def forms(self, value: object, normalizer: str, country: str | None) -> list[list[str]]:
        """Return the lists of texts that terms are computed over: one, but for ``tokens``.

        Raises:
            InvalidValueError: The value has no such part.
        """
        if self.width is not None:
            return [[_span(value, self.width)]]
        if self.kind == "compound":
            if not isinstance(value, Sequence) or isinstance(value, str | bytes) or len(value) != len(self.others) + 1:
                raise InvalidValueError(
                    f"index {self.name!r} takes {len(self.others) + 1} values: the field's and those of others"
                )
            own, *others = value
            rest = [_normalizers.normalize("text-v1", as_text(other)) for other in others]
            return [[_normalizers.normalize(normalizer, as_text(own), country), *rest]]
        text = as_text(value)
        if self.kind == "domain" and "@" not in text:
            text = f"a@{text}"  # a look-up by the domain alone
        form = _normalizers.normalize(normalizer, text, country)
        if self.kind in {"unique", "filter"}:
            return [[form]]
        form = form.removeprefix(_normalizers.FALLBACK)  # a part of a value is no value of its kind, and is looked up
        if self.kind == "tokens":
            return [[word] for word in dict.fromkeys(map(_bare, form.split())) if word]
        if self.kind == "domain":
            return [[form.rpartition("@")[2]]]
        return [[form[: self.size] if self.kind == "prefix" else form[-(self.size or 0) :]]]


def _bare(word: str) -> str:
    """Take punctuation and signs off both ends of a word."""
    while word and unicodedata.category(word[0])[0] in "PS":
        word = word[1:]
    while word and unicodedata.category(word[-1])[0] in "PS":
        word = word[:-1]
    return word


def _positive(size: int) -> int:
    if type(size) is not int or size < 1:
        raise RefusedError("how many characters is an int above 0", rule="index_size")
    return size


def _span(value: object, width: Decimal) -> str:
    if isinstance(value, dt.date):
        number = Decimal(value.toordinal())
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        if not number.is_finite():
            raise InvalidValueError("a bucket index takes finite numbers")
    else:
        raise InvalidValueError(f"a bucket index takes dates and numbers, not {type(value).__name__}")
    decimal_text(number)  # refuses what would take forever
    return str(Fraction(number) // Fraction(width))


def as_text(value: object) -> str:
    """Return the text of a value that equal values share."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, dt.datetime):
        return (value if value.tzinfo is None else value.astimezone(dt.UTC)).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        return value.hex()
    return from_json(value).decode()


def check_together(indexes: Iterable[Index], field: str) -> None:
    """Refuse indexes of one field that together tell its values apart.

    Raises:
        RefusedError: Two have one name, or their bits add to more than log2(rows) - 1.
    """
    indexes = list(indexes)
    names: list[Hashable] = [index.name for index in indexes]
    if len(set(names)) != len(names):
        raise RefusedError(f"two indexes of {field} have one name; give name=", rule="name")
    cut = [index for index in indexes if index.kind != "unique" and index.accept is None]
    if len(cut) < 2 or (len(cut) < len(indexes) and any(index.kind == "unique" for index in indexes)):
        return
    total = sum(min(index.bits, index.domain_bits()) for index in cut)
    rows = max(index.rows or 0 for index in cut)
    _, high = _index_plan.allowed_bits(rows)
    if total > high:
        raise RefusedError(
            f"the indexes of {field} have {total:.0f} bits together and {high} are the most for {rows} rows; give them "
            "fewer with bits=",
            rule="index_bits",
        )
