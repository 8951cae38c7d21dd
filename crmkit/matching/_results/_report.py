"""Results of matching: clusters and pairs in the caller's kind of frame, explanations, and the door to merging."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit import _notebook, frames
from crmkit.errors import ShapeError
from crmkit.issues import Report
from crmkit.masking import shown_id
from crmkit.matching._evaluation._clusters import evaluate, reliability_curve, threshold_curve
from crmkit.matching._labelling._asking import Question, Questions, choose_questions
from crmkit.matching._labelling._labels import known_pairs
from crmkit.matching._merging._cluster_ids import ClusterIds
from crmkit.matching._settings._presets import explanation_texts
from crmkit.matching.comparisons import KINDS

from ._explain import PairExplanation, explain_pair

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from crmkit.matching._decisions._scoring import ScoredPairs
    from crmkit.matching._labelling._labels import Labels
    from crmkit.matching._learning._model import MatchModel
    from crmkit.matching._merging._cluster_ids import ClusterEvent
    from crmkit.matching._merging._log._merge_log import MergeLog
    from crmkit.matching._merging._survival._rules import SurvivorshipRule
    from crmkit.matching._merging._survival._survivorship import Survivorship
    from crmkit.matching._reading._run import Run
    from crmkit.typing import AuditSink, Frame, JSONValue

    from ._diagnostics import Diagnostics

__all__ = ["SHOWN", "MatchReport", "PairReport"]

_LN2 = float(np.log(2.0))
SHOWN = 10
"""Rows that a notebook shows at most."""
_SHOWN_IDS = 6


@attrs.frozen(eq=False, kw_only=True, repr=False)
class PairReport(Report):
    """What the reports on one table and on two share: scored pairs, their explanations, diagnostics.

    .. versionadded:: 0.1.0
    """

    run: Run
    model: MatchModel
    scored: ScoredPairs
    threshold_: float
    diagnostics: Diagnostics

    @property
    def pairs(self) -> Frame:
        """Every pair above a low floor, best first, also those under the threshold.

        Columns: ``left``, ``right`` (record ids), ``match_weight`` (log2 odds), ``match_probability``, ``explanation``.
        """
        return self.pairs_frame(self.run, self.scored, self.model, like=self.run.sources[0].table)

    @staticmethod
    def pairs_frame(run: Run, pairs: ScoredPairs, model: MatchModel, *, like: Frame) -> Frame:
        """Return scored pairs as a frame of the kind of ``like``."""
        ordered = pairs.take(np.lexsort((pairs.right, pairs.left, -pairs.log_odds)))
        names = model.explanations
        return frames.build(
            {
                "left": run.ids_of(ordered.left, 0),
                "right": run.ids_of(ordered.right, len(run.ids) - 1),
                "match_weight": (ordered.log_odds / _LN2).tolist(),
                "match_probability": ordered.probability.tolist(),
                "explanation": [names[code] for code in ordered.explanation.tolist()],
            },
            like=like,
        )

    def explain(self, left: object, right: object) -> PairExplanation:
        """Say why two records are, or are not, one party.

        Args:
            left: Record id, as in ``.pairs``.
            right: Another one; for a link, of the right table.

        Raises:
            NotFoundError: No record has the id.

        Returns:
            A waterfall with the evidence of each group against chance, then the rival explanations.
        """
        a, b = self.run.row_of(left, 0), self.run.row_of(right, len(self.run.ids) - 1)
        return explain_pair(self.run.encoded, self.model, a, b, left=left, right=right)

    def weights(self) -> list[dict[str, Any]]:
        """Return for each comparison and level m, u and the match weight in bits; what ``plot_weights`` draws.

        u of an exact agreement is the mean over the records that have a value; the model takes each value's own.
        """
        rows: list[dict[str, Any]] = []
        for comparison in self.model.comparisons:
            field = self.run.encoded.fields[comparison.name]
            kind = KINDS[comparison.kind]
            m, u = self.model.errors[comparison.name], self.model.chance[comparison.name].copy()
            u[0] = float((field.counts * np.exp(field.log_frequency)).sum() / max(field.counts.sum(), 1e-9))
            for level, name in enumerate(kind.levels):
                weight = float(np.log2(m[level] / u[level]))
                rows.append({"comparison": comparison.name, "level": name, "m": float(m[level]), "u": float(u[level]),
                             "weight": weight})  # fmt: skip
        return rows

    def ask(self, n: int = 20, *, labels: Labels | None = None, seed: int = 0) -> Questions:
        """Propose the next pairs that are worth a person's answer.

        Args:
            n: How many at most.
            labels: What was answered before; these pairs are not asked about again.
            seed: Other seeds choose other pairs of equal use.
        """
        known = known_pairs(labels, self.run.ids)
        chosen = self.scored.take(choose_questions(self.scored, known, n, seed=seed))
        names, texts = self.model.explanations, explanation_texts(self.model.comparisons)
        sides = (0, len(self.run.ids) - 1)
        ids = [self.run.ids_of(rows, side) for rows, side in zip((chosen.left, chosen.right), sides, strict=True)]
        values = [self.run.values_of(rows, side) for rows, side in zip((chosen.left, chosen.right), sides, strict=True)]
        questions = tuple(
            Question(
                left=ids[0][k],
                right=ids[1][k],
                match_probability=float(chosen.probability[k]),
                explanation=texts[names[chosen.explanation[k]]],
                values={
                    name: (values[0][k].get(name), values[1][k].get(name))
                    for name in dict.fromkeys([*values[0][k], *values[1][k]])
                },
            )
            for k in range(len(chosen))
        )
        return Questions(questions, np.stack([chosen.left, chosen.right], axis=1))

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the figures as plain data, without values out of records."""
        return {
            "kind": type(self).__name__,
            "threshold": self.threshold_,
            "counts": dict(self.counts()),
            "diagnostics": self.diagnostics.to_dict(),
        }

    def __repr__(self) -> str:
        figures = ", ".join(f"{name} {number}" for name, number in self.counts().items())
        return f"<{type(self).__name__}: {figures}; threshold {self.threshold_:g}>"

    def _html(self, heads: Sequence[str], rows: Sequence[Sequence[object]], all_rows: int, what: str) -> str:
        figures = ", ".join(f"{number:,} {name}" for name, number in self.counts().items())
        facts = {
            "cut at a match probability of": self.threshold_,
            "precision, by the model's own account": f"{self.diagnostics.expected_precision:.1%}",
            "recall among the pairs compared, likewise": f"{self.diagnostics.expected_recall:.1%}",
        }
        table = _notebook.table(heads, rows) if rows else ""
        rest = _notebook.more(len(rows), all_rows, what)
        return _notebook.sheet(
            type(self).__name__, figures, _notebook.facts(facts), table, rest, notes=self.diagnostics.notes
        )


@attrs.frozen(eq=False, kw_only=True, repr=False)
class MatchReport(PairReport):
    """Duplicates within one table.

    Attributes:
        threshold_: Match probability that was used as the cut.
        diagnostics: What was used, what was left out, how far to trust the result.
        labels: Cluster of each row, numbered by first row.
        cluster_ids: The id of each of these clusters: their number, or with ``previous`` what it was before.
        events: What became of the clusters of the previous run: joins, splits, and clusters without records.

    .. versionadded:: 0.1.0
    """

    labels: NDArray[np.int64]
    cluster_ids: NDArray[np.int64]
    following: int
    events: tuple[ClusterEvent, ...] = ()
    previous: MergeLog | None = None

    @property
    def ok(self) -> bool:
        """Whether no record has a duplicate."""
        return len(self.cluster_sizes) == len(self.labels)

    def curve(self, truth: Sequence[Hashable]) -> list[dict[str, float]]:
        """Return precision, recall and F1 of *pairs* at many cuts, before clustering; see ``threshold_curve``.

        Args:
            truth: The true party of each record, in the order of the frame.

        Raises:
            ShapeError: Not one label a record.
        """
        said = evaluate(self.labels.tolist(), truth)
        return threshold_curve(self.scored.log_odds, self._true_matches(truth), said.true_pairs)

    def reliability(self, truth: Sequence[Hashable], *, bins: int = 10) -> list[dict[str, float]]:
        """Return how often scored pairs truly match, by the probability they were given; see ``reliability_curve``.

        Args:
            truth: The true party of each record, in the order of the frame.
            bins: Steps of the match probability.

        Raises:
            ShapeError: Not one label a record.
        """
        return reliability_curve(self.scored.log_odds, self._true_matches(truth), bins=bins)

    def _true_matches(self, truth: Sequence[Hashable]) -> NDArray[np.bool_]:
        if len(truth) != len(self.labels):
            raise ShapeError("truth must have one label a record", expected=len(self.labels), actual=len(truth))
        numbers: dict[Hashable, int] = {}
        true = np.array([numbers.setdefault(label, len(numbers)) for label in truth], dtype=np.int64)
        return np.asarray(true[self.scored.left] == true[self.scored.right])

    @property
    def record_ids(self) -> Sequence[object]:
        """Id of each record, in the order of the frame."""
        return self.run.ids[0]

    @property
    def cluster_sizes(self) -> NDArray[np.int64]:
        """Records in each cluster."""
        return np.bincount(self.labels)

    @property
    def clusters(self) -> Frame:
        """The caller's kind of frame with ``record_id`` and ``cluster_id``, one row per input row, in input order."""
        return self.to_frame(self.run.sources[0].table)

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return ``clusters`` as a frame of the kind of ``like``; a ``RecordSet`` without it."""
        clusters = self.cluster_ids[self.labels].tolist()
        return frames.build({"record_id": list(self.run.ids[0]), "cluster_id": clusters}, like=like)

    def counts(self) -> dict[str, int]:
        """Return records, clusters, duplicates (records beyond the first of their cluster) and scored pairs."""
        clusters = len(self.cluster_sizes)
        return {
            "records": len(self.labels),
            "clusters": clusters,
            "duplicates": len(self.labels) - clusters,
            "pairs": len(self.scored),
        }

    def merge(
        self,
        *,
        survivorship: Survivorship | Mapping[str, SurvivorshipRule | Sequence[SurvivorshipRule]] | None = None,
        by: str | None = None,
        reason: str | None = None,
        audit: AuditSink | None = None,
    ) -> tuple[Frame, MergeLog]:
        """Make one golden record of every cluster.

        Args:
            survivorship: Which value survives: a :class:`Survivorship`, or rules by column; columns not named follow
                the defaults of their kind.
            by: Who does it, for the log.
            reason: Why, for the log.
            audit: Where to record the merge, such as a ``crmkit.audit.Log``.

        Returns:
            The golden records, in the caller's kind of frame and in the order of the survivors, and the log, whose
            ``revert(golden)`` gives the input back exactly. It continues the log that was given as ``previous``.

        Raises:
            SchemaError: A rule is for, or looks at, a column that is not there.
        """
        from crmkit.matching._merging._merge import Job, merge_rows
        from crmkit.matching._merging._survival._survivorship import as_survivorship

        source, key = self.run.sources[0], self.run.keys[0]
        job = Job(
            table=source.table,
            found=source.map,
            labels=self.labels,
            key=key,
            ids=self._ids() if key is not None else None,
            confidence=self._confidence,
            earlier=() if self.previous is None else self.previous.runs,
            by=by,
            reason=reason,
            audit=audit,
        )
        return merge_rows(job, as_survivorship(survivorship))

    def _ids(self) -> ClusterIds:
        return ClusterIds(self.run.texts_of_ids(), self.cluster_ids[self.labels], self.following)

    def _confidence(self, survivor_of: Mapping[int, int]) -> dict[int, float]:
        """Return the best match probability of each merged record with any other of its cluster."""
        scored = self.scored
        inside = np.flatnonzero(self.labels[scored.left] == self.labels[scored.right])
        best = np.full(len(self.labels), -np.inf)
        np.maximum.at(best, scored.left[inside], scored.log_odds[inside])
        np.maximum.at(best, scored.right[inside], scored.log_odds[inside])
        chances = (1.0 / (1.0 + np.exp(-np.clip(best, -700.0, 700.0)))).tolist()
        sure = np.isfinite(best).tolist()
        return {row: chances[row] for row in survivor_of if sure[row]}

    def _repr_html_(self) -> str:
        sizes = self.cluster_sizes
        largest = [int(one) for one in np.argsort(-sizes, kind="stable")[:SHOWN] if sizes[one] > 1]
        order = np.argsort(self.labels, kind="stable")
        starts = np.searchsorted(self.labels[order], largest)
        rows = []
        for one, start in zip(largest, starts.tolist(), strict=True):
            members = order[start : start + min(int(sizes[one]), _SHOWN_IDS)].tolist()
            more = ", …" if sizes[one] > _SHOWN_IDS else ""
            ids = ", ".join(shown_id(self.run.ids[0][row]) for row in members) + more
            rows.append((int(self.cluster_ids[one]), int(sizes[one]), ids))
        return self._html(
            ("cluster", "records", "ids"), rows, int((sizes > 1).sum()), "clusters of two records or more"
        )
