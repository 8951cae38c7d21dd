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

LONGEST_DOMAIN = 63  # so that no label can be too long; a longer domain is for the reference


class Parsed(NamedTuple):
    """What the reference says of a valid address."""

    normalized: str
    local: str
    domain: str
    ascii_domain: str


@cache
def fast_path() -> Callable[[str], tuple[str, str] | None]:
    """Make the function that returns local part and lower-case domain of an address beyond doubt, ``None`` otherwise.

    A loop over many addresses gets the function once. The quantifiers are possessive: the pattern never backtracks,
    so a hostile text costs no more than its length.
    """
    from email_validator import rfc_constants

    atom = rf"[{rfc_constants.ATEXT}]++"
    label = r"[A-Za-z0-9]++(?:-[A-Za-z0-9]++)*+"  # no two hyphens side by side: punycode is for the reference
    match = re.compile(rf"({atom}(?:\.{atom})*+)@((?:{label}\.)++([A-Za-z]++))\Z").match
    reserved = reserved_tops()
    in_lower_case = frozenset(rfc_constants.CASE_INSENSITIVE_MAILBOX_NAMES)
    longest_local = rfc_constants.LOCAL_PART_MAX_LENGTH

    def accept(raw: str) -> tuple[str, str] | None:
        found = match(raw)
        if found is None:
            return None
        local, domain, top = found.groups()
        domain, lowered = domain.lower(), local.lower()
        if (
            len(local) > longest_local
            or len(domain) > LONGEST_DOMAIN
            or top.lower() in reserved
            or (lowered != local and lowered in in_lower_case)
        ):
            return None
        return local, domain

    return accept


@cache
def reserved_tops() -> frozenset[str]:
    """Return the top-level domains that the reference treats in a special way."""
    import email_validator

    return frozenset(name.rpartition(".")[2] for name in email_validator.SPECIAL_USE_DOMAIN_NAMES)


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


def accept(raw: str) -> tuple[str, str] | None:
    """Return local part and lower-case domain of an address beyond doubt; ``None``: ask the reference."""
    return fast_path()(raw)


def parse(raw: str) -> Parsed | None:
    """Return the parts of a valid address, by the fast path where it accepts."""
    fast = accept(raw)
    if fast is None:
        return reference(raw)
    local, domain = fast
    return Parsed(f"{local}@{domain}", local, domain, domain)
