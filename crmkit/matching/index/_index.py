"""Look one record up among a million: at entry, before there is a duplicate."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from crmkit.errors import InvalidValueError
from crmkit.matching._decisions._scoring import FLOOR
from crmkit.matching._learning._model import MatchModel, posterior
from crmkit.matching._pairs._levels import PairLevels
from crmkit.matching._results._explain import PairExplanation, explain_levels
from crmkit.matching._saved import settings_of

from ._check import DuplicateCheck, Hit
from ._file import read_index, write_index
from ._pairs import PairLeveler
from ._posterior import Judge
from ._reader import RecordReader
from ._sieve import Sieve
from ._state import State

if TYPE_CHECKING:
    import os
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from ._query import Query
    from ._state import Texts

__all__ = ["MatchIndex"]


class MatchIndex:
    """The records of one table, ready to be asked which of them a new one is.

    Built by ``Matcher.index``. Scores are those that ``Matcher.predict`` would give the record as one row more of the
    table, and the candidates those of the same rules under the same block caps. Everything in it, the values of the
    records included, is in memory and in the file that ``save`` writes, in the clear.

    Reading from several threads, also while another one adds, is safe: calls take turns.

    Example:
        >>> from crmkit.matching import Matcher
        >>> people = [
        ...     {"id": "a", "first_name": "Ann", "last_name": "Lee", "email": "ann.lee@example.org", "city": "Oslo"},
        ...     {"id": "b", "first_name": "Bo", "last_name": "Berg", "email": "bo@example.org", "city": "Bergen"},
        ... ]
        >>> index = Matcher.contacts().fit(people).index(people)
        >>> [hit.record_id for hit in index.search({"first_name": "Anne", "email": "ann.lee@example.org"})]
        ['a']

    .. versionadded:: 0.1.0
    """

    def __init__(self, document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
        self._document = document
        self._arrays = arrays
        settings, model = settings_of(document["matcher"])
        self._threshold = settings["threshold"]
        assert model is not None  # noqa: S101  # an index is built with a fitted matcher
        by_name = {one.name: one for one in model.comparisons}
        comparisons = [by_name[name] for name in document["comparisons"]]
        self._model: MatchModel = model
        self._reader = RecordReader.from_dict(document["reader"], comparisons)
        self._state = State(document, arrays, comparisons)
        self._judge = Judge(model)
        self._leveler = PairLeveler(self._state.fields)
        self._sieve = Sieve(self._judge, self._leveler, self._state, arrays)
        self._lock = threading.RLock()
        for record_id in document.get("removed", ()):
            self._state.remove(record_id)
        for record_id, texts, world in document.get("added", ()):
            self._state.add([tuple(one) for one in texts], world, record_id)

    def __len__(self) -> int:
        return len(self._state)

    def __repr__(self) -> str:
        fields = ", ".join(field.comparison.name for field in self._state.fields)
        return f"<MatchIndex: {len(self)} records, {fields}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a MatchIndex is not pickled; save() it, and load() it in the other process")

    @property
    def columns(self) -> tuple[str, ...]:
        """Fields that a record may have: the columns of the table."""
        return self._reader.columns

    def search(self, record: Mapping[str, object], *, limit: int | None = 5) -> list[Hit]:
        """Find the records that are most probably the same party.

        Args:
            record: Fields to values, named as the columns of the table or by their canonical names; any may be left
                out. Values are read as the column was.
            limit: How many at most; ``None`` for all with a match probability of 0.7 % or more.

        Returns:
            Records by descending match probability, of equals the one that stands first in the table.

        Raises:
            NotFoundError: A field that the table of the index does not have.
            InvalidValueError: No field of the record says anything that can be compared, or the limit is no count.
            SchemaError: The record is no mapping.

        Note:
            O(candidates), of which there are at most ``block_cap`` for each blocking rule.
        """
        if not _is_limit(limit):
            raise InvalidValueError("limit= is how many records there are at most: a whole number from 0, or None")
        texts = self._reader.texts(record)
        with self._lock:
            found = self._scored(self._query(texts))
            ranked = sorted(found, key=lambda one: (-one[1], one[0]))
            ids = self._state.ids
            names = self._model.explanations
            return [
                Hit(record_id=ids.of(row), log_odds=odds, explanation=names[explanation])
                for row, odds, explanation in (ranked if limit is None else ranked[:limit])
            ]

    def check(self, record: Mapping[str, object], *, threshold: float | None = None, limit: int = 5) -> DuplicateCheck:
        """Say whether a record looks like one that is there; for forms and imports, before it is saved.

        Args:
            record: As in ``search``.
            threshold: Match probability from which a record counts as the same; that of the matcher if it is a
                number, else one half.
            limit: How many at most.

        Returns:
            What it looks like, each with its explanation; ``.ok`` if it looks like none, and ``str()`` says it in
            words, without a value out of any record.

        Raises:
            NotFoundError: A field that the table of the index does not have.
            InvalidValueError: No field of the record says anything that can be compared, or a threshold that is no
                probability.
            SchemaError: The record is no mapping.
        """
        own = self._threshold
        cut = threshold if threshold is not None else own if isinstance(own, float) else 0.5
        if not _is_probability(cut):
            raise InvalidValueError("a threshold is a probability between 0 and 1")
        with self._lock:
            hits = [hit for hit in self.search(record, limit=limit) if hit.match_probability >= cut]
            return DuplicateCheck(
                hits=tuple(hits),
                explanations=tuple(self.explain(record, hit.record_id) for hit in hits),
                threshold=cut,
            )

    def explain(self, record: Mapping[str, object], record_id: Hashable) -> PairExplanation:
        """Say why a record is, or is not, the same party as one of the index.

        Raises:
            NotFoundError: No record of the index has this id, or a field is unknown.
            InvalidValueError: No field of the record says anything that can be compared.
            SchemaError: The record is no mapping.
        """
        texts = self._reader.texts(record)
        with self._lock:
            query = self._query(texts)
            row = self._state.ids.row_of(record_id)
            model = self._model.for_size(query.records, query.pairs)
            codes = self._state.record_of(row)
            filled = {
                field.comparison.name
                for values, field in zip(query.values, self._state.fields, strict=True)
                if values and any(codes[column] >= 0 for column in field.columns)
            }
            return explain_levels(model, self._levels(query, [row]), left="record", right=record_id, filled=filled)

    def add(self, record: Mapping[str, object], record_id: Hashable) -> None:
        """Add a record; it is found from now on, and counts in every frequency.

        Raises:
            NotFoundError: A field that the table of the index does not have.
            InvalidValueError: The id is there already or of another type than the others, or no field of the record
                says anything that can be compared.
            SchemaError: The record is no mapping.

        Note:
            O(rules x log block).
        """
        texts, world = self._read(record)
        with self._lock:
            self._state.add(texts, world, record_id)

    def put(self, record: Mapping[str, object], record_id: Hashable) -> None:
        """Put a record in the place of the one that has its id, or add it if none has.

        It equals ``remove`` and ``add``, but nobody who reads meanwhile finds neither, and a record that is refused
        leaves the old one where it was.

        Raises:
            NotFoundError: A field that the table of the index does not have.
            InvalidValueError: The id is of another type than the others, or no field of the record says anything that
                can be compared.
            SchemaError: The record is no mapping.

        Note:
            O(rules x log block).
        """
        texts, world = self._read(record)
        with self._lock:
            if record_id in self._state.ids:
                self._state.remove(record_id)
            self._state.add(texts, world, record_id)

    def remove(self, record_id: Hashable) -> None:
        """Take a record out; it is not found any more, and counts in no frequency.

        Raises:
            NotFoundError: No record of the index has this id.
        """
        with self._lock:
            self._state.remove(record_id)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the index to a file that only its owner may read, and return its path; it holds values in the clear.

        Raises:
            OSError: The file cannot be written; one that was there is still as it was.
        """
        with self._lock:
            state = self._state
            by_row = {row: record_id for record_id, row in state.ids.added.items()}
            added = [
                [by_row[row], texts, state.record_of(row)[-1]]
                for row, texts in zip(range(state.rows, state.rows + len(state.added)), state.added_texts, strict=True)
                if row in by_row
            ]
            write_index(path, {**self._document, "added": added, "removed": list(state.ids.removed)}, self._arrays)
        return Path(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, verify: bool = True) -> MatchIndex:
        """Read what ``save`` wrote; the arrays are mapped into memory, so that processes share them.

        Args:
            path: The file. It must not change while it is used; write a new one and load that.
            verify: Check the digest of every array, which reads the whole file once.

        Raises:
            FormatError: Not an index, or one of another version.
            FixityError: The file was cut or changed.
            OSError: The file cannot be read.
        """
        return cls(*read_index(path, verify=verify))

    def _read(self, record: Mapping[str, object]) -> tuple[Texts, int]:
        """Return the values of a record that says something, and its world."""
        texts, world = self._reader.read(record)
        if not any(text is not None for several in texts for text in several):
            raise self._says_nothing()
        return texts, world

    def _query(self, record: Mapping[str, str]) -> Query:
        query = self._state.read(record, self._reader)
        if not any(query.values):
            raise self._says_nothing()
        return query

    def _says_nothing(self) -> InvalidValueError:
        fields = ", ".join(field.comparison.name for field in self._state.fields)
        return InvalidValueError(f"the record has nothing to compare; it needs one of: {fields}")

    def _scored(self, query: Query) -> list[tuple[int, float, int]]:
        """Return row, log odds and explanation of every candidate at or above the floor."""
        rows = self._state.candidates(query)
        if self._model.correction:
            return self._corrected(query, sorted(rows))
        likely = self._sieve.likely(query, rows, FLOOR)
        judged = self._judge.judge(query, [one[1:] for one in likely], FLOOR)
        return [
            (one[0], odds, explanation)
            for one, (odds, explanation) in zip(likely, judged, strict=True)
            if odds >= FLOOR
        ]

    def _corrected(self, query: Query, rows: Sequence[int]) -> list[tuple[int, float, int]]:
        """Score with what labels taught, which may raise the odds of any pair."""
        if not rows:
            return []
        said = posterior(self._model.for_size(query.records, query.pairs), self._levels(query, rows))
        return [
            (row, odds, explanation)
            for row, odds, explanation in zip(rows, said.log_odds.tolist(), said.explanation.tolist(), strict=True)
            if odds >= FLOOR
        ]

    def _levels(self, query: Query, rows: Sequence[int]) -> PairLevels:
        """Compare with some rows on everything."""
        state = self._state
        levels = np.empty((len(state.fields), len(rows)), dtype=np.int8)
        rarity = np.zeros((len(state.fields), len(rows)), dtype=np.float32)
        worlds = np.zeros(len(rows), dtype=np.float32)
        for place, row in enumerate(rows):
            record = state.record_of(row)
            share = worlds[place] = query.share if record[-1] == query.world >= 0 else 0.0
            levels[:, place], rarity[:, place] = self._leveler.levels(
                query, self._sieve.plan(query, share), record, share
            )
        return PairLevels(levels, rarity, worlds)


def _is_probability(cut: object) -> bool:
    return isinstance(cut, (int, float)) and not isinstance(cut, bool) and 0.0 <= cut <= 1.0


def _is_limit(limit: object) -> bool:
    return limit is None or (isinstance(limit, int) and not isinstance(limit, bool) and limit >= 0)
