"""Say what records must be, find what is not, and put right what can be put right.

A :class:`Schema` holds a check for each field and rules between fields and records. Its report counts every answer of
every rule, holds the issues as one table, and proposes fixes that are applied through a change log and undone exactly.
"""

from ._checks._check import AllOf, AnyOf, Check, Not
from ._checks._conditions import Column, Condition, col, present
from ._checks._references import Context, Reference
from ._checks._verdict import Finding, Skipped, Verdict
from ._contact._chinese_phone import ChineseLandline, ChineseMobile
from ._contact._country import Country, Postcode
from ._contact._domain import Domain
from ._contact._email import Email
from ._contact._mailbox import Mailbox
from ._contact._phone import Phone
from ._contact._region import Region
from ._contact._street import City, Street
from ._contact._url import URL
from ._identifiers._bank_card import BankCard
from ._identifiers._bic import BIC
from ._identifiers._duns import DUNS
from ._identifiers._hong_kong_id import HongKongId
from ._identifiers._iban import IBAN
from ._identifiers._identifier import Identifier
from ._identifiers._lei import LEI
from ._identifiers._macau_id import MacauId
from ._identifiers._resident_id import ResidentId
from ._identifiers._standard_number import StandardNumber
from ._identifiers._taiwan_id import TaiwanId
from ._identifiers._travel_permit import TravelPermit
from ._identifiers._uscc import USCC
from ._identifiers._vat import VAT
from ._outcome._assumptions import Assumption
from ._outcome._counts import RuleOutcome
from ._outcome._fixes import FixPlan
from ._outcome._report import ValidationReport
from ._outcome._scores import WEIGHTS, Summary
from ._reading._named import register
from ._rules._adds_up import adds_up
from ._rules._agree import agree
from ._rules._cardinality import cardinality
from ._rules._complete import complete
from ._rules._dependency import depends
from ._rules._fresh import fresh
from ._rules._groups import all_of, any_of, optional
from ._rules._misplaced import spill, swapped
from ._rules._plausible import plausible
from ._rules._relations import reference, satisfies, unique
from ._rules._rule import Judgement, Rule, RunContext, order, require
from ._schema._diff import SchemaDiff
from ._schema._guide import Guide
from ._schema._schema import Schema
from ._values._choice import Choice
from ._values._code import Code, RecordId
from ._values._currency import Currency
from ._values._date import Date, DateTime
from ._values._language import Language
from ._values._names import CompanyName, PersonName
from ._values._number import Money, Number
from ._values._percentage import Age, Percentage
from ._values._satisfies import Satisfies
from ._values._text import Blank, Required, Text

__all__ = [
    "BIC",
    "DUNS",
    "IBAN",
    "LEI",
    "URL",
    "USCC",
    "VAT",
    "WEIGHTS",
    "Age",
    "AllOf",
    "AnyOf",
    "Assumption",
    "BankCard",
    "Blank",
    "Check",
    "ChineseLandline",
    "ChineseMobile",
    "Choice",
    "City",
    "Code",
    "Column",
    "CompanyName",
    "Condition",
    "Context",
    "Country",
    "Currency",
    "Date",
    "DateTime",
    "Domain",
    "Email",
    "Finding",
    "FixPlan",
    "Guide",
    "HongKongId",
    "Identifier",
    "Judgement",
    "Language",
    "MacauId",
    "Mailbox",
    "Money",
    "Not",
    "Number",
    "Percentage",
    "PersonName",
    "Phone",
    "Postcode",
    "RecordId",
    "Reference",
    "Region",
    "Required",
    "ResidentId",
    "Rule",
    "RuleOutcome",
    "RunContext",
    "Satisfies",
    "Schema",
    "SchemaDiff",
    "Skipped",
    "StandardNumber",
    "Street",
    "Summary",
    "TaiwanId",
    "Text",
    "TravelPermit",
    "ValidationReport",
    "Verdict",
    "adds_up",
    "agree",
    "all_of",
    "any_of",
    "cardinality",
    "col",
    "complete",
    "depends",
    "fresh",
    "optional",
    "order",
    "plausible",
    "present",
    "reference",
    "register",
    "require",
    "satisfies",
    "spill",
    "swapped",
    "unique",
]
