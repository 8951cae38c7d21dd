"""What each CRM calls its fields, their limits and identity traps; which system a file comes from.

The facts are tables in ``crmkit/data/systems``, each with its source and whether the vendor confirms it. Picklists and
labels are what a new customer gets: everybody renames and adds, so they are evidence, never a rule.
"""

from __future__ import annotations

from crmkit.systems._header_values import ValueShape, looks_like_value, shown_headers, value_shape
from crmkit.systems._headers import fold_header, header_parts, header_words
from crmkit.systems._load import canonical_fields, get, names, parse
from crmkit.systems._model import KINDS, TRAPS, CanonicalField, Field, System, SystemObject, TimeFamily
from crmkit.systems._names import GenericNames, generic_names, is_usual_name, usual_name
from crmkit.systems._recognize import Candidate, field_of, identify, recognize, trap_elsewhere

__all__ = [
    "KINDS",
    "TRAPS",
    "Candidate",
    "CanonicalField",
    "Field",
    "GenericNames",
    "System",
    "SystemObject",
    "TimeFamily",
    "ValueShape",
    "canonical_fields",
    "field_of",
    "fold_header",
    "generic_names",
    "get",
    "header_parts",
    "header_words",
    "identify",
    "is_usual_name",
    "looks_like_value",
    "names",
    "parse",
    "recognize",
    "shown_headers",
    "trap_elsewhere",
    "usual_name",
    "value_shape",
]
