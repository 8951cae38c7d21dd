"""Turn columns into vocabularies of normalized values and int32 codes, one column at a time.

Everything slow (normalizing, sounding out, looking up nicknames) happens once per distinct value; from here on the
matcher only meets integers, and strings where two different values have to be compared.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
from typing import TYPE_CHECKING, cast

import attrs
import numpy as np

from crmkit._memory import give_back
from crmkit._progress import steps
from crmkit.matching._kinds._alike import code_of, codes_by_first
from crmkit.matching._kinds._channels import company_domain, normalize_phones
from crmkit.matching._kinds._fields import EncodedField, Prepared
from crmkit.matching._kinds._vocabulary import OfParts, Vocabulary
from crmkit.matching._sorting import distinct_keys
from crmkit.matching.comparisons import KINDS

from ._marks import content_places, row_marks
from ._worlds import Worlds, find_worlds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from crmkit.matching._kinds._fields import Codes, Comparison, Kind, Trait
    from crmkit.typing import Progress

    from ._sources import Reading, Source

    _Read = tuple[list[str], tuple[Codes, ...]]  # distinct normalized values, and for each column the codes of its rows

__all__ = ["LARGE", "Encoded", "bounded", "encode"]

LARGE = 500_000
"""Rows from which memory is given back to the system between steps."""

_LONGEST = 256
_NOTHING = np.uint64(1 << 40)

_log = logging.getLogger("crmkit.matching")


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Encoded:
    """One or two tables as codes.

    Attributes:
        n: Rows of all tables together.
        effective: Rows when full copies of a record count once.
        possible_pairs: Pairs that could be candidates, full copies counted once; at least 1.
        side: For each row the table it came from; ``None`` for one table.
        comparisons: Those that found a column, in order.
        fields: The encoded field of each.
        keys: Codes for blocking by key name.
        weights: Weight of each row; copies of one record share a weight of 1.
        worlds: Parts of the file with pools of names of their own.
        given_as_family: For each given name the code of the family name that reads the same, -1 if there is none.
        whole_names: For each row a number that is equal where given and family name together have the same words in
            any order, and one for the same sounds; -1 where either part is missing. ``None`` without names.
        contents: For each row a number that hangs on what it says alone, and not on where it or others stand.
    """

    n: int
    effective: float
    possible_pairs: float
    side: NDArray[np.int8] | None
    comparisons: tuple[Comparison, ...]
    fields: dict[str, EncodedField]
    keys: dict[str, tuple[Codes | OfParts, ...]]
    weights: NDArray[np.float64]
    worlds: Worlds
    contents: NDArray[np.uint64]
    given_as_family: Codes | None = None
    whole_names: tuple[Codes, Codes] | None = None

    def __repr__(self) -> str:
        return f"<Encoded: {self.n} rows, {', '.join(self.fields)}>"

    def order(self) -> NDArray[np.int64]:
        """Place of each row when rows are sorted by content; records that agree on much stand together."""
        return content_places(row_marks(self.fields.values()), self.side)

    def with_parties(self, labels: NDArray[np.int64]) -> Encoded:
        """Return the file with frequencies that leave out a record's own party, by the clusters found so far.

        Where a person has ten records, a name that nobody else bears occurs ten times and is still hers alone.
        """
        fields = {name: _with_others(field, labels, self.weights) for name, field in self.fields.items()}
        return attrs.evolve(self, fields=fields)


def _with_others(field: EncodedField, labels: NDArray[np.int64], weights: NDArray[np.float64]) -> EncodedField:
    """Count for every value the records of other parties: K - sum of k^2 / K, over parties with k of its K records."""
    values = np.concatenate([column[column >= 0] for column in field.columns]).astype(np.int64)
    party = np.concatenate([labels[column >= 0] for column in field.columns])
    weight = np.concatenate([weights[column >= 0] for column in field.columns])
    key = values * (int(labels.max(initial=0)) + 1) + party
    distinct, back = np.unique(key, return_inverse=True)
    own = np.bincount(back.ravel(), weights=weight, minlength=len(distinct))
    of_value = distinct // (int(labels.max(initial=0)) + 1)
    size = len(field.values)
    total = np.bincount(of_value, weights=own, minlength=size)
    within = np.bincount(of_value, weights=own**2, minlength=size)
    return attrs.evolve(field, others=total - within / np.maximum(total, 1e-9))


def encode(
    sources: Sequence[Source], comparisons: Sequence[Comparison], *, progress: Progress | None = None
) -> Encoded:
    """Encode the columns that the comparisons found in one table, or in two that share their vocabularies."""
    sizes = [len(source.table) for source in sources]
    n = sum(sizes)
    drafts: dict[str, _Draft] = {}
    keys: dict[str, tuple[Codes | OfParts, ...]] = {}
    for place, comparison in enumerate(steps(progress, list(comparisons), "encode")):
        if comparison.fields == ("email_domain",) and not comparison.columns:
            found = _domains(drafts.get("email"))
        else:
            found = _read(sources, comparison)
        if found is not None and (n == 0 or _can_agree(found[1], sizes)):  # without rows every column may fill yet
            drafts[comparison.name] = _prepared(comparison, *found, keys)
        del found  # the texts, which are held otherwise from here on
        _forget(sources, comparison.name, [later.name for later in comparisons[place + 1 :]])
        if n > LARGE:
            give_back()
    for source in sources:
        source.countries()  # kept by the source, and the last that is read of its table
        source.table.forget()
    weights = _copy_weights(drafts, {comparison.name: comparison.group for comparison in comparisons}, n)
    comparisons = [comparison for comparison in comparisons if comparison.name in drafts]
    fields = {
        one.name: drafts.pop(one.name).field(one, weights, owned=KINDS[one.kind].is_owned(comparisons))
        for one in comparisons
    }
    whole_names = _whole_names(fields)
    if whole_names is not None:
        keys["whole_name"], keys["whole_sound"] = ((codes,) for codes in whole_names)
    return Encoded(
        n=n,
        effective=float(weights.sum()),
        possible_pairs=_possible_pairs(weights, sizes),
        side=np.repeat(np.arange(len(sizes), dtype=np.int8), sizes) if len(sizes) > 1 else None,
        comparisons=tuple(comparisons),
        fields=fields,
        keys=keys,
        weights=weights,
        worlds=find_worlds(sources, fields, n),
        contents=_contents(fields, n),
        given_as_family=_given_as_family(fields),
        whole_names=whole_names,
    )


def _forget(sources: Sequence[Source], name: str, later: Sequence[str]) -> None:
    """Let tables forget the columns that a comparison read and no later one reads."""
    for source in sources:
        needed = {
            column
            for other in later
            for reading in source.columns.get(other, ())
            if reading.part != "domain"  # which is read off the addresses
            for column in reading.columns
        }
        for reading in source.columns.get(name, ()):
            for column in set(reading.columns) - needed:
                source.table.forget(column)


@attrs.frozen(eq=False)
class _Draft:
    """A field before frequencies are known."""

    values: Vocabulary
    columns: tuple[Codes, ...]
    traits: dict[str, Trait]

    def field(self, comparison: Comparison, weights: NDArray[np.float64], *, owned: bool) -> EncodedField:
        size = len(self.values)
        counts = np.zeros(size)
        filled = np.zeros(len(weights), dtype=bool)
        for position, column in enumerate(self.columns):
            present = column >= 0
            for earlier in self.columns[:position]:
                present &= column != earlier  # a record with one value in two columns has it once
            counts += np.bincount(column[present], weights=weights[present], minlength=size)
            filled |= column >= 0
        return EncodedField(
            name=comparison.name,
            values=self.values,
            columns=self.columns,
            counts=counts,
            filled=float(weights[filled].sum()),
            traits=self.traits,
            owned=owned,
            common=KINDS[comparison.kind].common,
        )


def _can_agree(columns: Sequence[Codes], sizes: Sequence[int]) -> bool:
    """Whether every table has a value: what one of two lacks says nothing about any pair."""
    tables = itertools.pairwise(np.cumsum([0, *sizes]).tolist())
    return all(any((column[a:b] >= 0).any() for column in columns) for a, b in tables)


def _prepared(
    comparison: Comparison,
    values: list[str],
    columns: tuple[Codes, ...],
    keys: dict[str, tuple[Codes | OfParts, ...]],
) -> _Draft:
    """Derive what the kind wants of a vocabulary, and its blocking keys."""
    kind = KINDS[comparison.kind]
    ready = Prepared({}, {}) if kind.prepare is None else kind.prepare(values)
    keys[comparison.name] = columns
    for suffix, derived in ready.keys.items():
        table = derived if isinstance(derived, np.ndarray) else code_of(derived)
        table = np.append(table, np.int32(-1))  # where a missing value finds that it has no key
        keys[f"{comparison.name}_{suffix}"] = tuple(OfParts(table, column) for column in columns)
    _log.debug("encoded %s: %d values", comparison.name, len(values))
    return _Draft(Vocabulary(values), columns, ready.traits)


def _through(table: Codes, column: Codes) -> Codes:
    """Replace codes by ``table[code]``, keeping -1."""
    return np.append(table, np.int32(-1))[column]


def _read(sources: Sequence[Source], comparison: Comparison) -> _Read | None:
    found = [source.columns.get(comparison.name, ()) for source in sources]
    width = max((len(columns) for columns in found), default=0)
    if width == 0:
        return None
    kind = KINDS[comparison.kind]
    vocabulary: dict[str, int] = {}
    parts: list[list[Codes]] = [[] for _ in range(width)]
    for source, columns in zip(sources, found, strict=True):
        for position in range(width):
            if position >= len(columns):
                parts[position].append(np.full(len(source.table), -1, dtype=np.int32))
            else:
                parts[position].append(_column(source, columns[position], kind, vocabulary))
    columns_of_codes = tuple(np.concatenate(part) if len(part) > 1 else part[0] for part in parts)
    return list(vocabulary), columns_of_codes


def _domains(email: _Draft | None) -> _Read | None:
    """Employers' domains, read off the first column of addresses."""
    if email is None:
        return None
    vocabulary: dict[str, int] = {}
    hosts: dict[str, int] = {}
    host = (value[value.rfind("@") + 1 :] for value in email.values)
    codes = np.fromiter((hosts.setdefault(name, len(hosts)) for name in host), dtype=np.int32, count=len(email.values))
    of_host = _codes_in((company_domain(f"@{name}") for name in hosts), len(hosts), vocabulary)
    return list(vocabulary), (_through(of_host[codes], email.columns[0]),)


def _column(source: Source, reading: Reading, kind: Kind, vocabulary: dict[str, int]) -> Codes:
    distinct = source.texts(reading)
    if kind.name == "phone":
        return _phones(source, distinct.values, distinct.codes, vocabulary)
    if kind.normalize_all is not None:
        texts = kind.normalize_all(distinct.values)
    else:
        normalize = source.date_reader(reading, kind.normalize) if kind.name == "date" else kind.normalize
        texts = map(normalize, distinct.values)
    return _through(_codes_in(texts, len(distinct.values), vocabulary), distinct.codes)


def _codes_in(texts: Iterable[str | None], size: int, vocabulary: dict[str, int]) -> Codes:
    """Return the place of each text in the vocabulary, which takes up new ones at its end; -1 for ``None``."""
    first: dict[str | None, int] = {}
    codes = codes_by_first(texts, size, first, (None,))
    distinct = cast("dict[str, int]", first)
    if not vocabulary and max(map(len, distinct), default=0) <= _LONGEST:
        vocabulary.update(zip(distinct, range(len(distinct)), strict=True))
        return codes
    of_text = [vocabulary.setdefault(bounded(text), len(vocabulary)) for text in distinct]
    return _through(np.array(of_text, dtype=np.int32), codes)


def bounded(text: str) -> str:
    """Hold what is compared character by character to 256 of them; the digest keeps longer texts apart.

    The length stands with the digest, so that no text of the caller's reads like a bounded one of another length.
    """
    if len(text) <= _LONGEST:
        return text
    rest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{text[:_LONGEST]} {len(text)} {rest}"


def _phones(source: Source, values: Sequence[str], codes: Codes, vocabulary: dict[str, int]) -> Codes:
    """Read each number in the country of its row, once per number and country."""
    countries, country_codes = source.countries()
    if not countries:
        numbers = normalize_phones(values, [source.country], np.zeros(len(values), dtype=np.int64))
        return _through(_codes_in(numbers, len(values), vocabulary), codes)
    names = [*countries, source.country]
    joined = codes.astype(np.int64) * len(names) + np.where(country_codes < 0, len(names) - 1, country_codes)
    present = np.flatnonzero(codes >= 0)
    distinct, back = distinct_keys(joined[present])
    texts = [values[key] for key in (distinct // len(names)).tolist()]
    numbers = normalize_phones(texts, names, distinct % len(names))
    result = np.full(len(codes), -1, dtype=np.int32)
    result[present] = _codes_in(numbers, len(distinct), vocabulary)[back]
    return result


def _copy_weights(drafts: dict[str, _Draft], group_of: dict[str, str], n: int) -> NDArray[np.float64]:
    """Give k copies of one record a weight of 1/k each, where the record says enough to be somebody.

    Otherwise a file that holds every record a hundred times would make every value look common.
    """
    weights = np.ones(n)
    if n < 2 or not drafts:
        return weights
    columns = [column for draft in drafts.values() for column in draft.columns]
    filled = np.zeros(n, dtype=np.int8)
    for group in dict.fromkeys(group_of[name] for name in drafts):
        present = np.zeros(n, dtype=bool)
        for name, draft in drafts.items():
            if group_of[name] == group:
                for column in draft.columns:
                    present |= column >= 0
        filled += present
    mixed = np.zeros(n, dtype=np.uint64)
    for column in columns:  # a 64-bit mix: two different records in a million collide with probability 3e-8
        mixed = (mixed ^ (column.astype(np.int64).astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15))) * np.uint64(
            0xBF58476D1CE4E5B9
        )
        mixed ^= mixed >> np.uint64(29)
    order = np.argsort(mixed, kind="stable")
    edges = np.flatnonzero(np.diff(mixed[order])) + 1
    sizes = np.diff(np.concatenate([[0], edges, [n]]))
    weights[order] = 1.0 / np.repeat(sizes, sizes)
    weights[filled < 3] = 1.0
    return weights


def _contents(fields: dict[str, EncodedField], n: int) -> NDArray[np.uint64]:
    mixed = np.zeros(n, dtype=np.uint64)
    for field in fields.values():
        marks = np.append(field.checksums.astype(np.uint64), _NOTHING)
        for column in field.columns:
            mixed = (mixed ^ marks[column]) * np.uint64(0xBF58476D1CE4E5B9)
            mixed ^= mixed >> np.uint64(29)
    return mixed


def _possible_pairs(weights: NDArray[np.float64], sizes: Sequence[int]) -> float:
    if len(sizes) == 2:
        return max(float(weights[: sizes[0]].sum()) * float(weights[sizes[0] :].sum()), 1.0)
    total = float(weights.sum())
    return max(total * (total - 1.0) / 2.0, 1.0)


def _given_as_family(fields: dict[str, EncodedField]) -> Codes | None:
    if "given" not in fields or "family" not in fields:
        return None
    family = {value: code for code, value in enumerate(fields["family"].values)}
    given = fields["given"].values
    return np.fromiter((family.get(value, -1) for value in given), dtype=np.int32, count=len(given))


def _whole_names(fields: dict[str, EncodedField]) -> tuple[Codes, Codes] | None:
    if "given" not in fields or "family" not in fields:
        return None
    given, family = fields["given"], fields["family"]
    a, b = given.columns[0], family.columns[0]
    present = np.flatnonzero((a >= 0) & (b >= 0))
    result = []
    for trait in ("bag", "sound_bag"):
        sums = given.traits[trait][a[present]] + family.traits[trait][b[present]]
        codes = np.full(len(a), -1, dtype=np.int32)
        codes[present] = np.unique(sums, return_inverse=True)[1].ravel()  # 64 bits each: no place is left beside them
        result.append(codes)
    return result[0], result[1]
