"""One system's records as another's: presets for CRMs and address books, suggestions for everything else.

A :class:`Mapping` is data: it can be turned round, put behind another one, compared, stored, checked and applied to any
frame. The canonical model is in the middle, so each system is described once.
"""

from ._exchange._payloads import from_payload, to_payload
from ._exchange._vcards import read_vcards, to_vcards
from ._mappings._diff import MappingChange, MappingDiff, diff
from ._mappings._mapping import Mapping
from ._mappings._presets import canonical_form, preset
from ._parts._form import Form, FormType
from ._parts._link import CANONICAL, End, Endpoint, Link
from ._parts._values import ValueTable
from ._running._report import MappedColumn, MappingReport
from ._suggesting._suggest import Suggestion, Suggestions, suggest

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
