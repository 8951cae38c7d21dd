"""What a line of a change log says to a person; the log itself keeps rules as they are written in code."""

from __future__ import annotations

import re

__all__ = ["rule", "types"]

_CALL = re.compile(r"\b([A-Z]\w*)\(((?:[^()]|\([^()]*\))*)\)")
_FUNCTION = re.compile(r"<function (\S+) at \w+>")
_NAME = re.compile(r"\b\w+=")
_NOTHING = frozenset({"null", "nan", "nat", "na"})


def rule(written: str | None) -> str | None:
    """Return a rule without the signs of code and without what was left as it is.

    Example:
        >>> rule("WellFormed(type='email'), MostRecent(column=None), TrustedSource(column='by', order=('erp',))")
        'WellFormed email, MostRecent, TrustedSource by erp'
        >>> rule("from one record: street, city")
        'from one record: street, city'
    """
    return None if written is None else _CALL.sub(_said, written)


def _said(call: re.Match[str]) -> str:
    name, arguments = call.groups()
    plain = _NAME.sub("", _FUNCTION.sub(r"\1", arguments))
    words = [word.strip("'\"()") for word in re.split(r",\s*|\s+", plain)]
    return " ".join([name, *(word for word in words if word != "None" and re.search(r"\w", word))])


def types(written: str) -> str:
    """Return what a value was and became, ``empty`` for each marker of a missing value.

    Example:
        >>> types("nan>text"), types("text>null"), types("text")
        ('empty → text', 'text → empty', 'text')
    """
    return " → ".join("empty" if one.lower() in _NOTHING else one for one in written.split(">"))
