"""Lay a table out as an index: a document of plain data, and arrays that can be mapped from a file."""

from __future__ import annotations

from operator import mul
from typing import TYPE_CHECKING

import numpy as np

from crmkit.errors import SchemaError
from crmkit.matching._reading._marks import row_marks
from crmkit.matching.comparisons import KINDS

from ._blocks import rule_arrays
from ._far import mark_arrays
from ._fields import field_arrays, key_arrays
from ._reader import RecordReader
from ._vocabulary import number_arrays, vocabulary_arrays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from crmkit.matching._kinds._fields import Comparison
    from crmkit.matching._matcher import Matcher
    from crmkit.matching._pairs._blocking import BlockingRule, Candidates
    from crmkit.matching._reading._encode import Encoded
    from crmkit.matching._reading._run import Run

    Arrays = dict[str, NDArray[np.generic]]

__all__ = ["RECORD_EXTRA", "WHOLE_NAMES", "ContentNumber", "content_numbers", "lay_out"]

WHOLE_NAMES = ("whole_name", "whole_sound")
"""Keys made of given and family name together, in the order of ``Encoded.whole_names``."""

RECORD_EXTRA = len(WHOLE_NAMES) + 1
"""What stands behind the codes of a record: the numbers of its whole name, and its world."""

_ALL = (1 << 64) - 1
_USED = {"used", "cut"}

# Odd numbers without a pattern, one for each column: the SplitMix64 sequence from zero on, as Vigna publishes it.
_STEP = 0x9E3779B97F4A7C15


def _multiplier(column: int) -> int:
    mixed = (_STEP * (column + 1)) & _ALL
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _ALL
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _ALL
    return (mixed ^ (mixed >> 31)) | 1


def content_numbers(codes: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Mix the codes of each row into one number; two different rows of a million share one with probability 3e-8."""
    mixed = np.zeros(len(codes), dtype=np.uint64)
    for column in range(codes.shape[1]):
        mixed += (codes[:, column].astype(np.int64) + 1).astype(np.uint64) * np.uint64(_multiplier(column))
    return mixed ^ (mixed >> np.uint64(32))


class ContentNumber:
    """Says what ``content_numbers`` says of one row."""

    def __init__(self, width: int) -> None:
        self._multipliers = [_multiplier(column) for column in range(width)]
        self._offset = sum(self._multipliers)

    def __call__(self, codes: Sequence[int]) -> int:
        mixed: int = (sum(map(mul, codes, self._multipliers)) + self._offset) & _ALL
        return mixed ^ (mixed >> 32)


def lay_out(
    matcher: Matcher, run: Run, candidates: Candidates, rules: Sequence[BlockingRule]
) -> tuple[dict[str, object], Arrays]:
    """Return the document and the arrays of an index over one table.

    Args:
        matcher: Fitted.
        run: The table as it was read.
        candidates: What blocking did, for which rules it used.
        rules: All rules, in the order of ``candidates.uses``.
    """
    encoded = run.encoded
    arrays: Arrays = {}
    columns: list[NDArray[np.int32]] = []
    places: dict[str, list[int]] = {}
    kinds = {one.name: one.kind for one in encoded.comparisons}
    for name, field in encoded.fields.items():
        places[name] = list(range(len(columns), len(columns) + len(field.columns)))
        columns += list(field.columns)
        arrays.update(_prefixed(f"field/{name}", field_arrays(encoded, name)))
        arrays.update(_prefixed(f"field/{name}", mark_arrays(kinds[name], field)))
    if not columns:
        raise SchemaError("there is no value to match on in the table yet; make the index once there are records")
    arrays["marks"] = np.stack(row_marks(encoded.fields.values()), axis=1).astype(">u2").view(np.uint8)
    sizes = {name: len(field.values) for name, field in encoded.fields.items()}
    records = np.full((encoded.n, len(columns) + RECORD_EXTRA), -1, dtype=np.int32)
    for place, column in enumerate(columns):
        records[:, place] = column
    _whole_names(encoded, records[:, len(columns) : -1], arrays, sizes)
    records[:, -1] = encoded.worlds.codes
    arrays["records"] = records
    used = [rule for rule, use in zip(rules, candidates.uses, strict=True) if use.status in _USED]
    needed = dict.fromkeys(name for rule in used for name in rule.keys)
    keys = _keys(encoded, needed, arrays, sizes)
    order = encoded.order()
    laid: list[dict[str, object]] = []
    for rule in used:
        names = sorted(rule.keys, key=lambda name: -sizes[name])
        columns_of = [[np.asarray(column) for column in encoded.keys[name]] for name in names]
        found = rule_arrays(columns_of, [sizes[name] for name in names], order)
        if found is None:
            raise SchemaError(f"rule {str(rule)!r} has too many keys for an index of this size; use fewer")
        arrays.update(_prefixed(f"rule/{len(laid)}", found))
        laid.append({"rule": str(rule), "names": names, "sizes": [sizes[name] for name in names]})
    document: dict[str, object] = {
        "matcher": matcher.to_dict(),
        "reader": RecordReader.of(run.sources[0], encoded.comparisons).to_dict(),
        "comparisons": [one.name for one in encoded.comparisons],
        "rows": encoded.n,
        "effective": encoded.effective,
        "filled": {name: field.filled for name, field in encoded.fields.items()},
        "places": places,
        "keys": keys,
        "rules": laid,
        "world_sizes": encoded.worlds.sizes.tolist(),
        "block_cap": matcher.block_cap,
        "ids": _ids(run, arrays),
    }
    _copies(encoded, records[:, : len(columns)], arrays)
    return document, arrays


def _prefixed(prefix: str, arrays: dict[str, NDArray[np.generic]]) -> Arrays:
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def _whole_names(encoded: Encoded, codes: NDArray[np.int32], arrays: Arrays, sizes: dict[str, int]) -> None:
    """Number whole names, and write each row's numbers into ``codes``."""
    if encoded.whole_names is None:
        return
    given, family = encoded.fields["given"], encoded.fields["family"]
    a, b = given.columns[0], family.columns[0]
    present = np.flatnonzero((a >= 0) & (b >= 0))
    for part, trait in enumerate(("bag", "sound_bag")):
        sums = given.traits[trait][a[present]] + family.traits[trait][b[present]]
        numbers, found = np.unique(sums, return_inverse=True)
        codes[present, part] = found.ravel()
        arrays.update(_prefixed(f"key/{WHOLE_NAMES[part]}", number_arrays(numbers)))
        sizes[WHOLE_NAMES[part]] = len(numbers)


def _keys(encoded: Encoded, needed: dict[str, None], arrays: Arrays, sizes: dict[str, int]) -> dict[str, list[str]]:
    """Lay out the derived keys that the rules use; return the field and the suffix of each."""
    found: dict[str, list[str]] = {}
    for name in needed:
        if name in encoded.fields or name in WHOLE_NAMES:
            continue
        comparison = next(one for one in encoded.comparisons if name in _derived(one))
        suffix = name.removeprefix(f"{comparison.name}_")
        laid = key_arrays(comparison.kind, suffix, encoded.fields[comparison.name].values.tolist())
        arrays.update(_prefixed(f"key/{name}", laid))
        sizes[name] = len(laid["ends"]) - 1
        found[name] = [comparison.name, suffix]
    return found


def _derived(comparison: Comparison) -> set[str]:
    return {f"{comparison.name}_{suffix}" for suffix in KINDS[comparison.kind].keys}


def _ids(run: Run, arrays: Arrays) -> str:
    """Lay out the record ids; return how they are held."""
    ids = run.ids[0]
    if not len(ids):
        return "open"
    if isinstance(ids, range):
        return "rows"
    if all(type(one) is str for one in ids):
        arrays.update(_prefixed("ids", vocabulary_arrays(ids)))  # type: ignore[arg-type]  # just seen to be texts
        return "texts"
    if all(type(one) is int and abs(one) < 2**62 for one in ids):
        arrays["ids"] = np.array(ids, dtype=np.int64)
        return "numbers"
    raise SchemaError("record ids of an index are texts or whole numbers; convert the key column")


def _copies(encoded: Encoded, codes: NDArray[np.int32], arrays: Arrays) -> None:
    """Note which contents are there, of rows that say enough to be somebody, and how often."""
    filled = np.zeros(encoded.n, dtype=np.int8)
    for group in dict.fromkeys(one.group for one in encoded.comparisons):
        members = [one.name for one in encoded.comparisons if one.group == group]
        filled += np.logical_or.reduce([column >= 0 for name in members for column in encoded.fields[name].columns])
    numbers, counts = np.unique(content_numbers(codes[filled >= 3]), return_counts=True)
    arrays.update(_prefixed("copies", {**number_arrays(numbers), "counts": counts.astype(np.int32)}))
