"""Web addresses: the form in which they are written, and the one in which they are compared.

Source:
    RFC 3986 sections 3.2.2 and 6.2.2.1; RFC 1123 section 2.1 for host names.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from crmkit.normalize import text as texts

__all__ = ["url_key", "web_address"]

_MAX_LENGTH = 2083
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?\Z")


def web_address(raw: str) -> str | None:
    """Return the normal form of a web address, scheme and host in lower case; ``None`` if it is none."""
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
    form = web_address(raw)
    if form is None:
        return None
    return (
        form.partition("://")[2].removeprefix("www.").rstrip("/")
        if "://" in form
        else form.removeprefix("www.").rstrip("/")
    )
