"""Web addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit, urlunsplit

import attrs

from crmkit.normalize import text as texts
from crmkit.normalize._placeholders import is_placeholder

from ._check import Check, Context
from ._verdict import Finding, Verdict, failed, normal

if TYPE_CHECKING:
    from crmkit.typing import Severity

__all__ = ["URL", "url_key"]

_MAX_LENGTH = 2083
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?\Z")
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

    @property
    def slug(self) -> str:
        return "url"

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        form = _form(text)
        if form is not None:
            return normal(text, form)
        if is_placeholder(text):
            return (Finding("placeholder", dimension="completeness"),)
        slipped = _SLIP.sub(r"\1://", texts.clean(text), count=1)
        repaired = _form(slipped)
        if repaired is not None:
            return (Finding("url_invalid", fix=repaired, confidence=_SLIP_CONFIDENCE),)
        return failed("url_invalid")


def _form(raw: str) -> str | None:
    text = texts.clean(raw) if not raw.isascii() or raw != raw.strip() else raw
    if not text or len(text) > _MAX_LENGTH or any(char.isspace() for char in text):
        return None
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme[1].lower() not in ("http", "https"):
        return None
    try:
        parts = urlsplit(text if scheme else f"//{text}")
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    labels = host.rstrip(".").split(".")
    if "@" in parts.netloc or len(labels) < 2 or len(host) > 253 or not all(map(_LABEL.match, labels)):
        return None
    if labels[-1].isdecimal() and not _is_ipv4(labels):
        return None
    netloc = host.lower() if port is None else f"{host.lower()}:{port}"
    return urlunsplit((parts.scheme.lower(), netloc, parts.path, parts.query, parts.fragment)).removeprefix("//")


def _is_ipv4(labels: list[str]) -> bool:
    return len(labels) == 4 and all(label.isdecimal() and len(label) <= 3 and int(label) < 256 for label in labels)


def url_key(raw: str) -> str | None:
    """Return the form in which two web addresses are compared: without scheme, ``www.`` and a last slash.

    Example:
        >>> url_key("https://www.Example.com/") == url_key("example.com")
        True
    """
    form = _form(raw)
    if form is None:
        return None
    return (
        form.partition("://")[2].removeprefix("www.").rstrip("/")
        if "://" in form
        else form.removeprefix("www.").rstrip("/")
    )
