"""Domain names of organizations."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from crmkit.normalize import emails
from crmkit.normalize._placeholders import is_placeholder
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import Finding, Verdict, failed, normal, stand_in
from crmkit.validators._reading._web import url_key

if TYPE_CHECKING:
    from crmkit.typing import Severity
    from crmkit.validators._checks._references import Context

__all__ = ["Domain"]

_CUT_FROM_URL = 0.95
_LONGEST = 2083


@attrs.frozen(kw_only=True)
class Domain(Check):
    """A domain name, without scheme, path and ``www.``; the normal form is lower case.

    Args:
        free_mail: Allow the domain of a mail provider, which names no organization.

    Example:
        >>> Domain().examine("https://www.Example.com/about")[0].fix, Domain().is_valid("example")
        ('example.com', False)
        >>> Domain().examine("gmail.com")[0].code
        'domain_of_provider'

    Source:
        RFC 1035 section 2.3.1, RFC 5891.

    .. versionadded:: 0.1.0
    """

    severity: ClassVar[Severity] = "warning"
    json_format = "hostname"

    free_mail: bool = False

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        key = url_key(text.strip().removeprefix("@")) if len(text) <= _LONGEST else None
        host = None if key is None else key.partition("/")[0].partition("?")[0].partition(":")[0]
        if host is None or host.replace(".", "").isdecimal():
            if is_placeholder(text):
                return stand_in()
            return failed("domain_invalid")
        if not self.free_mail:
            meant = emails.domain_slip(host)
            if emails.is_free_mail(host) or (meant is not None and emails.is_free_mail(meant[0])):
                return (Finding("domain_of_provider", dimension="accuracy"),)
        return normal(text, host, confidence=1.0 if key == host else _CUT_FROM_URL)
