"""The matcher: settings in, a fitted model and reports out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit import frames
from crmkit._called import check_called
from crmkit.errors import InvalidValueError, NotFittedError, NotFoundError

from ._decisions._rounds import Job, dedupe_run, link_run
from ._decisions._threshold import Threshold, check_threshold
from ._labelling._asked import Asked
from ._labelling._asking import check_number_of_questions
from ._labelling._labels import Labels, known_pairs
from ._learning._estimate import estimate
from ._learning._model import adapted
from ._merging._entry import apart_in, continue_ids
from ._pairs._blocking import BLOCK_CAP, BlockingRule
from ._reading._read import read_run
from ._results._diagnostics import Diagnostics, diagnose
from ._results._link_report import LinkReport
from ._results._report import MatchReport
from ._saved import document_of, settings_of
from ._settings import _shown as shown
from ._settings._chosen import as_comparisons, as_country, as_rules, chosen_comparisons, chosen_rules
from ._settings._presets import explanations_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from crmkit.frames import Table
    from crmkit.typing import Frame, Progress, RecordKind

    from ._decisions._scoring import ScoredPairs
    from ._kinds._fields import Comparison
    from ._labelling._asking import Questions
    from ._labelling._labels import KnownPairs
    from ._learning._model import MatchModel
    from ._merging._log._merge_log import MergeLog
    from ._pairs._blocking import Candidates
    from ._reading._encode import Encoded
    from ._reading._run import Run
    from .index import MatchIndex

__all__ = ["Matcher"]


@attrs.define(kw_only=True, repr=False, eq=False)
class Matcher:
    """Finds records that are the same party.

    Args:
        kind: ``"contact"``, ``"account"`` or ``"lead"``: which preset fills what is not given.
        comparisons: What to compare; ``None`` takes the preset's, as far as columns are found for them.
        blocking: Which pairs to compare; ``None`` takes the preset's, plus one loose rule for each added comparison.
        threshold: Where to cut: ``"auto"`` (a match probability of one half), a probability, ``"f1"``, or
            ``Precision(0.99)``.
        country: Country in which phone numbers without one are read: a code of ISO 3166-1, or a name.
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
    comparisons: tuple[Comparison, ...] | None = attrs.field(default=None, converter=as_comparisons)
    blocking: tuple[BlockingRule, ...] | None = attrs.field(default=None, converter=as_rules)
    threshold: Threshold = attrs.field(default="auto", validator=lambda _, __, value: check_threshold(value))
    country: str | None = attrs.field(default=None, converter=as_country)
    block_cap: int = attrs.field(default=BLOCK_CAP, validator=attrs.validators.ge(2))
    seed: int = attrs.field(default=0, validator=[attrs.validators.instance_of(int), attrs.validators.ge(0)])
    model_: MatchModel | None = attrs.field(default=None, init=False)
    notes_: tuple[str, ...] = attrs.field(default=(), init=False)
    _asked: Asked | None = attrs.field(default=None, init=False)

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
        return shown.line(self, self._comparisons(), self._rules())

    def _repr_html_(self) -> str:
        return shown.sheet(self, self._comparisons(), self._rules())

    def fit(
        self,
        frame: Frame,
        *,
        key: str | None = None,
        labels: Labels | None = None,
        progress: Progress | None = None,
    ) -> Matcher:
        """Learn the model from the records themselves, and from what people said about some pairs.

        What it found is kept, so that ``ask`` about this object answers at once. No rows give the model to start from.

        Raises:
            SchemaError: Nothing to match on in the frame, or no such key column.
            NotFoundError: A label names a record that the frame does not have.
        """
        report = self.dedupe(frame, key=key, labels=labels, progress=progress)
        self._asked = Asked(frame=frame, key=key, report=report, labels=labels or Labels(), model=self.model_)
        return self

    def predict(self, frame: Frame, *, key: str | None = None, progress: Progress | None = None) -> Frame:
        """Score the candidate pairs of a frame with the fitted model.

        Returns:
            A frame of the caller's kind with ``left``, ``right`` (record ids), ``match_weight`` (log2 odds),
            ``match_probability`` and ``explanation``, best first.

        Raises:
            NotFittedError: ``fit`` was not called.
            SchemaError: Nothing to match on, no such key column, or columns that the model was fitted with are missing.
        """
        model = self._fitted()
        run = self._read([frames.read(frame)], progress, key)
        job = self._job(known_pairs(None, run.ids), progress)
        pairs = job.score(run.encoded, job.block(run.encoded), adapted(model, run.encoded))
        return MatchReport.pairs_frame(run, pairs, model, like=frame)

    def ask(
        self,
        frame: Frame,
        n: int = 20,
        *,
        key: str | None = None,
        labels: Labels | None = None,
        progress: Progress | None = None,
    ) -> Questions:
        """Propose the next pairs that are worth a person's answer.

        The fitted model asks; a matcher that was not fitted learns from this frame first, as ``fit`` does. New labels
        are learned from, with those that it learned from about this object before; of two answers about one pair the
        new one counts. The model that learned from them is the matcher's from then on. Asking about the same object
        without a new label takes milliseconds.

        Args:
            frame: Any frame.
            n: How many pairs at most.
            key: As in ``dedupe``.
            labels: What was answered before. These pairs are not asked about again.
            progress: As in ``dedupe``.

        Raises:
            SchemaError: As ``dedupe`` does, or the fitted model needs columns that this frame does not have.
            NotFoundError: A label names a record that the frame does not have.
            InvalidValueError: ``n`` is no whole number from 0.

        Example:
            >>> from crmkit.testing import generate
            >>> people = generate.contacts(300, seed=1).columns
            >>> labels = Matcher.contacts().ask(people, n=5).answer(lambda text: "n")
            >>> labels
            <Labels: 0 matches, 5 others>
        """
        check_number_of_questions(n)
        asked = self._about(frame, key, progress)
        told = asked.labels.updated(labels)
        if told != asked.labels:
            self.fit(frame, key=key, labels=told, progress=progress)
            asked = self._about(frame, key, progress)
        return asked.report.ask(n, labels=told, seed=self.seed)

    def _about(self, frame: Frame, key: str | None, progress: Progress | None) -> Asked:
        """Return what is known about a frame by the fitted model, or learn it."""
        before = self._asked if self._asked is not None and self._asked.frame is frame else None
        if self.model_ is None:
            self.fit(frame, key=key, progress=progress)
        elif before is None or before.model is not self.model_ or not before.names_records_by(key):
            report = self.dedupe(frame, key=key, refit=False, progress=progress)
            labels = Labels() if before is None else before.labels_of(report)
            self._asked = Asked(frame=frame, key=key, report=report, labels=labels, model=self.model_)
        assert self._asked is not None  # noqa: S101  # both ways set it
        return self._asked

    def dedupe(
        self,
        frame: Frame,
        *,
        key: str | None = None,
        refit: bool = True,
        labels: Labels | None = None,
        previous: MergeLog | None = None,
        progress: Progress | None = None,
    ) -> MatchReport:
        """Find the records of one table that are the same party.

        Args:
            frame: Any frame.
            key: Column with the record ids; without it a column recognized as the id, else the row position.
            refit: Learn from this frame (the default) or use the model that was fitted or loaded.
            labels: What people said about pairs of this frame. They are learned from, unless ``refit=False``, and
                kept: a labelled match is linked, and a labelled pair that is none never is.
            previous: The log of an earlier merge. Clusters keep the ids that their records had there, whatever the
                order of rows; ``.events`` says what was joined and split, and merging continues the log. Records that
                somebody took apart there stay apart, unless a label says that they match.
            progress: Wraps the loops over columns, rules and chunks of pairs.

        Returns:
            A report with ``.clusters``, ``.pairs``, ``.explain(a, b)`` and ``.merge()``.

        Raises:
            SchemaError: Nothing to match on, no such key column, or ``previous`` is the log of another table.
            NotFittedError: ``refit=False`` before ``fit``.
            NotFoundError: A label names a record that the frame does not have.
        """
        run = self._read([frames.read(frame)], progress, key)
        known = known_pairs(labels, run.ids)
        records = run.texts_of_ids() if previous is not None and run.keys[0] is not None else None
        job = attrs.evolve(self._job(known, progress), apart=apart_in(previous, records))
        found = dedupe_run(job, run.encoded, self._learner(known, refit=refit))
        notes = run.notes if job.apart is None else (*run.notes, job.apart.note)
        run = attrs.evolve(run, encoded=found.encoded, notes=notes)
        grouped = found.clustering.labels
        linked = grouped[found.pairs.left] == grouped[found.pairs.right]
        cluster_ids, following, events = continue_ids(previous, records, grouped)
        return MatchReport(
            cluster_ids=cluster_ids,
            following=following,
            events=events,
            previous=previous,
            run=run,
            model=found.model,
            scored=found.pairs,
            labels=grouped,
            threshold_=found.threshold,
            diagnostics=self._diagnose(
                run, found.candidates, found.model, found.pairs, linked, known, oversized=found.clustering.oversized
            ),
        )

    def link(
        self,
        left: Frame,
        right: Frame,
        *,
        key: str | tuple[str, str] | None = None,
        one_to_one: bool = False,
        many_to_one: bool = False,
        refit: bool = True,
        labels: Labels | None = None,
        progress: Progress | None = None,
    ) -> LinkReport:
        """Find the records of two tables that are the same party.

        Args:
            left: Any frame.
            right: Another one, of any kind.
            key: Column with the record ids, one name for both or two.
            one_to_one: Neither table has duplicates, so that no record is linked twice. Unless a cut was asked for, by
                a number or a precision, weaker pairs are taken too, because being the only candidate is evidence.
            many_to_one: The right table has no duplicates (it is the master list): each left record is linked to its
                best right record at most, and several left records may share one.
            refit: Learn from these frames, or use the model that was fitted or loaded.
            labels: As in ``dedupe``; each label names the left table's record first.
            progress: As in ``dedupe``.

        Raises:
            SchemaError: Nothing to match on, or no such key column.
            NotFittedError: ``refit=False`` before ``fit``.
            NotFoundError: A label names a record that its table does not have.
            InvalidValueError: ``one_to_one`` and ``many_to_one`` together.
        """
        if one_to_one and many_to_one:
            raise InvalidValueError("choose one_to_one or many_to_one, not both")
        run = self._read([*frames.read_two(left, right)], progress, *(key if isinstance(key, tuple) else (key, key)))
        known = known_pairs(labels, run.ids)
        learn = self._learner(known, refit=refit)
        found = link_run(self._job(known, progress), run.encoded, learn, one_to_one=one_to_one, many_to_one=many_to_one)
        run = attrs.evolve(run, notes=(*run.notes, *found.notes))
        return LinkReport(
            run=run, model=found.model, scored=found.pairs, linked=found.linked,
            one_to_one=one_to_one, many_to_one=many_to_one, threshold_=found.threshold,
            diagnostics=self._diagnose(run, found.candidates, found.model, found.pairs, found.linked, known),
        )  # fmt: skip

    def index(self, frame: Frame, *, key: str | None = None, progress: Progress | None = None) -> MatchIndex:
        """Make an index of a table, to look single records up in it at entry.

        Args:
            frame: Any frame with the columns of the one that was fitted; usually that itself, and it may have no rows.
            key: As in ``dedupe``; the ids are texts or whole numbers.
            progress: As in ``dedupe``.

        Raises:
            NotFittedError: ``fit`` was not called.
            SchemaError: Nothing to match on, columns that the model was fitted with are missing, or ids of other types.
        """
        from .index import MatchIndex, lay_out

        model = self._fitted()
        table = frames.read(frame)
        reader = self if len(table) else attrs.evolve(self, comparisons=model.comparisons)
        run = reader._read([table], progress, key)
        adapted(model, run.encoded)
        candidates = self._job(known_pairs(None, run.ids), progress).block(run.encoded)
        return MatchIndex(*lay_out(self, run, candidates, self._rules()))

    def to_dict(self) -> dict[str, object]:
        """Return settings and fitted model as plain data, versioned; no value out of any record is in it."""
        return document_of(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, object]) -> Matcher:
        """Read what ``to_dict`` wrote.

        Raises:
            FormatError: Not a matcher, one of a later version, or one that was edited; the location names the part.
        """
        settings, model = settings_of(document)
        matcher = cls(**settings)  # type: ignore[arg-type]  # attrs checks them
        matcher.model_ = model
        return matcher

    def _comparisons(self) -> tuple[Comparison, ...]:
        return chosen_comparisons(self.kind, self.comparisons)

    def _rules(self) -> tuple[BlockingRule, ...]:
        return chosen_rules(self.kind, self._comparisons(), self.blocking)

    def _fitted(self) -> MatchModel:
        if self.model_ is None:
            raise NotFittedError("this matcher has not learned yet; call fit() or dedupe() first")
        return self.model_

    def _read(self, tables: list[Table], progress: Progress | None, *keys: str | None) -> Run:
        check_called(progress=progress)
        named = keys or (None,) * len(tables)
        return read_run(
            tables, self._comparisons(), kind=self.kind, country=self.country, keys=named, progress=progress
        )

    def _job(self, known: KnownPairs, progress: Progress | None) -> Job:
        return Job(
            rules=self._rules(), block_cap=self.block_cap, threshold=self.threshold, known=known, progress=progress
        )

    def _learner(self, known: KnownPairs, *, refit: bool = True) -> Callable[[Encoded, Candidates], MatchModel]:
        """Return the function that gives a round its model."""
        if not refit:
            model = self._fitted()
            return lambda encoded, _: adapted(model, encoded)

        def learn(encoded: Encoded, candidates: Candidates) -> MatchModel:
            explanations = explanations_of(self.kind, self._comparisons())
            result = estimate(encoded, candidates, explanations, seed=self.seed, known=known)
            self.model_, self.notes_ = result.model, result.notes
            return result.model

        return learn

    def _diagnose(
        self,
        run: Run,
        candidates: Candidates,
        model: MatchModel,
        pairs: ScoredPairs,
        linked: NDArray[np.bool_],
        known: KnownPairs,
        *,
        oversized: int = 0,
    ) -> Diagnostics:
        unused = [one.name for one in self._comparisons() if one.name not in run.encoded.fields]
        return diagnose(
            run, candidates, model, pairs, linked,
            known=known, unused=unused, notes=self.notes_, block_cap=self.block_cap, oversized=oversized,
        )  # fmt: skip
