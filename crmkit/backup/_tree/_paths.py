"""Names of files: which are safe to restore, and which some system would take for one another."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_NOT_PORTABLE: Final = re.compile(r'[\x01-\x1f\x7f\\<>:"|?*]')
_PLAIN: Final = re.compile(rb"[a-z0-9_./-]*")


# Of one form everywhere, with no part that is dangerous, reserved or cut short by some system.
_ORDINARY: Final = re.compile(
    rb"(?:(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:[./]|\Z))[a-z0-9_.-]*[a-z0-9_-](?:/(?!\Z)|\Z))+"
)


def ordinary(path: bytes) -> bool:
    """Whether a path is quickly seen to be safe, portable, and its own folded form, as nearly all are.

    Example:
        >>> ordinary(b"crm/contacts-2026.csv"), ordinary(b"a/../b"), ordinary(b"README")
        (True, False, False)
    """
    return _ORDINARY.fullmatch(path) is not None


def shown(path: bytes) -> str:
    r"""Return a path as text for people and reports; octets that are not UTF-8 as ``\xNN``."""
    return path.decode("utf-8", "backslashreplace")


def unsafe(path: bytes) -> str | None:
    """Say why no program may ever open or write this path below a folder; ``None`` if it may.

    Example:
        >>> unsafe(b"a/../b"), unsafe(b"a/b")
        ('it has a part ".."', None)
    """
    if not path:
        return "it is empty"
    if b"\x00" in path:
        return "it has a NUL"
    if path.startswith(b"/"):
        return "it is absolute"
    if path.startswith(b"\\\\") or re.match(rb"[A-Za-z]:[\\/]", path):
        return "it is absolute on Windows"
    for part in path.split(b"/"):
        if part in (b"", b".", b".."):
            return f'it has a part "{part.decode()}"'
    if b".." in path.split(b"\\") or (b"\\" in path and b".." in path.replace(b"\\", b"/").split(b"/")):
        return 'it has a part ".." where a backslash separates'
    return None


def unportable(path: bytes) -> str | None:
    """Say why a path that is safe here cannot be restored everywhere; ``None`` if it can.

    Source:
        Microsoft, Naming Files, Paths, and Namespaces.
    """
    if _PLAIN.fullmatch(path) and not path.startswith(b"~"):
        # Nearly all paths; only reserved names and dots at the end are left to ask for.
        suspicious = b"./" in path or path.endswith(b".")
        if not suspicious and not any(_RESERVED.fullmatch(part.decode()) for part in path.split(b"/")):
            return None
    try:
        text = path.decode()
    except UnicodeDecodeError:
        return "it is not UTF-8"
    if text.startswith("~"):
        return "a shell would take ~ for a home folder"
    for part in text.split("/"):
        if _RESERVED.fullmatch(part):
            return "Windows reserves the name for a device"
        if part[-1:] in (".", " "):
            return "Windows drops dots and blanks at the end"
        if _NOT_PORTABLE.search(part):
            return "it has a character that Windows does not allow"
    return None


def folded(path: bytes) -> bytes:
    """Return what a system that ignores case and Unicode form makes of a path."""
    if _PLAIN.fullmatch(path):
        return path
    if path.isascii():
        return path.lower()
    text = path.decode("utf-8", "surrogateescape")
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return text.encode("utf-8", "surrogateescape")
