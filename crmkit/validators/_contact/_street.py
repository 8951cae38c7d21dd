"""Parts of a postal address: the street line and the city."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

import attrs

from crmkit.normalize import addresses
from crmkit.normalize._placeholders import is_placeholder
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import Verdict, failed, normal, stand_in
from crmkit.validators._values._text import tidy

if TYPE_CHECKING:
    from crmkit.typing import Severity
    from crmkit.validators._checks._references import Context

__all__ = ["City", "Street"]

_NOT_AN_ADDRESS = re.compile(r"@|https?:|www\.|[<>{}=\\]", re.IGNORECASE).search
_NOT_A_CITY = re.compile(r"@|https?:|www\.|[<>{}=\\#%*]|\d{3,}", re.IGNORECASE).search


@attrs.frozen(kw_only=True)
class Street(Check):
    """A street line or whole address, in any script: what no address is gets reported, nothing says that it exists.

    Args:
        po_box: Whether a post-office box will do; a parcel cannot be brought to one.

    Example:
        >>> [Street().is_valid(text) for text in ("1 High Street", "南京东路1号", "wei@example.com", "n/a")]
        [True, True, False, False]
        >>> Street(po_box=False).examine("P.O. Box 12")[0].code
        'address_po_box'

    .. versionadded:: 0.1.0
    """

    severity: ClassVar[Severity] = "warning"

    po_box: bool = True

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        if is_placeholder(text):
            return stand_in()
        tidied, found = tidy(text, multiline=True)
        if any(finding.code == "formula" for finding in found):
            return found
        if _NOT_AN_ADDRESS(tidied) is not None or not any(map(str.isalpha, tidied)):
            found = (*found, *failed("address_suspicious"))
        elif not self.po_box and addresses.is_po_box(tidied):
            found = (*found, *failed("address_po_box"))
        return found


@attrs.frozen
class City(Check):
    """A city, town or district; the name of a big Chinese city gets its ending where the whole text is its short name.

    Example:
        >>> [City().is_valid(text) for text in ("São Paulo", "上海市", "200000", "unknown")]
        [True, True, False, False]

    .. versionadded:: 0.1.0
    """

    severity: ClassVar[Severity] = "warning"

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        if is_placeholder(text):
            return stand_in()
        tidied, found = tidy(text)
        if any(finding.code == "formula" for finding in found):
            return found
        if _NOT_A_CITY(tidied) is not None or not any(map(str.isalpha, tidied)):
            return (*found, *failed("city_suspicious"))
        return found or normal(text, tidied)
