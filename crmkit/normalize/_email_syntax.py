"""E-mail syntax: an accept-only fast path in front of email-validator, which decides everything else.

The fast path takes only plain ASCII addresses of which the reference would say "valid, and the normalized form is the
same text with the domain in lower case". Its tables are made from the reference's own constants at first use, so a
newer email-validator changes both at once. ``tests/normalize/test_emails.py`` compares the two on mutated addresses.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_INPUT = 320
"""Longest text that is looked at: 64 + @ + 255 of RFC 3696; email-validator refuses more than 254 anyway."""


class Parsed(NamedTuple):
    """What the reference says of a valid address."""

    normalized: str
    local: str
    domain: str
    ascii_domain: str


@cache
def _fast_match() -> Callable[[str], re.Match[str] | None]:
    import email_validator
    from email_validator import rfc_constants

    atext = rf"[{rfc_constants.ATEXT}]"
    label = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    reserved = "|".join(re.escape(name) for name in email_validator.SPECIAL_USE_DOMAIN_NAMES)
    case_free = "|".join(re.escape(name) for name in rfc_constants.CASE_INSENSITIVE_MAILBOX_NAMES)
    pattern = (
        r"(?=.{3,254}\Z)"  # the whole
        rf"(?!(?i:{case_free})@)"  # the reference writes these in lower case
        rf"({atext}{{1,64}}(?:\.{atext}{{1,64}}){{0,9}})@"
        rf"((?!..--)(?:{label}\.(?!..--))+(?!(?i:{reserved})\Z)(?=[A-Za-z0-9-]*[A-Za-z]\Z){label})\Z"
    )
    return re.compile(pattern, re.DOTALL).match


def accept(raw: str) -> tuple[str, str] | None:
    """Return local part and lower-case domain of an address beyond doubt; ``None``: ask the reference."""
    match = _fast_match()(raw)
    if match is None:
        return None
    local, domain = match.groups()
    return local, domain.lower()


def reference(raw: str) -> Parsed | None:
    """Return what email-validator says, or ``None`` if it refuses."""
    if len(raw) > MAX_INPUT:
        return None
    import email_validator

    try:
        found = email_validator.validate_email(raw, check_deliverability=False)
    except (email_validator.EmailNotValidError, UnicodeError):
        return None
    return Parsed(found.normalized, found.local_part, found.domain, found.ascii_domain)


def parse(raw: str) -> Parsed | None:
    """Return the parts of a valid address, by the fast path where it accepts."""
    fast = accept(raw)
    if fast is None:
        return reference(raw)
    local, domain = fast
    return Parsed(f"{local}@{domain}", local, domain, domain)
