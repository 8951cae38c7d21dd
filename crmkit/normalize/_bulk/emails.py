"""Many e-mail addresses at once: one regular expression over a whole column, one address a line.

It accepts only plain addresses in lower case behind the @ of which the reference would say "valid, and this is its
normal form", as :func:`.accept` does, that are no placeholders, and whose domain is no slip. All the
others are for the careful functions. ``tests/normalize/test_email_bulk.py`` compares the two.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from crmkit.normalize._emails import _typos
from crmkit.normalize._emails._syntax import LONGEST_DOMAIN, reserved_tops
from crmkit.normalize.emails import placeholder_words

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["doubtful"]

_FILLERS = "[._-]*+"  # what a placeholder may have between its letters


def doubtful(texts: Sequence[str]) -> list[int]:
    """Return the positions of the texts of which this module does not know that they are good addresses."""
    joined = "\n".join(texts)
    if joined.count("\n") != len(texts) - 1:
        joined = "\n".join(["" if "\n" in text else text for text in texts])
    domains = _line().findall(joined) if texts else []
    doubted = {name for name in set(domains) if not name or _is_special(name)}
    return [at for at, name in enumerate(domains) if name in doubted]


def _is_special(domain: str) -> bool:
    """Say whether the reference treats the domain in a way of its own, or it may be a slip of the finger."""
    if domain[domain.rfind(".") + 1 :] in reserved_tops():
        return True
    return not _typos.is_far_from_slips(domain) and _typos.domain(domain) is not None


@cache
def _line() -> re.Pattern[str]:
    """Match a whole line; the group is the domain of an address beyond doubt, empty for anything else.

    Possessive throughout: a hostile line costs no more than its length.
    """
    from email_validator import rfc_constants

    atom = rf"[{rfc_constants.ATEXT}]++"
    label = r"[a-z0-9]++(?:-[a-z0-9]++)*+"
    # Names that the reference writes in lower case, and words that stand for no address.
    special = rf"(?!{_FILLERS}{_words(*rfc_constants.CASE_INSENSITIVE_MAILBOX_NAMES)}{_FILLERS}[+@])"
    short = rf"(?!.{{{LONGEST_DOMAIN + 1}}})"  # then no part can be too long
    address = rf"{short}{special}{atom}(?:\.{atom})*+@((?:{label}\.)++[a-z]++)$"
    return re.compile(rf"^(?:{address}|.*+$)", re.MULTILINE)


def _words(*more: str) -> str:
    """Return a pattern of the words that may stand for no address, and of more, branching letter by letter."""
    tree: dict[str, Any] = {}
    for word in (*placeholder_words(), *more):
        node = tree
        for letter in word:
            node = node.setdefault(letter, {})
        node[_END] = {}
    return _branches(tree)


_END = ""


def _branches(node: dict[str, Any]) -> str:
    ways = [
        _in_any_case(letter) + (f"{_FILLERS}{rest}" if (rest := _branches(below)) else "")
        for letter, below in node.items()
        if letter != _END
    ]
    if not ways:
        return ""
    return f"(?:{'|'.join(ways)})" + ("?" if _END in node else "")


def _in_any_case(text: str) -> str:
    """Return a pattern of ASCII text in capitals or not, whose first letter tells at once where it cannot match.

    A flag for the same has the engine try every branch; only ASCII can match what follows.
    """
    return "".join(f"[{sign}{sign.upper()}]" if "a" <= sign <= "z" else re.escape(sign) for sign in text.lower())
