"""E-mail addresses: three normal forms, what kind of mailbox it is, and typing errors in the domain.

Syntax only: nothing here asks the network, so "valid" never means "somebody reads it".

``address``
    As it should be written: what email-validator returns as normalized.
``key``
    For equality and indexes: NFC, domain as lower-case A-labels, local part case-folded.
``mailbox``
    For finding duplicates: ``key`` after the provider's own rules on dots, tags and second names of its domain.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from crmkit._plain import plain
from crmkit._tables import read_rows, read_set
from crmkit.errors import InvalidValueError
from crmkit.values import EmailAddress

from ._emails import _typos
from ._emails._providers import PROVIDERS
from ._emails._syntax import MAX_INPUT, accept, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._emails._syntax import Parsed

__all__ = [
    "address",
    "format",
    "is_disposable",
    "is_free_mail",
    "is_placeholder",
    "is_role",
    "is_valid",
    "key",
    "mailbox",
    "normalize",
    "split",
    "suggest",
    "validate",
]

_MAX_RAW = 4 * MAX_INPUT


def _tidy(raw: str) -> str:
    """Take off blanks, full width, invisible characters, ``mailto:`` and angle brackets: nothing of the address."""
    text = plain(raw[: _MAX_RAW + 1])
    if text[:7].lower() == "mailto:":
        text = text[7:].lstrip()
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1].strip()
    return text


def _parse(raw: str) -> Parsed | None:
    if len(raw) > _MAX_RAW:
        return None
    return parse(_tidy(raw))


def address(raw: str) -> str | None:
    """Return the address as it should be written.

    Args:
        raw: Text as typed; blanks round it, full-width letters, ``mailto:`` and angle brackets are taken off first.

    Returns:
        The normalized form of email-validator, or ``None`` if what is left is no address.

    Example:
        >>> address(" Zhang.Wei@EXAMPLE.com "), address("ｗａｎｇ＠example.com"), address("no at sign")
        ('Zhang.Wei@example.com', 'wang@example.com', None)

    Source:
        RFC 5321 section 4.1.2, RFC 5322 section 3.4.1, RFC 6531, RFC 5891; as email-validator reads them, with
        ``check_deliverability=False``.

    .. versionadded:: 0.1.0
    """
    fast = accept(raw)
    if fast is not None:
        return f"{fast[0]}@{fast[1]}"
    parsed = _parse(raw)
    return None if parsed is None else parsed.normalized


def key(raw: str) -> str | None:
    """Return the form in which two spellings of one address are equal.

    Example:
        >>> key("Zhang.Wei@EXAMPLE.com"), key("info@bücher.example")
        ('zhang.wei@example.com', 'info@xn--bcher-kva.example')

    Note:
        RFC 5321 lets a provider tell ``A@`` from ``a@``; hardly one does, and people type both.

    .. versionadded:: 0.1.0
    """
    if accept(raw) is not None:
        return raw.lower()  # ASCII: lower is casefold
    parsed = _parse(raw)
    return None if parsed is None else _key(parsed)


normalize = key


def _key(parsed: Parsed) -> str:
    local = parsed.local
    local = (
        local.lower()
        if local.isascii()
        else unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).casefold())
    )
    return f"{local}@{parsed.ascii_domain.lower()}"


def mailbox(raw: str) -> str | None:
    """Return the mailbox that the address ends up in, as far as its provider says so publicly.

    Example:
        >>> mailbox("Zhang.Wei+news@googlemail.com"), mailbox("zhang.wei+news@example.com")
        ('zhangwei@gmail.com', 'zhang.wei+news@example.com')

    Note:
        For finding duplicates, not for equality, and never for writing to somebody.

    .. versionadded:: 0.1.0
    """
    found = key(raw)
    return None if found is None else _mailbox(found)


def _mailbox(found: str) -> str:
    local, _, domain = found.rpartition("@")
    rule = PROVIDERS.get(domain)
    return found if rule is None else f"{rule.mailbox(local)}@{rule.domain or domain}"


def validate(raw: str) -> EmailAddress:
    """Return the address as an object, or raise.

    Args:
        raw: The address and nothing else: a blank before it makes it invalid (``address`` takes it off).

    Raises:
        InvalidValueError: If email-validator refuses the text.

    Example:
        >>> validate("Zhang.Wei@example.com").key
        'zhang.wei@example.com'

    .. versionadded:: 0.1.0
    """
    parsed = parse(raw)
    if parsed is None:
        raise InvalidValueError("the text is no e-mail address; expected local-part@domain")
    found = _key(parsed)
    return EmailAddress(
        address=parsed.normalized, key=found, mailbox=_mailbox(found), local=parsed.local, domain=parsed.domain
    )


def is_valid(raw: str) -> bool:
    """Say whether ``raw``, as it stands, is an address.

    Example:
        >>> is_valid("a@example.com"), is_valid(" a@example.com"), is_valid("a@example")
        (True, False, False)

    .. versionadded:: 0.1.0
    """
    return accept(raw) is not None or parse(raw) is not None


def format(value: EmailAddress) -> str:  # noqa: A001 - one of the four verbs that every kind of value answers
    """Return the address for people.

    Example:
        >>> format(validate("a@bücher.example"))
        'a@bücher.example'

    .. versionadded:: 0.1.0
    """
    return value.address


def split(raw: str) -> tuple[str, str] | None:
    """Return local part and domain of the address, or ``None`` if it is none.

    Example:
        >>> split("Zhang.Wei@EXAMPLE.com")
        ('Zhang.Wei', 'example.com')

    .. versionadded:: 0.1.0
    """
    fast = accept(raw)
    if fast is not None:
        return fast
    parsed = _parse(raw)
    return None if parsed is None else (parsed.local, parsed.domain)


def is_role(raw: str) -> bool:
    """Say whether the address names a task or desk (``info@``, ``kefu@``), so that many people may share it.

    Example:
        >>> is_role("Sales@example.com"), is_role("kefu@example.com"), is_role("wei@example.com")
        (True, True, False)

    Source:
        RFC 2142; other words in ``crmkit/data/role_local_parts.txt``.

    .. versionadded:: 0.1.0
    """
    roles = read_set("role_local_parts.txt")
    local = raw.lower().partition("@")[0].partition("+")[0]
    if _is_plain(local) and not _names_role(local, roles):
        return False  # whether it is an address or not
    found = key(raw)
    return found is not None and _names_role(found.rpartition("@")[0].partition("+")[0], roles)


def roles_among(keys: Sequence[str]) -> list[bool]:
    """Say of each of many keys (or of texts in their place) whether ``is_role``; those that cannot be are told at once.

    Without digits and punctuation a role is one of a few words, whatever of them a local part has.
    """
    return [may_be and is_role(raw) for may_be, raw in zip(may_be_roles(keys), keys, strict=True)]


def may_be_roles(texts: Sequence[str]) -> list[bool]:
    """Say of each of many addresses, or of local parts alone, whether it has to be looked at to tell ``is_role``."""
    words = _bare_roles()
    heads = [raw.lower().partition("@")[0].partition("+")[0] for raw in texts]
    bare = "\n".join(heads).translate(_NO_MARKS).split("\n")
    if len(bare) != len(heads):  # a text holds a line break
        bare = [head.translate(_NO_MARKS) for head in heads]
    return [word in words or not (word.isascii() and word.isalpha()) for word in bare]


_NO_MARKS = str.maketrans("", "", "0123456789._-")


@cache
def _bare_roles() -> frozenset[str]:
    return frozenset(role.translate(_NO_MARKS) for role in read_set("role_local_parts.txt"))


def _names_role(local: str, roles: frozenset[str]) -> bool:
    return local in roles or _compact(local) in roles or _numbered(local) in roles


def _is_plain(local: str) -> bool:
    """Say whether a local part in lower case is its own key, if what it belongs to is an address at all."""
    return local.isascii() and _compact(local).isalnum()


def _numbered(local: str) -> str:
    return local.rstrip("0123456789").rstrip("._-")


def is_placeholder(raw: str) -> bool:
    """Say whether the address stands for none: ``none@none.com``, ``noemail@example.com``.

    Many records share such an address, so it says nothing about who they are.

    Example:
        >>> is_placeholder("none@none.com"), is_placeholder("No.Email@example.com"), is_placeholder("test@test.com")
        (True, True, True)
        >>> is_placeholder("na@example.com"), is_placeholder("wei@none.com")
        (False, False)

    Source:
        Words and where they count: ``crmkit/data/placeholder_emails.tsv``.

    .. versionadded:: 0.1.0
    """
    words = placeholder_words()
    typed = raw.lower().partition("@")[0].partition("+")[0]
    if _is_plain(typed) and _compact(typed) not in words:
        return False  # whether it is an address or not
    found = key(raw)
    if found is None:
        return False
    typed, _, domain = found.rpartition("@")
    local = _compact(typed.partition("+")[0])
    where = words.get(local)
    if where in (None, "any"):
        return where is not None
    free = is_free_mail(domain)
    site = _compact(domain.partition(".")[0])
    if site == local or (where == "free" and free):
        return True
    return site in words and (where == "denies" or words[site] not in ("made", "denies"))


@cache
def placeholder_words() -> dict[str, str]:
    """Return the local parts that stand for no address, without punctuation, and where they do."""
    return {row[0]: row[1] for row in read_rows("placeholder_emails.tsv")}


def _compact(text: str) -> str:
    return text.replace(".", "").replace("-", "").replace("_", "")


def is_free_mail(domain: str) -> bool:
    """Say whether anybody can have a mailbox at ``domain``, which then says nothing about an employer.

    Example:
        >>> is_free_mail("QQ.com"), is_free_mail("example.com")
        (True, False)

    .. versionadded:: 0.1.0
    """
    return domain.strip().lower() in read_set("free_mail_domains.txt")


def is_disposable(domain: str) -> bool:
    """Say whether ``domain`` or a domain above it hands out mailboxes for a few minutes.

    Example:
        >>> is_disposable("x.mailinator.com"), is_disposable("qq.com")
        (True, False)

    .. versionadded:: 0.1.0
    """
    name = domain.strip().lower()
    if len(name) > MAX_INPUT:
        return False
    known = read_set("disposable_domains.txt")
    while name:
        if name in known:
            return True
        name = name.partition(".")[2]
    return False


def suggest(raw: str) -> tuple[str, float] | None:
    """Return the address that was probably meant, and how sure that is.

    Says nothing where it cannot tell: a rare domain is no typing error because it resembles a common one.

    Args:
        raw: Text as typed, valid or not.

    Returns:
        Address and confidence in (0, 1), or ``None``.

    Example:
        >>> suggest("wei@gmial.com")
        ('wei@gmail.com', 0.97)
        >>> suggest("wei@qq.com") is None, suggest("wei@ymail.com") is None
        (True, True)

    .. versionadded:: 0.1.0
    """
    if len(raw) > _MAX_RAW:
        return None
    return _typos.suggest(_tidy(raw))


domain_slip = _typos.domain
"""What ``suggest`` is for an address, for a domain alone."""
