"""What people said about pairs: labels as data, to keep, to join and to learn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from crmkit.errors import FormatError, InvalidValueError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["FORMAT", "KnownPairs", "Label", "Labels", "known_pairs"]

FORMAT = "crmkit-labels/1"


@attrs.frozen
class Label:
    """One answer: whether two records are the same party.

    .. versionadded:: 0.1.0
    """

    left: Hashable
    right: Hashable
    match: bool

    def __repr__(self) -> str:
        return f"<Label: {'match' if self.match else 'no match'}>"


def _labels(values: Iterable[Label]) -> tuple[Label, ...]:
    """Keep each answer once.

    Raises:
        InvalidValueError: One pair has both answers, or a record is not named by an id.
    """
    known: dict[tuple[Hashable, Hashable], Label] = {}
    for label in values:
        try:
            before = known.setdefault((label.left, label.right), label)
        except TypeError:  # neither shown nor repeated: it may be a whole record
            raise InvalidValueError("a label names two records by their ids, texts or numbers, not by lists") from None
        if before.match != label.match:
            raise InvalidValueError(_BOTH)
    return tuple(known.values())


_BOTH = "one pair of records is labelled both as a match and as none"


def _is_answer(value: object) -> bool:
    return isinstance(value, (bool, np.bool_)) or (isinstance(value, (int, np.integer)) and int(value) in {0, 1})


def _pairs_of(document: object) -> list[Any] | None:
    """Return the pairs of a labels document, ``None`` if it is none."""
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        return None
    pairs = document.get("pairs")
    return pairs if isinstance(pairs, list) else None


@attrs.frozen(repr=False)
class Labels:
    """Labelled pairs, named by record ids; each pair once.

    Within one table it does not matter which record is named first; of two tables it is the left one's.

    Example:
        >>> labels = Labels.of([("a", "b", True), ("a", "c", False)])
        >>> labels += Labels.of([("a", "c", False)])
        >>> labels, Labels.from_dict(labels.to_dict()) == labels
        (<Labels: 1 matches, 1 others>, True)

    .. versionadded:: 0.1.0
    """

    pairs: tuple[Label, ...] = attrs.field(default=(), converter=_labels)

    @classmethod
    def of(cls, answers: Iterable[tuple[Hashable, Hashable, bool]]) -> Labels:
        """Make labels of triples (left record id, right record id, whether they match).

        Raises:
            InvalidValueError: An answer is neither true nor false; the text "no" would be true, and ``None`` false. Or
                something else is no triple of this form.
        """
        found = []
        for answer in answers:
            try:
                left, right, match = answer
            except (TypeError, ValueError):
                raise InvalidValueError("each label is two record ids and true or false") from None
            if not _is_answer(match):
                raise InvalidValueError("a label is True for a match and False for none; leave out what is not known")
            found.append(Label(left, right, bool(match)))
        return cls(tuple(found))

    def __add__(self, other: Labels) -> Labels:
        return Labels((*self.pairs, *other.pairs))

    def updated(self, later: Labels | None) -> Labels:
        """Return these labels and later ones, which count where both answer for the same two records."""
        check_labels(later)
        if not later:
            return self
        said = {frozenset((one.left, one.right)) for one in later}
        return Labels((*(one for one in self if frozenset((one.left, one.right)) not in said), *later))

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.pairs)

    def __repr__(self) -> str:
        matches = sum(label.match for label in self.pairs)
        return f"<Labels: {matches} matches, {len(self) - matches} others>"

    def to_dict(self) -> dict[str, object]:
        """Return plain data with a version; record ids are in it, no other value."""
        return {"format": FORMAT, "pairs": [[one.left, one.right, one.match] for one in self.pairs]}

    @classmethod
    def from_dict(cls, document: Mapping[str, object]) -> Labels:
        """Read what ``to_dict`` wrote.

        Raises:
            FormatError: Not labels, or those of a later version.
        """
        pairs = _pairs_of(document)
        if pairs is None:
            raise FormatError(f"not a {FORMAT} document; save labels with to_dict()", location="format")
        if not all(isinstance(one, (list, tuple)) and len(one) == 3 and isinstance(one[2], bool) for one in pairs):
            raise FormatError("each label is two record ids and true or false", location="pairs")
        return cls.of((left, right, match) for left, right, match in pairs)


def check_labels(labels: object) -> None:
    """Refuse what is neither labels nor ``None``.

    Raises:
        InvalidValueError: It is something else, such as a list of triples.
    """
    if labels is not None and not isinstance(labels, Labels):
        raise InvalidValueError("labels= takes Labels; make them of triples with Labels.of(...)")


@attrs.frozen(eq=False, repr=False)
class KnownPairs:
    """Labels as rows: smaller row, larger row, and whether they match; sorted."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    match: NDArray[np.bool_]
    n: int

    def __len__(self) -> int:
        return len(self.left)

    def answers(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.int8]:
        """Return for each pair 1 for a match, -1 for none, 0 where nobody said."""
        result = np.zeros(len(left), dtype=np.int8)
        if not len(self):
            return result
        keys = self.left.astype(np.int64) * self.n + self.right
        wanted = np.minimum(left, right).astype(np.int64) * self.n + np.maximum(left, right)
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[place] == wanted, np.where(self.match[place], 1, -1), 0).astype(np.int8)


def known_pairs(labels: Labels | None, ids: Sequence[Sequence[object]]) -> KnownPairs:
    """Find the rows of labelled records.

    Args:
        labels: May be ``None``.
        ids: Record ids of one table, or of two; then each label names the left table's record first.

    Raises:
        NotFoundError: A label names a record that the frame does not have; the message does not repeat its id.
        InvalidValueError: One names the same record twice, or one pair has both answers.
    """
    check_labels(labels)
    n = sum(len(one) for one in ids)
    pairs = () if labels is None else labels.pairs
    tables = [{record_id: row for row, record_id in enumerate(one)} for one in ids] if pairs else [{}]
    offset = len(ids[0]) if len(ids) > 1 else 0
    found: dict[tuple[int, int], bool] = {}
    for label in pairs:
        left, right = tables[0].get(label.left), tables[-1].get(label.right)
        if left is None or right is None:
            raise NotFoundError("a label names a record that is not in the frame; ids are those in .clusters")
        if left == right + offset:
            raise InvalidValueError("a label is about two records, and one names the same record twice")
        pair = (min(left, right + offset), max(left, right + offset))
        if found.setdefault(pair, label.match) != label.match:
            raise InvalidValueError(_BOTH)
    columns = np.array([(*pair, match) for pair, match in sorted(found.items())], dtype=np.int64).reshape(-1, 3)
    return KnownPairs(
        columns[:, 0].astype(np.int32), columns[:, 1].astype(np.int32), columns[:, 2].astype(bool), max(n, 1)
    )
