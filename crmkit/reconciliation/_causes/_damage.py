"""Wrong decoding: known both sides, it is enough to damage the one and see whether the other comes out."""

from __future__ import annotations

from crmkit.normalize import text

from ._cause import LONGEST, Cause

__all__ = ["damage"]

_WRONG_READINGS = (
    ("utf-8", "cp1252"), ("utf-8", "latin-1"), ("utf-8", "gb18030"), ("gb18030", "latin-1"), ("gb18030", "cp1252"),
    ("gb18030", "utf-8"), ("cp1252", "utf-8"), ("big5", "gb18030"), ("big5", "latin-1"), ("cp1252", "gb18030"),
)  # fmt: skip
"""Written in the one, read as the other."""


def damage(left: str, right: str) -> Cause | None:
    """Tell whether one text is the other, read in the wrong encoding."""
    if (left.isascii() and right.isascii()) or len(left) > LONGEST or len(right) > LONGEST:
        return None
    for whole, damaged in ((left, right), (right, left)):
        if whole.isascii():
            continue
        if text.repair(damaged) == whole or _question_marks(whole, damaged):
            return Cause("mojibake")
        for written, read in _WRONG_READINGS:
            try:
                seen = whole.encode(written).decode(read, "replace")
            except (UnicodeEncodeError, LookupError):
                continue
            if seen == damaged:
                return Cause("mojibake", {"written": written, "read": read})
    return None


def _question_marks(whole: str, damaged: str) -> bool:
    """``张三`` that became ``??``: the target had no such characters."""
    if len(whole) != len(damaged) or not ("?" in damaged or "\ufffd" in damaged):
        return False
    return all(b == a or (b in "?\ufffd" and not a.isascii()) for a, b in zip(whole, damaged, strict=True))
