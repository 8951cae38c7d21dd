"""Rules in words, for the people who type the data in."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from crmkit.validators._checks._conditions import AllTrue, AnyTrue, Comparison, Negation, OneOf, Present

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import Language
    from crmkit.validators._checks._conditions import Condition

__all__ = ["guide_texts", "in_words", "word"]


def in_words(condition: Condition, lang: Language, labels: Mapping[str, str] | None = None) -> str:
    """Return a condition in words.

    Example:
        >>> from crmkit.validators import col, present
        >>> in_words((col("stage") == "lost") & ~present("reason"), "en")
        'stage is lost, and not: reason is filled in'
    """

    def named(column: str) -> str:
        return column if labels is None else labels.get(column, column)

    match condition:
        case Present(column):
            return word("is_filled", lang, field=named(column))
        case Comparison(column, symbol, value, _):
            sign = {"==": "is", "!=": "is_not"}.get(symbol)
            return f"{named(column)} {word(sign, lang) if sign else symbol} {value}"
        case OneOf(column, values, _):
            return word("is_one_of", lang, field=named(column), values=", ".join(values))
        case Negation(inner):
            return word("not_so", lang, condition=in_words(inner, lang, labels))
        case AllTrue(parts) | AnyTrue(parts):
            joint = word("and" if isinstance(condition, AllTrue) else "or", lang)
            return joint.join(in_words(part, lang, labels) for part in parts)
    return repr(condition)


def word(name: str, lang: Language, /, **places: str) -> str:
    """Return a word of the guide with its places filled."""
    text = str(guide_texts()["words"][name][lang])
    for place, value in places.items():
        text = text.replace(f"{{{place}}}", value)
    return text


@cache
def guide_texts() -> Mapping[str, Any]:
    """Return what the guide says, read on first use."""
    return tomllib.loads((files("crmkit") / "data" / "guide.toml").read_text(encoding="utf-8"))
