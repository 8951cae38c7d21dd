"""What the page says in its two languages, and how it writes numbers."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from typing import TYPE_CHECKING

from crmkit.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import Language

__all__ = ["LANGUAGES", "Words", "number", "percent"]

LANGUAGES: tuple[Language, ...] = ("en", "zh")


class Words:
    """The page's texts in one language.

    Example:
        >>> Words("zh")("tile_left")
        '保留的记录'
    """

    __slots__ = ("_texts", "lang")

    def __init__(self, lang: Language) -> None:
        if lang not in LANGUAGES:
            raise NotFoundError.of("language", lang, LANGUAGES)
        self.lang: Language = lang
        self._texts = _texts()

    def __call__(self, key: str, **places: object) -> str:
        """Return a text with its places filled; numbers are written for people."""
        shown = {name: number(value) if isinstance(value, int) else value for name, value in places.items()}
        return self._texts[key][self.lang].format(**shown)

    def about(self, count: int, key: str, **places: object) -> str:
        """Return a text about a number of things, in its form for one where there is one alone.

        Example:
            >>> Words("en").about(1, "tile_rows"), Words("en").about(2, "tile_rows")
            ('row checked', 'rows checked')
        """
        return self(f"{key}_one" if count == 1 and self.knows(f"{key}_one") else key, **places)

    def level(self, level: str) -> str:
        """Return what the page calls a comparison level."""
        return self.name(f"level {level}").removeprefix("level ")

    def knows(self, word: str) -> bool:
        """Return whether the page has a text for a word of another area."""
        return word in self._texts

    def name(self, word: str) -> str:
        """Return what the page calls a word of another area; one that it does not know stays as it is."""
        return self._texts[word][self.lang] if self.knows(word) else word


def number(value: int) -> str:
    """Write a count.

    Example:
        >>> number(1234567)
        '1,234,567'
    """
    return f"{value:,}"


def percent(part: float) -> str:
    """Write a share; what is not all is never rounded up to all, and what is not nothing never down to nothing.

    Example:
        >>> percent(0.99999), percent(0.5), percent(0.00001), percent(1.0)
        ('99.9 %', '50 %', '0.1 %', '100 %')
    """
    shown = min(max(round(100.0 * part, 1), 0.1 if part > 0 else 0.0), 99.9 if part < 1 else 100.0)
    return f"{shown:.1f}".removesuffix(".0") + " %"


@functools.cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    source = resources.files("crmkit.data").joinpath("page.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))
