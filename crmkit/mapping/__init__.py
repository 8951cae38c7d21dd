"""One system's records as another's: presets for CRMs and address books, suggestions for everything else.

A :class:`Mapping` is data: it can be turned round, put behind another one, compared, stored, checked and applied to any
frame. The canonical model is in the middle, so each system is described once.
"""

from ._diff import MappingChange, MappingDiff, diff
from ._form import Form, FormType
from ._link import CANONICAL, End, Endpoint, Link
from ._mapping import Mapping
from ._payloads import from_payload, to_payload
from ._presets import canonical_form, preset
from ._report import MappedColumn, MappingReport
from ._suggest import Suggestion, Suggestions, suggest
from ._values import ValueTable
from ._vcards import read_vcards, to_vcards

__all__ = [
    "CANONICAL",
    "End",
    "Endpoint",
    "Form",
    "FormType",
    "Link",
    "MappedColumn",
    "Mapping",
    "MappingChange",
    "MappingDiff",
    "MappingReport",
    "Suggestion",
    "Suggestions",
    "ValueTable",
    "canonical_form",
    "diff",
    "from_payload",
    "preset",
    "read_vcards",
    "suggest",
    "to_payload",
    "to_vcards",
]
