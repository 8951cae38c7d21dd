"""What can be compared: kinds of field with their comparison levels, and the comparison a matcher is made of.

A kind is plain data and functions over *vocabularies* (the distinct normalized values of a field), so that everything
slow happens once per value and never per row or per pair.
"""

from __future__ import annotations

import math
import zlib
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import attrs
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from ._vocabulary import Vocabulary

    Codes = NDArray[np.int32]
    LevelArray = NDArray[np.int8]
    Trait: TypeAlias = Any  # an array of codes, lengths, flags or texts over a vocabulary, or an OfParts
    Texts: TypeAlias = NDArray[np.object_]
    CompareFunction = Callable[["EncodedField", Codes, Codes], LevelArray]

Made = TypeVar("Made", bound="Callable[..., Comparison]")

__all__ = ["SEEN_ELSEWHERE", "Comparison", "EncodedField", "Kind", "Prepared", "log_frequency", "shorthand"]

SEEN_ELSEWHERE = 20.0
_FEW = 50.0
"""Values in a file from which on its own frequencies count for more than what is usual."""
_LEAST, _LEAST_OWNED = 0.5, 0.02
"""Other parties with a value that nobody else has in the file: half of one, and a fiftieth for an address."""

_SHARED = 5.0
"""Other records with the same address from which it looks like one that several parties use."""

NULL = -1
"""The code of a missing value, and the level of a comparison with one."""


@attrs.frozen(eq=False, repr=False)
class Prepared:
    """What a kind knows about a vocabulary.

    Attributes:
        keys: For each key suffix the derived text of every value, ``None`` for none; or its code, -1 for none.
        traits: Arrays over the vocabulary.
    """

    keys: dict[str, Sequence[str | None] | Codes]
    traits: dict[str, Trait]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Kind:
    """How one kind of value is compared.

    Attributes:
        name: For messages and saved models.
        levels: Names of the comparison levels; the first is ``exact``.
        start: P(level | same cause) that estimation starts from, one for each level; sums to 1.
        different: Position of the level that says "not alike at all"; the other levels are some likeness.
        normalize: Raw text to comparable text, or ``None`` if nothing is left.
        normalize_all: ``normalize`` of many texts, where that costs less together than one by one.
        keys: Suffixes of the blocking keys that ``prepare`` derives, beside the value itself.
        prepare: One pass over the vocabulary: derived texts for blocking by suffix, and the arrays that ``compare``
            needs.
        compare: Levels of pairs of *different, present* values.
        limit: Most of the probability that ``different`` may take within one cause, so that a class cannot explain
            everything; ``None`` for no limit.
        opposed: Position of a level that says more than ``different``: two values that are both known to be right.
        opposed_limit: Most of the probability that ``opposed`` may take within one cause.
        rarity: Log frequency of what two different values have in common, 0 for those whose level says it all.
        owned: Whether a value belongs to one party by its nature, such as an e-mail address. Then the few records that
            have it are hers until many have it, where for a name they would say how common it is.
        owned_alone: Whether that is so where a file has nothing else to compare: a phone number may be a household's or
            a desk's, but then there is nothing that would say so.
        common: Which share of any file a usual value has. It stands in for frequencies that a small file cannot tell:
            that two of two records are of one city says nothing.
    """

    name: str
    levels: tuple[str, ...]
    start: tuple[float, ...]
    different: int
    normalize: Callable[[str], str | None]
    compare: CompareFunction
    normalize_all: Callable[[Sequence[str]], Iterable[str | None]] | None = None
    keys: tuple[str, ...] = ()
    prepare: Callable[[Sequence[str]], Prepared] | None = None
    limit: float | None = None
    opposed: int | None = None
    opposed_limit: float = 1.0
    rarity: Callable[[EncodedField, Codes, Codes, LevelArray], NDArray[np.float64]] | None = None
    owned: bool = False
    owned_alone: bool = False
    common: float = 0.0

    def is_owned(self, comparisons: Iterable[Comparison]) -> bool:
        """Whether its values belong to one party in a file that is compared on these."""
        return self.owned or (self.owned_alone and len({one.group for one in comparisons}) == 1)

    def __repr__(self) -> str:
        return f"<Kind {self.name}: {', '.join(self.levels)}>"


@attrs.frozen(eq=False, repr=False)
class EncodedField:
    """One field of the whole file as a vocabulary and codes.

    Attributes:
        name: The comparison's name.
        values: Distinct normalized values.
        columns: For each source column the code of every row, -1 where missing; several where a record can have
            several values (phone and mobile).
        counts: In how many records each value occurs; full copies of a record count once.
        filled: How many records have a value.
        traits: Arrays over the vocabulary, as the kind made them.
        others: For a record with the value, how many records *of other parties* have it too, as far as parties are
            known; ``None`` until they are, which stands for one record less than ``counts``.
    """

    name: str
    values: Vocabulary
    columns: tuple[Codes, ...]
    counts: NDArray[np.float64]
    filled: float
    traits: dict[str, Trait] = attrs.field(factory=dict)
    others: NDArray[np.float64] | None = None
    owned: bool = False
    common: float = 0.0

    @cached_property
    def checksums(self) -> NDArray[np.uint32]:
        """CRC-32 of each value: what it says, whatever its code."""
        encoded = map(partial(str.encode, errors="surrogatepass"), self.values)
        return np.fromiter(map(zlib.crc32, encoded), dtype=np.uint32, count=len(self.values))

    @cached_property
    def log_frequency(self) -> NDArray[np.float32]:
        """Log of each value's frequency among the other records.

        A file is a sample: twenty unseen values are added, or in a file of three every agreement would look common.
        What a usual value's share of a file is counts the more, the fewer values are there.
        """
        others = self.counts - 1.0 if self.others is None else self.others
        if self.owned:
            others = np.maximum(others, 0.0) ** 3 / (others**2 + _SHARED**2)
        usual = SEEN_ELSEWHERE * self.common * _FEW / (_FEW + self.filled)
        seen = np.maximum(others, _LEAST_OWNED if self.owned else _LEAST) + usual
        return np.log(seen / (self.filled + SEEN_ELSEWHERE)).astype(np.float32)


def log_frequency(others: float, filled: float, *, owned: bool, common: float) -> float:
    """Return what ``EncodedField.log_frequency`` says of one value, in plain Python."""
    if owned:
        others = max(others, 0.0) ** 3 / (others**2 + _SHARED**2)
    usual = SEEN_ELSEWHERE * common * _FEW / (_FEW + filled)
    return math.log((max(others, _LEAST_OWNED if owned else _LEAST) + usual) / (filled + SEEN_ELSEWHERE))


_shorthands: dict[str, Callable[..., Comparison]] = {}
_OF_ONE_COLUMN = frozenset({"exact", "number"})


def shorthand(function: Made) -> Made:
    """Let a comparison that ``function`` makes show itself as the call of it: ``c.email('work_mail')``."""
    _shorthands[function.__name__] = function
    return function


@attrs.frozen(repr=False)
class Comparison:
    """One thing that two records are compared on.

    Attributes:
        name: Unique within a matcher; also the name of its blocking key.
        kind: Name of the kind of value, see ``crmkit.matching.comparisons``.
        fields: Canonical field names it reads, best first, found through ``crmkit.columns``.
        columns: Columns named by the caller; then ``fields`` is not used.
        group: What it shares a cause with; comparisons of one group count as one piece of evidence.
        nested: Within the group, of the agreements of nested comparisons only the rarest counts (city within
            postcode).
        wide: Group that it counts in instead where nothing narrower of its own group agrees: to live in one city is
            not to live at one address.
        shared_by: Who else than the same party has this in common: members of a household, people of one employer.

    .. versionadded:: 0.1.0
    """

    name: str
    kind: str
    fields: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    group: str = ""
    nested: bool = False
    wide: str | None = None
    shared_by: Literal["household", "employer"] | None = None

    def __attrs_post_init__(self) -> None:
        if not self.group:
            object.__setattr__(self, "group", self.name)

    def __repr__(self) -> str:
        for name, make in _shorthands.items():
            fits = len(self.columns) == 1 if name in _OF_ONE_COLUMN else not self.columns or name == self.kind
            if fits and make(*self.columns) == self:
                return f"c.{name}({', '.join(map(repr, self.columns))})"
        shown = ", ".join(
            f"{field.name}={getattr(self, field.name)!r}"
            for field in attrs.fields(Comparison)
            if getattr(self, field.name) != field.default
        )
        return f"Comparison({shown})"

    def to_dict(self) -> dict[str, object]:
        """Return the comparison as plain data."""
        return attrs.asdict(
            self, value_serializer=lambda _, __, value: list(value) if isinstance(value, tuple) else value
        )

    @classmethod
    def from_dict(cls, document: Mapping[str, object]) -> Comparison:
        """Read what ``to_dict`` wrote."""
        values = {key: tuple(value) if isinstance(value, list) else value for key, value in document.items()}
        return cls(**values)  # type: ignore[arg-type]  # attrs checks the names, the values are its own
