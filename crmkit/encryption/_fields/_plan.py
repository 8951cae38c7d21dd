"""Choosing an index before it is built: how long its terms may be, what it will cost, and what it gives away."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import TYPE_CHECKING, Final

import attrs

from crmkit import _notebook, frames
from crmkit._report import Report
from crmkit.errors import RefusedError

from . import _normalizers
from ._leak import Spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.typing import Frame, JSONValue, Severity

_TOP: Final = 20


@attrs.frozen
class IndexPlan(Report):
    """What an index over such values would do; made by ``Index.plan``.

    Attributes:
        rows: Rows that it is planned for.
        distinct: Different values in the sample.
        top_share: Share of the commonest value, 0..1.
        bits: Length of a term that is proposed.
        allowed: Shortest and longest that are allowed.
        partitions: As asked for.
        candidates: Rows that a look-up of a value that is not there finds on average; they are decrypted and compared.
        leak: Share of the rows with one of the 20 commonest values whose value somebody guesses right who knows how
            common each value is and sees the index column; 0..1.
        problems: Why the index will be refused without ``accept``; empty if it will not.

    .. versionadded:: 0.1.0
    """

    rows: int
    distinct: int
    top_share: float
    bits: int
    allowed: tuple[int, int]
    partitions: int
    candidates: float
    leak: float
    problems: tuple[str, ...]

    def __repr__(self) -> str:
        word = "ok" if self.ok else f"refused: {self.problems[0]}"
        return f"<IndexPlan for {self.rows:,} rows: {self.bits} bits, leak {self.leak:.1%}; {word}>"

    def _repr_html_(self) -> str:
        facts = {
            "rows": self.rows,
            "different values in the sample": self.distinct,
            "share of the commonest value": f"{self.top_share:.2%}",
            "length of a term": f"{self.bits} bits ({self.allowed[0]} to {self.allowed[1]} allowed)",
            "partitions": self.partitions,
            "candidates for each look-up": round(self.candidates, 1),
            "named right by counting": f"{self.leak:.1%} of the rows with one of the {_TOP} commonest values",
        }
        lead = "nothing speaks against it" if self.ok else "refused without a reason of yours"
        return _notebook.sheet("Index plan", lead, _notebook.facts(facts), notes=self.problems)

    @property
    def ok(self) -> bool:
        """Whether nothing speaks against the index."""
        return not self.problems

    def counts(self) -> dict[str, int]:
        """Return the figures that are whole numbers."""
        return {
            "rows": self.rows, "distinct": self.distinct, "bits": self.bits, "partitions": self.partitions,
            "problems": len(self.problems),
        }  # fmt: skip

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return one row of figures as a frame of the kind of ``like``, so that plans go under each other."""
        return frames.build({name: [value] for name, value in self._figures().items()}, like=like)

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the plan as plain data."""
        return {"ok": self.ok, **self._figures(), "allowed": list(self.allowed), "problems": list(self.problems)}

    def _figures(self) -> dict[str, int | float | str]:
        return {
            "rows": self.rows, "distinct": self.distinct, "top_share": self.top_share, "bits": self.bits,
            "partitions": self.partitions, "candidates": self.candidates, "leak": self.leak,
            "problems": "; ".join(self.problems),
        }  # fmt: skip

    def _reason(self, severity: Severity) -> str | None:
        del severity
        return "; ".join(self.problems) or None


def allowed_bits(rows: int) -> tuple[int, int]:
    """Return the shortest and longest term for so many rows: 2 <= rows / 2^bits < sqrt(rows).

    Source:
        The rule of thumb of CipherSweet's planner.
    """
    if type(rows) is not int or rows < 16:
        raise RefusedError("an index is for 16 rows or more; give rows= as an int", rule="index_bits")
    size = math.log2(rows)
    return math.floor(size / 2) + 1, min(63, math.floor(size - 1))


def default_bits(rows: int) -> int:
    """Return the middle of the allowed range."""
    low, high = allowed_bits(rows)
    return (low + high) // 2


def plan(
    sample: Iterable[object],
    *,
    rows: int,
    bits: int | None = None,
    partitions: int = 1,
    normalizer: str = "text-v1",
    country: str | None = None,
) -> IndexPlan:
    """Judge an index by a sample of the values.

    Args:
        sample: Values of the column, each as often as it occurs; missing ones do not count.
        rows: How many rows there are or will be.
        bits: Length of a term; ``None``: the middle of the allowed range.
        partitions: See :class:`Index`.
        normalizer: The normal form to be indexed.
        country: For ``e164-v1``.

    Raises:
        RefusedError: ``rows`` or ``partitions`` are out of range, or the sample is empty.
        NotFoundError: No such normalizer.

    Example:
        >>> from crmkit.encryption import Index
        >>> plan = Index.plan((f"{n}@example.com" for n in range(5000)), rows=1_000_000, normalizer="email-v1")
        >>> plan.ok, plan.allowed, plan.bits, round(plan.candidates, 1)
        (True, (10, 18), 14, 61.0)
        >>> Index.plan(["yes", "no"] * 3000, rows=6000).problems[0]
        'only 2 different values, fewer than 1024: they can be guessed by count'

    Note:
        O(values + 2^bits). The leak is found by playing the attack against a made-up key.
    """
    from ._index import as_text

    _normalizers.check_name(normalizer, country)
    forms = [_normalizers.normalize(normalizer, as_text(value), country) for value in sample if value is not None]
    if not forms:
        raise RefusedError("a plan needs a sample of the values", rule="index_sample")
    allowed = allowed_bits(rows)
    chosen = default_bits(rows) if bits is None else bits
    if partitions not in {2**n for n in range(9)}:
        raise RefusedError("partitions are a power of two up to 256", rule="index_partitions")
    spread = Spread.of(forms)
    problems = spread.problems()
    if not allowed[0] <= chosen <= allowed[1]:
        problems.append(f"{chosen} bits for {rows} rows: {allowed[0]} to {allowed[1]} are allowed")
    return IndexPlan(
        rows=rows,
        distinct=spread.distinct,
        top_share=spread.top_share,
        bits=chosen,
        allowed=allowed,
        partitions=partitions,
        candidates=partitions * rows / 2**chosen,
        leak=rank_attack(forms, bits=chosen, partitions=partitions),
        problems=tuple(problems),
    )


def rank_attack(forms: Sequence[str], *, bits: int, partitions: int) -> float:
    """Play the frequency attack: the n-th commonest term is taken for the n-th commonest value.

    Returns:
        The share of the rows with one of the 20 commonest values that it names right; 0 where values are all different,
        because then no rank says anything.
    """
    counts = Counter(forms)
    if max(counts.values()) == 1:
        return 0.0
    chance = random.Random(1)  # noqa: S311 - it plays the attacker's ignorance, not a key
    terms: dict[tuple[str, int], int] = {}
    column: list[tuple[int, str]] = []
    for form in forms:
        cell = (form, chance.randrange(partitions))
        if cell not in terms:
            terms[cell] = chance.getrandbits(bits)
        column.append((terms[cell], form))
    by_term = Counter(term for term, _ in column)
    guesses = {
        term: form
        for (term, _), form in zip(
            by_term.most_common(), [form for form, _ in counts.most_common() for _ in range(partitions)], strict=False
        )
    }
    top = {form for form, _ in counts.most_common(_TOP)}
    hits = sum(guesses.get(term) == form for term, form in column if form in top)
    return hits / sum(counts[form] for form in top)
