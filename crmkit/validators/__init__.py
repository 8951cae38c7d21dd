"""Say what records must be, find what is not, and put right what can be put right.

A :class:`Schema` holds a check for each field and rules between fields and records. Its report counts every answer of
every rule, holds the issues as one table, and proposes fixes that are applied through a change log and undone exactly.
"""

from ._assumptions import Assumption
from ._check import AllOf, AnyOf, Check, Context, Not, Reference
from ._choice import Choice
from ._complete import complete
from ._conditions import Column, Condition, col, present
from ._country import Country, Postcode
from ._date import Date, DateTime
from ._email import Email
from ._fixes import FixPlan
from ._groups import all_of, any_of, optional
from ._named import register
from ._names import CompanyName, PersonName
from ._number import Money, Number
from ._outcome import Outcome
from ._phone import Phone
from ._relations import reference, satisfies, unique
from ._report import ValidationReport
from ._rules import Judgement, Rule, RunContext, order, require
from ._satisfies import Satisfies
from ._schema import Schema
from ._scores import WEIGHTS, Summary
from ._text import Blank, Required, Text
from ._url import URL
from ._verdict import Finding, Skipped, Verdict

__all__ = [
    "URL",
    "WEIGHTS",
    "AllOf",
    "AnyOf",
    "Assumption",
    "Blank",
    "Check",
    "Choice",
    "Column",
    "CompanyName",
    "Condition",
    "Context",
    "Country",
    "Date",
    "DateTime",
    "Email",
    "Finding",
    "FixPlan",
    "Judgement",
    "Money",
    "Not",
    "Number",
    "Outcome",
    "PersonName",
    "Phone",
    "Postcode",
    "Reference",
    "Required",
    "Rule",
    "RunContext",
    "Satisfies",
    "Schema",
    "Skipped",
    "Summary",
    "Text",
    "ValidationReport",
    "Verdict",
    "all_of",
    "any_of",
    "col",
    "complete",
    "optional",
    "order",
    "present",
    "reference",
    "register",
    "require",
    "satisfies",
    "unique",
]
