"""Names of people and of companies: what cannot be one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

import attrs

from crmkit import systems
from crmkit.normalize import names

from ._check import Check, Context
from ._placeholders import is_placeholder
from ._text import tidy
from ._verdict import Finding, Verdict, failed

if TYPE_CHECKING:
    from crmkit.typing import Severity

__all__ = ["CompanyName", "PersonName"]

_PLAIN_PERSON = re.compile(r"[A-Za-z][A-Za-z'.-]+(?: [A-Za-z][A-Za-z'.-]*)*\Z").match
_NOT_A_PERSON = re.compile(r"@|https?:|www\.|[<>{}=\\#%*$€£¥]|\d{2,}", re.IGNORECASE).search
_NOT_A_COMPANY = re.compile(r"^\S+@\S+$|https?:|[<>{}]|^\d{7,}$", re.IGNORECASE).search


@attrs.frozen
class PersonName(Check):
    """A person's name, whole or in part, in any script.

    Names follow no rule that could be checked; what is reported is what no name holds: addresses, numbers, markup,
    placeholders such as ``test`` and ``无``, telephone numbers, and damaged encoding.

    Example:
        >>> [PersonName().is_valid(text) for text in ("O'Brien-Łoś", "欧阳小明", "wei@example.com", "n/a")]
        [True, True, False, False]

    .. versionadded:: 0.1.0
    """

    severity: ClassVar[Severity] = "warning"

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        if systems.value_shape(text) == "phone":
            return failed("name_is_phone")
        if names.is_placeholder(text):
            return (Finding("placeholder", dimension="completeness"),)
        if _PLAIN_PERSON(text) is not None:
            return ()
        tidied, found = tidy(text)
        if any(finding.code == "formula" for finding in found):
            return found
        if _NOT_A_PERSON(tidied) is not None or not any(char.isalpha() for char in tidied):
            found = (*found, *failed("name_suspicious"))
        return found


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
        if is_placeholder(text):  # digits alone can be a company: 360, 58
            return (Finding("placeholder", dimension="completeness"),)
        tidied, found = tidy(text)
        if any(finding.code == "formula" for finding in found):
            return found
        if _NOT_A_COMPANY(tidied) is not None or not any(char.isalnum() for char in tidied):
            found = (*found, *failed("company_suspicious"))
        return found
