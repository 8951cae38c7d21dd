"""What a matcher remembers of the frame that it was asked about, so that no answer is lost between two questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from ._labels import Label, Labels

if TYPE_CHECKING:
    from crmkit.matching._learning._model import MatchModel
    from crmkit.matching._results._report import MatchReport
    from crmkit.typing import Frame

__all__ = ["Asked"]


@attrs.frozen(eq=False, kw_only=True, repr=False)
class Asked:
    """A frame, what was found in it, and what people had said by then.

    Attributes:
        frame: The caller's object; another one of equal content is another frame.
        key: As the caller named it.
        report: What was found, with the model that asks.
        labels: What that model learned from.
        model: The matcher's model then; another one since makes all this out of date.
    """

    frame: Frame
    key: str | None
    report: MatchReport
    labels: Labels
    model: MatchModel | None

    def names_records_by(self, key: str | None) -> bool:
        """Whether ``key`` gives the records the ids that they have here."""
        return key in (self.key, self.report.run.keys[0])

    def labels_of(self, report: MatchReport) -> Labels:
        """Return the labels by the record ids of another report on the same rows."""
        if not self.labels:
            return self.labels
        row = {record_id: place for place, record_id in enumerate(self.report.record_ids)}
        ids = report.record_ids
        return Labels(tuple(Label(ids[row[one.left]], ids[row[one.right]], one.match) for one in self.labels))
