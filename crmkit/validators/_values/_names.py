"""Names of people and of companies: what cannot be one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

import attrs

from crmkit import systems
from crmkit.normalize import names
from crmkit.normalize._placeholders import is_placeholder
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import Verdict, failed, normal, stand_in

from ._text import tidy

if TYPE_CHECKING:
    from crmkit.typing import Severity
    from crmkit.validators._checks._references import Context

__all__ = ["CompanyName", "PersonName"]

_PLAIN_PERSON = re.compile(r"[A-Za-z][A-Za-z'.-]+(?: [A-Za-z][A-Za-z'.-]*)*\Z").match
_PART = re.compile(r"[^\W\d_]+")
_MC = re.compile(r"\bMc([a-z])(?=[a-z]{2})")
_LONGEST_INITIALS = 3
_CASE_OF_NAMES = 0.85  # d'Angelo, van der Berg, MacArthur: their owners decide
_NOT_A_PERSON = re.compile(r"@|https?:|www\.|[<>{}=\\#%*$€£¥]|\d{2,}", re.IGNORECASE).search
_NOT_A_COMPANY = re.compile(r"^\S+@\S+$|https?:|[<>{}]|^\d{7,}$", re.IGNORECASE).search

_SALUTATION = re.compile(r"\s*(?:(?:mrs?|ms|mme|dr|prof)\.?|先生|女士|小姐)\s*\Z", re.IGNORECASE).match
_COUNTED = re.compile(r"\s*(?:0?123456(?:7(?:8(?:90?)?)?)?|654321|([0-9])\1{5,})\s*\Z").match


@attrs.frozen
class PersonName(Check):
    """A person's name, whole or in part, in any script.

    Names follow no rule that could be checked; what is reported is what no name holds: addresses, numbers, markup,
    placeholders such as ``test``, ``无`` and ``先生`` without a name, telephone numbers, and damaged encoding. A name
    all in capitals is right, and has a normal form that is proposed without being sure.

    Example:
        >>> [PersonName().is_valid(text) for text in ("O'Brien-Łoś", "欧阳小明", "wei@example.com", "n/a")]
        [True, True, False, False]
        >>> PersonName().examine("ANA O'BRIEN-MCDONALD")[0].fix
        "Ana O'Brien-McDonald"

    .. versionadded:: 0.1.0
    """

    severity: ClassVar[Severity] = "warning"

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        if systems.value_shape(text) == "phone":
            return failed("name_is_phone")
        if names.is_placeholder(text) or _SALUTATION(text) is not None:
            return stand_in()
        if _PLAIN_PERSON(text) is not None:
            return normal(text, _in_case(text), confidence=_CASE_OF_NAMES) if _is_shouted(text) else ()
        tidied, found = tidy(text)
        if any(finding.code == "formula" for finding in found):
            return found
        if _NOT_A_PERSON(tidied) is not None or not any(char.isalpha() for char in tidied):
            found = (*found, *failed("name_suspicious"))
        elif not found and _is_shouted(tidied):
            return normal(text, _in_case(tidied), confidence=_CASE_OF_NAMES)
        return found


def _is_shouted(text: str) -> bool:
    """Say whether a name is all capitals, though no initials: ``JOHN SMITH``, not ``JR`` and not ``LI``."""
    return text.isupper() and any(sum(map(str.isalpha, word)) > _LONGEST_INITIALS for word in text.split())


def _in_case(text: str) -> str:
    """Return the name with capitals at the beginning of its parts only."""
    return _MC.sub(lambda found: f"Mc{found[1].upper()}", _PART.sub(lambda found: found[0].capitalize(), text))


@attrs.frozen
class CompanyName(Check):
    """A company's name in any script; numbers and signs are allowed, addresses and placeholders are not.

    Example:
        >>> [CompanyName().is_valid(text) for text in ("3M", "华为技术有限公司", "info@example.com", "unknown")]
        [True, True, False, False]

    .. versionadded:: 0.1.0
    """

    severity: ClassVar[Severity] = "warning"

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        if is_placeholder(text) or _COUNTED(text) is not None:  # other digits can be a company: 360, 58
            return stand_in()
        tidied, found = tidy(text)
        if any(finding.code == "formula" for finding in found):
            return found
        if _NOT_A_COMPANY(tidied) is not None or not any(char.isalnum() for char in tidied):
            found = (*found, *failed("company_suspicious"))
        return found
