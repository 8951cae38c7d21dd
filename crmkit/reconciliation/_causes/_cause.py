"""Why two cells differ: a closed list of causes, each with its grade.

A migration team does not repair cells, it repairs steps: an import that cuts at 40 characters, a spreadsheet between
two systems, a time zone that nobody set. So every difference gets the narrowest cause that explains it, tried from the
most harmless to the most serious; what nothing explains is ``changed``. What one pair alone cannot prove (a cut, a
shift of a day, a recoded pick list) is decided over the whole column in ``_columns``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.issues import Dimension
    from crmkit.typing import JSONValue, Severity

__all__ = ["CAUSES", "KINDS", "LONGEST", "Cause", "ColumnKind", "Grade"]

ColumnKind: TypeAlias = Literal[
    "text", "email", "phone", "country", "number", "date", "datetime", "postcode", "company"
]
"""What a column holds, which decides what counts as another way to write the same."""

KINDS: Final = ("text", "email", "phone", "country", "number", "date", "datetime", "postcode", "company")


@attrs.frozen
class Grade:
    """How bad a cause is, and which quality suffers.

    .. versionadded:: 0.1.0
    """

    severity: Severity
    dimension: Dimension


CAUSES: Final[Mapping[str, Grade]] = {
    "whitespace": Grade("info", "consistency"),
    "case": Grade("info", "consistency"),
    "full_width": Grade("info", "consistency"),
    "traditional": Grade("info", "consistency"),
    "format": Grade("info", "consistency"),
    "float_noise": Grade("info", "consistency"),
    "missing_marker": Grade("info", "consistency"),
    "recoded": Grade("info", "consistency"),
    "rounding": Grade("warning", "accuracy"),
    "unit": Grade("error", "accuracy"),
    "time_zone": Grade("error", "accuracy"),
    "day_month_swapped": Grade("error", "accuracy"),
    "date_system": Grade("error", "accuracy"),
    "truncated": Grade("error", "completeness"),
    "leading_zeros_lost": Grade("error", "accuracy"),
    "digits_lost": Grade("error", "accuracy"),
    "mojibake": Grade("error", "validity"),
    "value_map_miss": Grade("error", "consistency"),
    "swapped_columns": Grade("error", "accuracy"),
    "value_lost": Grade("error", "completeness"),
    "value_added": Grade("warning", "completeness"),
    "changed": Grade("error", "consistency"),
}
"""Every cause, from the most harmless, with its grade."""


@attrs.frozen
class Cause:
    """Why two cells differ.

    Attributes:
        code: One of ``CAUSES``.
        params: What proves it, without values out of the cells: a factor, a shift, a length.
        to_confirm: What the cause would be if the whole column shows the same; ``code`` holds otherwise.

    .. versionadded:: 0.1.0
    """

    code: str
    params: Mapping[str, JSONValue] = attrs.field(factory=dict, hash=False)
    to_confirm: Cause | None = None


LONGEST: Final = 4_000
"""Longer texts are compared by their spelling only: nothing else may take more than linear time on them."""
