"""What a run has to say about itself: what was used, what was left out, and how far to trust the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import attrs
import numpy as np

from crmkit import _notebook
from crmkit.matching._settings._presets import MATCH
from crmkit.matching.comparisons import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from crmkit.matching._decisions._scoring import ScoredPairs
    from crmkit.matching._labelling._labels import KnownPairs
    from crmkit.matching._learning._model import MatchModel
    from crmkit.matching._pairs._blocking import Candidates, RuleUse
    from crmkit.matching._reading._run import Run
    from crmkit.typing import JSONValue

__all__ = ["Diagnostics", "diagnose"]

_EDGES = np.array([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 5.0])
_TRUST, _MOST_TRUST = 4.0, 50.0
"""Labels that the model's own probability p is worth within one bin of log odds: 4 where it is one half, more the
surer it is (1 / p(1 - p)), at most 50. One answer against a sure pair is a slip as likely as a fault of the model."""

_FEW_LABELS = 50
_SPREAD = 1.96
"""Standard deviations within which 95 % lie."""


@attrs.frozen(kw_only=True, repr=False)
class Diagnostics:
    """Facts about one run, without any value out of a record.

    Attributes:
        records: Records read.
        distinct_records: The same with full copies counted once.
        system: CRM system the columns were taken for, if any.
        columns: For each comparison the columns it read.
        unused: Comparisons that found no column or no value.
        rules: What each blocking rule did.
        candidates: Pairs that were compared.
        expected_pairs: For each explanation how many pairs of the file it has, as estimated.
        expected_precision: Share of the linked pairs that match, by the model's own account.
        expected_recall: Share of the matching pairs *among the candidates* that were linked.
        oversized: Records in components too large to compare all with all.
        labels: Pairs that people answered.
        measured_precision: Share of the linked pairs that match, as far as labels tell; ``None`` without labels.
        measured_recall: Share of the matching pairs among the scored ones that were linked, likewise.
        precision_interval: Within which that precision lies with a probability of 95 %; ``None`` without labels.
        notes: What a careful reader should know.

    .. versionadded:: 0.1.0
    """

    records: int
    distinct_records: float
    system: str | None
    columns: Mapping[str, tuple[str, ...]]
    unused: tuple[str, ...]
    rules: tuple[RuleUse, ...]
    candidates: int
    expected_pairs: Mapping[str, float]
    expected_precision: float
    expected_recall: float
    oversized: int
    notes: tuple[str, ...]
    labels: int = 0
    measured_precision: float | None = None
    measured_recall: float | None = None
    precision_interval: tuple[float, float] | None = None

    def __repr__(self) -> str:
        return (
            f"<Diagnostics: {self.records} records, {self.candidates} candidate pairs, expected precision "
            f"{self.expected_precision:.3f}, expected recall {self.expected_recall:.3f}, {len(self.notes)} notes>"
        )

    def _between(self) -> str:
        if self.precision_interval is None:
            return ""
        return f" (between {self.precision_interval[0]:.3f} and {self.precision_interval[1]:.3f})"

    def _repr_html_(self) -> str:
        facts = {
            "records": self.records, "candidate pairs": self.candidates, "columns of": self.system,
            "expected precision": self.expected_precision, "expected recall": self.expected_recall,
            "pairs that people answered": self.labels or None, "measured precision": self.measured_precision,
            "measured recall": self.measured_recall, "no column for": self.unused,
        }  # fmt: skip
        read = _notebook.table(("comparison", "reads"), list(self.columns.items()))
        rules = [(use.rule, use.status, use.pairs) for use in self.rules if use.status != "missing column"]
        blocking = _notebook.table(("blocking rule", "", "new pairs"), rules)
        return _notebook.sheet("Diagnostics", "", _notebook.facts(facts), read, blocking, notes=self.notes)

    def __str__(self) -> str:
        lines = [repr(self)[1:-1]]
        if self.system is not None:
            lines.append(f"columns taken for an export of {self.system}")
        lines += [f"{name} reads {', '.join(columns)}" for name, columns in self.columns.items()]
        if self.measured_precision is not None:
            lines.append(
                f"measured by {self.labels} labels: precision {self.measured_precision:.3f}{self._between()}, "
                f"recall {self.measured_recall:.3f}"
            )
        if self.unused:
            lines.append(f"no column for {', '.join(self.unused)}")
        lines += [
            f"blocking by {use.rule}: {use.status}, {use.pairs} new pairs"
            for use in self.rules
            if use.status != "missing column"
        ]
        return "\n".join([*lines, *self.notes])

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the facts as plain data."""
        return {
            **attrs.asdict(self, recurse=False),
            "columns": {name: list(columns) for name, columns in self.columns.items()},
            "unused": list(self.unused),
            "rules": [attrs.asdict(use) for use in self.rules],
            "expected_pairs": dict(self.expected_pairs),
            "precision_interval": None if self.precision_interval is None else list(self.precision_interval),
            "notes": list(self.notes),
        }


def diagnose(
    run: Run,
    candidates: Candidates,
    model: MatchModel,
    pairs: ScoredPairs,
    linked: NDArray[np.bool_],
    *,
    known: KnownPairs,
    unused: Sequence[str],
    notes: Sequence[str],
    block_cap: int,
    oversized: int = 0,
) -> Diagnostics:
    """Put together what a run has to say."""
    said = float(pairs.probability[linked].sum())
    notes = [*run.notes, *notes]
    cut = [use for use in candidates.uses if use.blocks_cut]
    if cut:
        most = max(use.records_in_cut_blocks for use in cut)
        least = min(use.cap for use in cut)
        cap = f"{block_cap}" if least == block_cap else f"{least} to {block_cap}"
        notes.append(
            f"{sum(use.blocks_cut for use in cut)} blocks of {len(cut)} rules were over the cap of "
            f"{cap} records and only neighbors in them were compared (up to {most} records in a rule)"
        )
    if oversized:
        notes.append(f"{oversized} records are in components too large to compare all with all; look at these clusters")
    notes += _of_one_thing(model, len(candidates), int(linked.sum()))
    answers = known.answers(pairs.left, pairs.right)
    lost = int(np.where(linked, answers < 0, answers > 0).sum())
    if lost:
        notes.append(f"{lost} labels could not be kept, because others, or the kind of link, speak against them")
    measured = _measured(pairs, linked, known) if len(known) else None
    if measured is not None and len(known) < _FEW_LABELS:
        notes.append(
            f"{len(known)} labels measure little: the precision lies between {measured.interval[0]:.3f} and "
            f"{measured.interval[1]:.3f}"
        )
    return Diagnostics(
        records=run.encoded.n,
        distinct_records=run.encoded.effective,
        system=run.sources[0].map.system,
        columns={name: tuple(found) for source in run.sources for name, found in source.used().items()},
        unused=tuple(unused),
        rules=candidates.uses,
        candidates=len(candidates),
        expected_pairs=dict(model.numbers),
        expected_precision=said / int(linked.sum()) if linked.any() else 1.0,
        expected_recall=min(said / max(model.numbers[MATCH], said, 1e-9), 1.0),
        oversized=oversized,
        labels=len(known),
        measured_precision=None if measured is None else measured.precision,
        measured_recall=None if measured is None else measured.recall,
        precision_interval=None if measured is None else measured.interval,
        notes=tuple(notes),
    )


def _of_one_thing(model: MatchModel, candidates: int, linked: int) -> list[str]:
    """Say what a file with one thing to compare cannot say."""
    if len({one.group for one in model.comparisons}) != 1 or not candidates:
        return []
    name, kind = model.comparisons[0].name, KINDS[model.comparisons[0].kind]
    if not linked:
        return [f"there is nothing but {name!r} to compare, and no two records are one party by it alone"]
    if kind.owned_alone:
        return [f"there is nothing but {name!r} to compare: a value that few records share is taken for one party's"]
    return []


class _Measured(NamedTuple):
    precision: float
    recall: float
    interval: tuple[float, float]


def _measured(pairs: ScoredPairs, linked: NDArray[np.bool_], known: KnownPairs) -> _Measured:
    """Estimate precision and recall from labels, bin by bin of the log odds that the model gives without them.

    Within a bin the labels stand for all pairs, so it does not matter that people were asked more about doubtful ones.
    The interval is that of the bins' rates (beta distributions), taken as independent.
    """
    answers = known.answers(pairs.left, pairs.right)
    place = np.searchsorted(_EDGES, pairs.unlabelled)
    size = len(_EDGES) + 1
    count = np.bincount(place, minlength=size).astype(np.float64)
    expected = np.bincount(place, weights=1.0 / (1.0 + np.exp(-np.clip(pairs.unlabelled, -30, 30))), minlength=size)
    expected /= np.maximum(count, 1.0)
    trust = np.clip(_TRUST / np.maximum(4.0 * expected * (1.0 - expected), 1e-9), _TRUST, _MOST_TRUST)
    asked = np.bincount(place[answers != 0], minlength=size)
    hits = np.bincount(place[answers > 0], minlength=size)
    rate = (hits + trust * expected) / (asked + trust)
    known_pair = answers != 0
    matches = np.where(known_pair, answers > 0, rate[place])
    total, found, links = float(matches.sum()), float(matches[linked].sum()), float(linked.sum())
    if not links:
        return _Measured(1.0, found / total if total else 1.0, (1.0, 1.0))
    open_ = np.bincount(place[linked & ~known_pair], minlength=size)
    spread = _SPREAD * float(np.sqrt((open_**2 * rate * (1.0 - rate) / (asked + trust + 1.0)).sum())) / links
    precision = found / links
    interval = (max(precision - spread, 0.0), min(precision + spread, 1.0))
    return _Measured(precision, found / total if total else 1.0, interval)
