"""Web addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

import attrs

from crmkit.normalize import text as texts
from crmkit.normalize._placeholders import is_placeholder
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import Finding, Verdict, failed, normal, stand_in
from crmkit.validators._reading._web import web_address

if TYPE_CHECKING:
    from crmkit.typing import Severity
    from crmkit.validators._checks._references import Context

__all__ = ["URL"]

_SLIP = re.compile(r"(https?)(?::/(?!/)|:(?!/)|;//|//|:///+|\.//)", re.IGNORECASE)
_SLIP_CONFIDENCE = 0.95


@attrs.frozen
class URL(Check):
    """A web address, with or without ``https://``; the normal form has scheme and host in lower case.

    Example:
        >>> URL().is_valid("www.example.com/about"), URL().is_valid("example")
        (True, False)
        >>> URL().examine("HTTP://Example.com/A")[0].fix
        'http://example.com/A'

    Source:
        RFC 3986 sections 3.2.2 and 6.2.2.1; RFC 1123 section 2.1 for host names.

    .. versionadded:: 0.1.0
    """

    severity: ClassVar[Severity] = "warning"
    json_format = "uri-reference"

    @property
    def slug(self) -> str:
        return "url"

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        form = web_address(text)
        if form is not None:
            return normal(text, form)
        if is_placeholder(text):
            return stand_in()
        slipped = _SLIP.sub(r"\1://", texts.clean(text), count=1)
        repaired = web_address(slipped)
        if repaired is not None:
            return (Finding("url_invalid", fix=repaired, confidence=_SLIP_CONFIDENCE),)
        return failed("url_invalid")
