"""E-mail addresses: syntax, a mistyped well-known domain, several in one cell."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit.normalize import emails
from crmkit.normalize._bulk import emails as email_bulk
from crmkit.normalize._placeholders import is_placeholder
from crmkit.validators._checks._answers import Answers, Forms, objects
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import Finding, Verdict, failed, normal, stand_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.validators._checks._references import Context

__all__ = ["Email"]

_SEPARATOR = re.compile(r"[\s,;/|、，；]+")


@attrs.frozen
class Email(Check):
    """An e-mail address, judged by email-validator without asking the network.

    Blanks round it, full-width letters and the case of the domain are a matter of form (``not_normalized``), no error.
    A domain one slip away from a well-known one is reported with the address that was probably meant, and an address
    that stands for none (``noemail@…``, ``test@test.com``) as a placeholder.

    Example:
        >>> Email().is_valid("wei@example.com"), Email().is_valid("wei@example")
        (True, False)
        >>> [(finding.code, finding.fix) for finding in Email().examine("wei@gmial.com")]
        [('email_domain_typo', 'wei@gmail.com')]

    Source:
        RFC 5321 section 4.1.2, RFC 5322 section 3.4.1 and RFC 6531, as email-validator reads them.

    .. versionadded:: 0.1.0
    """

    json_format = "email"

    def examine_many(self, texts: Sequence[str], contexts: Sequence[Context]) -> Mapping[int, Verdict]:
        return self.examine_column(texts, contexts).verdicts()

    def examine_column(self, texts: Sequence[str], contexts: Sequence[Context]) -> Answers:
        del contexts
        address, placeholder = emails.address, emails.is_placeholder
        right: set[str] = set()  # domains that are no slip
        said: dict[int, Verdict] = {}
        at_form: list[int] = []
        forms: list[str] = []
        for at in email_bulk.doubtful(texts):
            text = texts[at]
            form = address(text)
            if form is None:
                said[at] = _refused(text)
                continue
            if placeholder(form):
                said[at] = stand_in("warning")
                continue
            domain = form[form.rfind("@") + 1 :]
            if domain not in right:
                if _is_typo(domain):
                    said[at] = _accepted(text, form)
                    continue
                right.add(domain)
            if form != text:
                at_form.append(at)
                forms.append(form)
        return Answers(said, Forms(np.array(at_form, dtype=np.int64), objects(forms), np.ones(len(forms))))

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        address = emails.address(text)
        return _refused(text) if address is None else _accepted(text, address)


def _accepted(text: str, address: str) -> Verdict:
    if emails.is_placeholder(address):
        return stand_in("warning")
    meant = emails.suggest(address) if _is_typo(address.rpartition("@")[2]) else None
    if meant is not None:
        return (Finding("email_domain_typo", meant[0], meant[1], dimension="accuracy", severity="warning"),)
    return normal(text, address)


def _refused(text: str) -> Verdict:
    if is_placeholder(text):
        return stand_in("warning")
    pieces = [piece for piece in _SEPARATOR.split(text) if piece]
    if len(pieces) > 1 and all(emails.is_valid(piece) for piece in pieces):
        return (Finding("email_several", params={"n": len(pieces)}, severity="warning"),)
    meant = emails.suggest(text)
    if meant is not None:
        return (Finding("email_invalid", fix=meant[0], confidence=meant[1]),)
    return failed("email_invalid")


@lru_cache(maxsize=65_536)
def _is_typo(domain: str) -> bool:
    return emails.suggest(f"somebody@{domain}") is not None
