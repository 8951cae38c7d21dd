"""Which pairs are worth a person's look, and how to ask about them in a terminal or a notebook.

Answers teach most where the model is unsure and where its doubts differ, so questions are spread over log odds and
explanations; a few of the sure pairs are among them, because a precision is measured only where somebody looked.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit import _notebook
from crmkit.errors import InvalidValueError
from crmkit.masking import shown_id

from ._labels import Label, Labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from crmkit.matching._decisions._scoring import ScoredPairs

    from ._labels import KnownPairs

__all__ = ["Question", "Questions", "check_number_of_questions", "choose_questions"]

_EDGES = np.array([-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 5.0])
_YES, _NO, _STOP = (
    frozenset({"y", "yes", "1", "是"}),
    frozenset({"n", "no", "0", "否", "不是"}),
    frozenset({"q", "quit"}),
)


@attrs.frozen(repr=False)
class Question:
    """A pair to look at.

    Attributes:
        left: Record id.
        right: Record id.
        match_probability: What the model thinks.
        explanation: Its best reason.
        values: For each column that one of the records fills, both values; personal data, shown by ``str`` alone.

    .. versionadded:: 0.1.0
    """

    left: object
    right: object
    match_probability: float
    explanation: str
    values: dict[str, tuple[object, object]]

    def __repr__(self) -> str:
        return f"<Question: match probability {self.match_probability:.2f}, {self.explanation}>"

    def _repr_html_(self) -> str:
        """Show which columns of the two agree; ``str`` shows the values."""
        rows = [(name, _said(*both)) for name, both in self.values.items()]
        lead = f"{self.match_probability:.0%}, {self.explanation}"
        table = _notebook.table((), rows)
        return _notebook.sheet(f"{shown_id(self.left)} and {shown_id(self.right)}", lead, table)

    def __str__(self) -> str:
        width = max(map(_columns, self.values), default=0)
        shown = {
            name: tuple("" if value is None else str(value) for value in both) for name, both in self.values.items()
        }
        left = max((_columns(both[0]) for both in shown.values()), default=0)
        lines = [
            f"{_padded(name, width)}  {'=' if a == b else ' '}  {_padded(a, left)}  |  {b}".rstrip()
            for name, (a, b) in shown.items()
        ]
        return "\n".join([*lines, f"match probability {self.match_probability:.0%}: {self.explanation}"])


def _columns(shown: str) -> int:
    """Return how many columns of a terminal a text takes; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in shown)


def _padded(shown: str, width: int) -> str:
    return shown + " " * (width - _columns(shown))


@attrs.frozen(repr=False)
class Questions:
    """Pairs to look at, the most useful first.

    Attributes:
        questions: The pairs.
        rows: Shape ``(n, 2)``: their rows, smaller first.

    .. versionadded:: 0.1.0
    """

    questions: tuple[Question, ...]
    rows: NDArray[np.int32] = attrs.field(eq=False)

    def __len__(self) -> int:
        return len(self.questions)

    def __iter__(self) -> Iterator[Question]:
        return iter(self.questions)

    def __repr__(self) -> str:
        return f"<Questions: {len(self)} pairs; .answer() asks about them>"

    def _repr_html_(self) -> str:
        """Show which pairs, how sure, and which columns agree; no value out of a record."""
        rows = [
            (
                shown_id(one.left), shown_id(one.right), f"{one.match_probability:.2f}", one.explanation,
                ", ".join(name for name, (a, b) in one.values.items() if a == b),
            )
            for one in self.questions[:_SHOWN]
        ]  # fmt: skip
        table = _notebook.table(("left", "right", "match probability", "because", "equal"), rows) if rows else ""
        lead = f"{len(self)} pairs; .answer() asks about them"
        return _notebook.sheet("Questions", lead, table, _notebook.more(len(rows), len(self), "pairs"))

    def answer(self, read: Callable[[str], str] = input) -> Labels:
        """Ask one question after the other: ``y``, ``n``, ``q`` to stop, anything else to leave a pair out.

        Args:
            read: Shows a text and returns what was typed; ``input`` works in a terminal and in a notebook.

        Returns:
            The labels of the pairs that were answered, also when it was stopped.
        """
        found = []
        for number, question in enumerate(self.questions, start=1):
            said = read(f"\n{question}\n{number}/{len(self)} same party? y / n / skip / q: ").strip().casefold()
            if said in _STOP:
                break
            if said in _YES or said in _NO:
                found.append(Label(question.left, question.right, said in _YES))
        return Labels(tuple(found))


_SHOWN = 20


def _said(left: object, right: object) -> str:
    """Say how two values stand to each other without showing them."""
    if left is None or right is None:
        return "only on the right" if left is None else "only on the left"
    return "equal" if left == right else "different"


def check_number_of_questions(n: object) -> None:
    """Refuse what is no number of pairs.

    Raises:
        InvalidValueError: No whole number, or less than 0.
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 0:
        raise InvalidValueError("n= is how many pairs to ask about: a whole number from 0")


def choose_questions(pairs: ScoredPairs, known: KnownPairs, n: int, *, seed: int) -> NDArray[np.intp]:
    """Choose up to ``n`` scored pairs that nobody answered yet.

    Strata of log odds and explanation take turns, each in random order; no record is asked about twice while others
    are left.

    Note:
        O(pairs log pairs).
    """
    check_number_of_questions(n)
    open_ = np.flatnonzero(known.answers(pairs.left, pairs.right) == 0)
    order = np.random.default_rng(seed).permutation(open_)
    stratum = np.searchsorted(_EDGES, pairs.log_odds[order]) * 64 + pairs.explanation[order]
    by_stratum = np.argsort(stratum, kind="stable")
    starts = np.flatnonzero(np.diff(stratum[by_stratum], prepend=-1))
    sizes = np.diff(np.append(starts, len(order)))
    turn = np.empty(len(order), dtype=np.int64)
    turn[by_stratum] = np.arange(len(order)) - np.repeat(starts, sizes)
    waiting = order[np.argsort(turn, kind="stable")]
    chosen: list[int] = []
    again: list[int] = []
    seen: set[int] = set()
    for pair in waiting.tolist():
        if len(chosen) == n:
            break
        ends = {int(pairs.left[pair]), int(pairs.right[pair])}
        (again if ends & seen else chosen).append(pair)
        seen |= ends
    return np.array([*chosen, *again][:n], dtype=np.intp)
