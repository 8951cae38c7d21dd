"""What kind of mailbox an address names: a desk, a free one, one for a few minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias, get_args

import attrs

from crmkit.errors import SchemaError
from crmkit.normalize import emails
from crmkit.validators._checks._check import Check
from crmkit.validators._checks._verdict import Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.typing import Severity
    from crmkit.validators._checks._references import Context

__all__ = ["Mailbox"]

_Kind: TypeAlias = Literal["role", "free_mail", "disposable"]


def _kinds(kinds: Iterable[str]) -> tuple[str, ...]:
    listed = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    for kind in listed:
        if kind not in get_args(_Kind):
            raise SchemaError(f"no kind of mailbox {kind!r}; there are {', '.join(get_args(_Kind))}")
    return listed


@attrs.frozen
class Mailbox(Check):
    """Remarks on the kind of mailbox; beside :class:`Email`, which judges the syntax.

    Args:
        flags: What to remark on: ``role`` (``info@``, ``kefu@``), ``free_mail`` (nobody's employer), ``disposable``.

    Example:
        >>> from crmkit.validators import Email
        >>> [finding.code for finding in Mailbox().examine("info@mailinator.com")]
        ['email_role', 'email_disposable']
        >>> Email() & Mailbox(["disposable"]).warn()
        Email() & Mailbox(flags=('disposable',)).warn()

    Source:
        RFC 2142 for roles; domains: ``crmkit/data/free_mail_domains.txt`` and ``disposable_domains.txt``.

    .. versionadded:: 0.1.0
    """

    severity: ClassVar[Severity] = "info"

    flags: tuple[str, ...] = attrs.field(default=("role", "free_mail", "disposable"), converter=_kinds)

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        parts = emails.split(text)
        if parts is None:
            return ()  # Email() says so
        tests = {
            "role": lambda: emails.is_role(text),
            "free_mail": lambda: emails.is_free_mail(parts[1]),
            "disposable": lambda: emails.is_disposable(parts[1]),
        }
        return tuple(Finding(f"email_{flag}", dimension="accuracy") for flag in self.flags if tests[flag]())
