"""The matcher: settings in, a fitted model and reports out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit import columns as recognition
from crmkit import frames
from crmkit.errors import FormatError, NotFittedError, NotFoundError, SchemaError

from ._blocking import BLOCK_CAP, BlockingRule, block
from ._clusters import cluster, match_one_to_one
from ._diagnostics import Diagnostics
from ._encode import encode
from ._estimate import estimate
from ._fields import Comparison
from ._identifiers import record_ids
from ._model import MatchModel
from ._presets import MATCH, blocking_rules, comparisons_of, explanations_of
from ._report import LinkReport, MatchReport, Run
from ._scoring import linkage_scores, score_pairs
from ._sources import find_sources
from ._threshold import Precision, Threshold, choose_threshold, log_odds_of
from .comparisons import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from crmkit.frames import Table
    from crmkit.typing import Frame, Progress, RecordKind

    from ._blocking import Candidates
    from ._clusters import Clustering
    from ._encode import Encoded
    from ._scoring import ScoredPairs
    from ._sources import Source

__all__ = ["FORMAT", "Matcher"]

FORMAT = "crmkit-matcher/1"

_ONE_TO_ONE_LEAST = -4.0

_log = logging.getLogger("crmkit.matching")


def _comparisons(values: Iterable[Comparison] | None) -> tuple[Comparison, ...] | None:
    return None if values is None else tuple(values)


def _blocking(values: Iterable[BlockingRule] | None) -> tuple[BlockingRule, ...] | None:
    return None if values is None else tuple(values)


_MANY = 0.35
"""Matching pairs for each record from which a second round pays: frequencies that know who is who."""


@attrs.frozen(eq=False)
class _Found:
    """What one round of learning, scoring and clustering found."""

    model: MatchModel
    pairs: ScoredPairs
    threshold: float
    clustering: Clustering


@attrs.define(kw_only=True, repr=False, eq=False)
class Matcher:
    """Finds records that are the same party.

    Args:
        kind: ``"contact"``, ``"account"`` or ``"lead"``: which preset fills what is not given.
        comparisons: What to compare; ``None`` takes the preset's, as far as columns are found for them.
        blocking: Which pairs to compare; ``None`` takes the preset's, plus one loose rule for each added comparison.
        threshold: Where to cut: ``"auto"`` (a match probability of one half), a probability, ``"f1"``, or
            ``Precision(0.99)``.
        country: Country (ISO 3166 alpha-2) in which phone numbers without one are read.
        block_cap: Largest block in which all records meet.
        seed: For the samples that the estimation draws.

    Example:
        >>> people = [
        ...     {"id": "a", "first_name": "Ann", "last_name": "Lee", "email": "ann.lee@example.org", "city": "Oslo"},
        ...     {"id": "b", "first_name": "Anne", "last_name": "Lee", "email": "ann.lee@example.org", "city": "Oslo"},
        ...     {"id": "c", "first_name": "Bo", "last_name": "Berg", "email": "bo@example.org", "city": "Bergen"},
        ... ]
        >>> Matcher.contacts().dedupe(people).clusters
        [{'record_id': 'a', 'cluster_id': 0}, {'record_id': 'b', 'cluster_id': 0}, {'record_id': 'c', 'cluster_id': 1}]

    .. versionadded:: 0.1.0
    """

    kind: RecordKind = attrs.field(default="contact")
    comparisons: tuple[Comparison, ...] | None = attrs.field(default=None, converter=_comparisons)
    blocking: tuple[BlockingRule, ...] | None = attrs.field(default=None, converter=_blocking)
    threshold: Threshold = "auto"
    country: str | None = None
    block_cap: int = attrs.field(default=BLOCK_CAP, validator=attrs.validators.ge(2))
    seed: int = 0
    model_: MatchModel | None = attrs.field(default=None, init=False)
    notes_: tuple[str, ...] = attrs.field(default=(), init=False)

    @kind.validator
    def _known_kind(self, _attribute: object, value: str) -> None:
        if value not in {"contact", "account", "lead"}:
            raise NotFoundError.of("record kind", value, ["contact", "account", "lead"])

    @classmethod
    def contacts(cls, **settings: object) -> Matcher:
        """Match people: names, birth date, e-mail, phones, address, employer."""
        return cls(kind="contact", **settings)  # type: ignore[arg-type]  # attrs checks them

    @classmethod
    def accounts(cls, **settings: object) -> Matcher:
        """Match organizations: name, registration id, address, phone, fax, web, e-mail."""
        return cls(kind="account", **settings)  # type: ignore[arg-type]  # attrs checks them

    @classmethod
    def leads(cls, **settings: object) -> Matcher:
        """Match leads: as contacts; a lead often has nothing but a company and an e-mail."""
        return cls(kind="lead", **settings)  # type: ignore[arg-type]  # attrs checks them

    def __repr__(self) -> str:
        shown = [f"kind={self.kind!r}"]
        shown.append(f"comparisons=[{', '.join(repr(one) for one in self._comparisons())}]")
        shown.append(f"blocking=[{', '.join(repr(rule) for rule in self._rules())}]")
        shown.append(f"threshold={self.threshold!r}")
        shown += [
            f"{name}={getattr(self, name)!r}"
            for name in ("country", "block_cap", "seed")
            if getattr(self, name) != getattr(attrs.fields(Matcher), name).default
        ]
        return f"Matcher({', '.join(shown)})"

    def fit(self, frame: Frame, *, progress: Progress | None = None) -> Matcher:
        """Learn the model from the records themselves, without labels.

        Raises:
            SchemaError: Nothing to match on in the frame.
        """
        run = self._read([frames.read(frame)], progress)
        self._learn(run, self._block(run, progress))
        return self

    def predict(self, frame: Frame, *, progress: Progress | None = None) -> Frame:
        """Score the candidate pairs of a frame with the fitted model.

        Returns:
            A frame of the caller's kind with ``left``, ``right`` (record ids), ``match_weight`` (log2 odds),
            ``match_probability`` and ``explanation``, best first.

        Raises:
            NotFittedError: ``fit`` was not called.
            SchemaError: Nothing to match on, or columns that the model was fitted with are missing.
        """
        model = self._fitted()
        run = self._read([frames.read(frame)], progress, key=None)
        candidates = self._block(run, progress)
        pairs = self._score(run, candidates, self._adapted(model, run.encoded), progress)
        return MatchReport.pairs_frame(run, pairs, model, like=frame)

    def dedupe(
        self, frame: Frame, *, key: str | None = None, refit: bool = True, progress: Progress | None = None
    ) -> MatchReport:
        """Find the records of one table that are the same party.

        Args:
            frame: Any frame.
            key: Column with the record ids; without it a column recognized as the id, else the row position.
            refit: Learn from this frame (the default) or use the model that was fitted or loaded.
            progress: Wraps the loops over columns, rules and chunks of pairs.

        Returns:
            A report with ``.clusters``, ``.pairs``, ``.explain(a, b)`` and ``.merge()``.

        Raises:
            SchemaError: Nothing to match on, or no such key column.
            NotFittedError: ``refit=False`` before ``fit``.
        """
        run = self._read([frames.read(frame)], progress, key=key)
        candidates = self._block(run, progress)
        found = self._match(run, candidates, refit=refit, progress=progress)
        if found.model.numbers[MATCH] > _MANY * run.encoded.effective:
            run = attrs.evolve(run, encoded=run.encoded.with_parties(found.clustering.labels))
            found = self._match(run, candidates, refit=refit, progress=progress)
        model, pairs, threshold, clustering = found.model, found.pairs, found.threshold, found.clustering
        _log.info("%d records in %d clusters", run.encoded.n, len(clustering.sizes))
        linked = clustering.labels[pairs.left] == clustering.labels[pairs.right]
        oversized = int(np.isin(clustering.labels, clustering.labels[list(clustering.oversized)]).sum())
        return MatchReport(
            run=run,
            model=model,
            scored=pairs,
            labels=clustering.labels,
            threshold_=threshold,
            diagnostics=self._diagnostics(run, candidates, model, pairs, linked, oversized=oversized),
        )

    def link(
        self,
        left: Frame,
        right: Frame,
        *,
        key: str | tuple[str, str] | None = None,
        one_to_one: bool = False,
        refit: bool = True,
        progress: Progress | None = None,
    ) -> LinkReport:
        """Find the records of two tables that are the same party.

        Args:
            left: Any frame.
            right: Another one, of any kind.
            key: Column with the record ids, one name for both or two.
            one_to_one: Neither table has duplicates, so that no record is linked twice; then also weaker pairs are
                taken, because being the only candidate is evidence.
            refit: Learn from these frames, or use the model that was fitted or loaded.
            progress: As in ``dedupe``.

        Raises:
            SchemaError: Nothing to match on, or no such key column.
            NotFittedError: ``refit=False`` before ``fit``.
        """
        keys = key if isinstance(key, tuple) else (key, key)
        run = self._read([frames.read(left), frames.read(right)], progress, *keys)
        candidates = self._block(run, progress)
        model = self._model_for(run, candidates, refit=refit)
        pairs = self._score(run, candidates, model, progress)
        threshold = choose_threshold(self.threshold, pairs.log_odds, model.numbers[MATCH])
        cut = log_odds_of(threshold)
        if one_to_one:
            least = cut + _ONE_TO_ONE_LEAST
            chosen = match_one_to_one(pairs.left, pairs.right, pairs.log_odds, least=least)
        else:
            chosen = np.flatnonzero(pairs.log_odds > cut)
        linked = np.zeros(len(pairs), dtype=bool)
        linked[chosen] = True
        return LinkReport(
            run=run,
            model=model,
            scored=pairs,
            linked=linked,
            threshold_=threshold,
            diagnostics=self._diagnostics(run, candidates, model, pairs, linked),
        )

    def to_dict(self) -> dict[str, object]:
        """Return settings and fitted model as plain data, versioned; no value out of any record is in it."""
        threshold = {"precision": self.threshold.target} if isinstance(self.threshold, Precision) else self.threshold
        return {
            "format": FORMAT,
            "kind": self.kind,
            "comparisons": None if self.comparisons is None else [one.to_dict() for one in self.comparisons],
            "blocking": None
            if self.blocking is None
            else [{"keys": list(rule.keys), "loose": rule.loose} for rule in self.blocking],
            "threshold": threshold,
            "country": self.country,
            "block_cap": self.block_cap,
            "seed": self.seed,
            "model": None if self.model_ is None else self.model_.to_dict(),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, object]) -> Matcher:
        """Read what ``to_dict`` wrote.

        Raises:
            FormatError: Not a matcher, or one of a later version.
        """
        if document.get("format") != FORMAT:
            raise FormatError(f"not a {FORMAT} document; save matchers with to_dict()", location="format")
        settings = {name: value for name, value in document.items() if name not in {"format", "model"}}
        comparisons, blocking, threshold = (settings[name] for name in ("comparisons", "blocking", "threshold"))
        if isinstance(comparisons, list):
            settings["comparisons"] = [Comparison.from_dict(one) for one in comparisons]
        if isinstance(blocking, list):
            settings["blocking"] = [BlockingRule(*rule["keys"], loose=rule["loose"]) for rule in blocking]
        if isinstance(threshold, dict):
            settings["threshold"] = Precision(threshold["precision"])
        matcher = cls(**settings)  # type: ignore[arg-type]  # attrs checks them
        model = document["model"]
        if isinstance(model, dict):
            matcher.model_ = MatchModel.from_dict(model)
        return matcher

    def _comparisons(self) -> tuple[Comparison, ...]:
        chosen = comparisons_of(self.kind) if self.comparisons is None else self.comparisons
        names = [one.name for one in chosen]
        for one in chosen:
            if names.count(one.name) > 1:
                raise SchemaError(f"two comparisons are called {one.name!r}; give one another name=")
        return chosen

    def _rules(self) -> tuple[BlockingRule, ...]:
        if self.blocking is None:
            preset = blocking_rules(self.kind)
            own = {one.name for one in comparisons_of(self.kind)}
            added = [one.name for one in self._comparisons() if one.name not in own]
            return (*preset, *(BlockingRule(name, loose=True) for name in added))
        known = [
            name
            for one in self._comparisons()
            for name in (one.name, *(f"{one.name}_{suffix}" for suffix in KINDS[one.kind].keys))
        ]
        known += ["whole_name", "whole_sound"]
        for rule in self.blocking:
            for name in rule.keys:
                if name not in known:
                    raise NotFoundError.of("blocking key", name, known)
        return self.blocking

    def _fitted(self) -> MatchModel:
        if self.model_ is None:
            raise NotFittedError("this matcher has not learned yet; call fit() or dedupe() first")
        return self.model_

    def _read(self, tables: list[Table], progress: Progress | None, *keys: str | None, key: str | None = None) -> Run:
        maps = [recognition.recognize(table, kind=self.kind) for table in tables]
        sources: list[Source] = find_sources(tables, maps, self._comparisons())
        for source in sources:
            source.country = self.country
        notes: list[str] = []
        ids, used = [], []
        for source, name in zip(sources, keys or (key,), strict=True):
            found, column, note = record_ids(source.table, name, source.map.key)
            ids.append(found)
            used.append(column)
            if note is not None:
                notes.append(note)
        encoded = encode(sources, self._comparisons(), progress=progress)
        if encoded.n < 2:
            notes.append(f"{encoded.n} record{'s' if encoded.n != 1 else ''}: nothing to compare")
        elif not encoded.fields:
            notes.append("every column to match on is empty: nothing to compare")
        _log.info("encoded %d records, %d comparisons", encoded.n, len(encoded.comparisons))
        return Run(sources=tuple(sources), encoded=encoded, ids=tuple(ids), keys=tuple(used), notes=tuple(notes))

    def _block(self, run: Run, progress: Progress | None) -> Candidates:
        encoded = run.encoded
        ranks: list[NDArray[np.int64]] = []

        def order() -> NDArray[np.int64]:
            if not ranks:
                ranks.append(encoded.order())
            return ranks[0]

        found = block(
            encoded.keys,
            self._rules(),
            encoded.n,
            cap=self.block_cap,
            side=encoded.side,
            order=order,
            progress=progress,
        )
        _log.info("%d candidate pairs", len(found))
        return found

    def _learn(self, run: Run, candidates: Candidates) -> MatchModel:
        explanations = explanations_of(self.kind, self._comparisons())
        result = estimate(run.encoded, candidates, explanations, seed=self.seed)
        self.model_, self.notes_ = result.model, result.notes
        return result.model

    def _model_for(self, run: Run, candidates: Candidates, *, refit: bool) -> MatchModel:
        return self._learn(run, candidates) if refit else self._adapted(self._fitted(), run.encoded)

    def _adapted(self, model: MatchModel, encoded: Encoded) -> MatchModel:
        have, need = [one.name for one in encoded.comparisons], [one.name for one in model.comparisons]
        if have != need:
            raise SchemaError(f"the model was fitted on {', '.join(need)}, this frame has {', '.join(have) or 'none'}")
        return model.for_size(encoded.effective, encoded.possible_pairs)

    def _match(self, run: Run, candidates: Candidates, *, refit: bool, progress: Progress | None) -> _Found:
        """Learn, score and cluster once."""
        model = self._model_for(run, candidates, refit=refit)
        pairs = self._score(run, candidates, model, progress)
        threshold = choose_threshold(self.threshold, pairs.log_odds, model.numbers[MATCH])
        clustering = cluster(
            run.encoded.n,
            pairs.left,
            pairs.right,
            pairs.log_odds,
            lambda left, right: linkage_scores(run.encoded, model, left, right),
            threshold=log_odds_of(threshold),
        )
        return _Found(model, pairs, threshold, clustering)

    def _score(self, run: Run, candidates: Candidates, model: MatchModel, progress: Progress | None) -> ScoredPairs:
        found = score_pairs(run.encoded, model, candidates.left, candidates.right, progress=progress)
        _log.info("kept %d of %d pairs", len(found), len(candidates))
        return found

    def _diagnostics(
        self,
        run: Run,
        candidates: Candidates,
        model: MatchModel,
        pairs: ScoredPairs,
        linked: NDArray[np.bool_],
        *,
        oversized: int = 0,
    ) -> Diagnostics:
        chances = pairs.probability
        said = float(chances[linked].sum())
        notes = [*run.notes, *self.notes_]
        cut = [use for use in candidates.uses if use.blocks_cut]
        if cut:
            most = max(use.records_in_cut_blocks for use in cut)
            notes.append(
                f"{sum(use.blocks_cut for use in cut)} blocks of {len(cut)} rules were over the cap of "
                f"{self.block_cap} records and only neighbors in them were compared (up to {most} records in a rule)"
            )
        if oversized:
            notes.append(
                f"{oversized} records are in components too large to compare all with all; look at these clusters"
            )
        used = {name: tuple(found) for source in run.sources for name, found in source.used().items()}
        return Diagnostics(
            records=run.encoded.n,
            distinct_records=run.encoded.effective,
            system=run.sources[0].map.system,
            columns=used,
            unused=tuple(one.name for one in self._comparisons() if one.name not in run.encoded.fields),
            rules=candidates.uses,
            candidates=len(candidates),
            expected_pairs=dict(model.numbers),
            expected_precision=said / int(linked.sum()) if linked.any() else 1.0,
            expected_recall=min(said / max(model.numbers[MATCH], said, 1e-9), 1.0),
            oversized=oversized,
            notes=tuple(notes),
        )
