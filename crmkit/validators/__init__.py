"""Say what records must be, find what is not, and put right what can be put right.

A :class:`Schema` holds a check for each field and rules between fields and records. Its report counts every answer of
every rule, holds the issues as one table, and proposes fixes that are applied through a change log and undone exactly.
"""

from ._adds_up import adds_up
from ._agree import agree
from ._assumptions import Assumption
from ._bank_card import BankCard
from ._bic import BIC
from ._cardinality import cardinality
from ._check import AllOf, AnyOf, Check, Context, Not, Reference
from ._chinese_phone import ChineseLandline, ChineseMobile
from ._choice import Choice
from ._code import Code
from ._complete import complete
from ._conditions import Column, Condition, col, present
from ._country import Country, Postcode
from ._currency import Currency
from ._date import Date, DateTime
from ._dependency import depends
from ._domain import Domain
from ._duns import DUNS
from ._email import Email
from ._fixes import FixPlan
from ._fresh import fresh
from ._groups import all_of, any_of, optional
from ._guide import Guide
from ._hong_kong_id import HongKongId
from ._iban import IBAN
from ._identifier import Identifier
from ._language import Language
from ._lei import LEI
from ._macau_id import MacauId
from ._mailbox import Mailbox
from ._misplaced import spill, swapped
from ._named import register
from ._names import CompanyName, PersonName
from ._number import Money, Number
from ._outcome import RuleOutcome
from ._percentage import Age, Percentage
from ._phone import Phone
from ._plausible import plausible
from ._region import Region
from ._relations import reference, satisfies, unique
from ._report import ValidationReport
from ._resident_id import ResidentId
from ._rules import Judgement, Rule, RunContext, order, require
from ._satisfies import Satisfies
from ._schema import Schema
from ._schema_diff import SchemaDiff
from ._scores import WEIGHTS, Summary
from ._standard_number import StandardNumber
from ._street import City, Street
from ._taiwan_id import TaiwanId
from ._text import Blank, Required, Text
from ._travel_permit import TravelPermit
from ._url import URL
from ._uscc import USCC
from ._vat import VAT
from ._verdict import Finding, Skipped, Verdict

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
