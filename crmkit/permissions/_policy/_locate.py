"""Where in a file a part of a policy stands: parsers do not say, and an error without a line is half an error.

The text has been read by a real parser before, so that this one may take it for well-formed. It runs only where there
is something to report.
"""

from __future__ import annotations

import json
import re
import tomllib
from abc import ABC, abstractmethod
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Path", "line_of", "positions"]

Path: TypeAlias = "tuple[str | int, ...]"

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_BLANK: Final = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SCALAR: Final = re.compile(r"[^,\]}\n#]+")
_STRING: Final = re.compile(r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\])*"|\'[^\']*\'', re.DOTALL)


def positions(text: str, suffix: str) -> Mapping[Path, int]:
    """Return the line, from 1, in which each key and list member begins."""
    scanner = _Toml(text) if suffix == ".toml" else _Json(text)
    scanner.scan()
    return scanner.found


def line_of(found: Mapping[Path, int], path: Path) -> int | None:
    """Return the line of a part, or of the nearest that it lies in."""
    for length in range(len(path), 0, -1):
        if path[:length] in found:
            return found[path[:length]]
    return None


def _end(match: re.Match[str] | None) -> int:
    if match is None:  # pragma: no cover - a parser took the text before
        raise AssertionError
    return match.end()


class _Scanner(ABC):
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {}
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def mark(self, path: Path) -> None:
        self.found.setdefault(path, bisect_right(self._lines, self.at))

    def blank(self) -> None:
        self.at = _end(_BLANK.match(self.text, self.at))

    def peek(self, size: int = 1) -> str:
        return self.text[self.at : self.at + size]

    def members(self, path: Path) -> None:
        """Go through a list."""
        self.at += 1
        place = 0
        self.blank()
        while self.peek() != "]":
            self.mark((*path, place))
            self.value((*path, place))
            place += 1
            self._separator()
        self.at += 1

    def pairs(self, path: Path) -> None:
        """Go through a table in braces."""
        self.at += 1
        self.blank()
        while self.peek() != "}":
            self.pair(path)
            self._separator()
        self.at += 1

    def pair(self, path: Path) -> None:
        """Go through a key, a sign and a value."""
        start = self.at
        inner = (*path, *self.key())
        end, self.at = self.at, start
        for length in range(len(path) + 1, len(inner) + 1):
            self.mark(inner[:length])
        self.at = end + 1
        self.blank()
        self.value(inner)

    def _separator(self) -> None:
        self.blank()
        if self.peek() == ",":
            self.at += 1
            self.blank()

    @abstractmethod
    def key(self) -> Path:
        """Skip a key and return its names."""

    @abstractmethod
    def scan(self) -> None:
        """Go through the whole text."""

    def string(self) -> str:
        """Skip a text and return it as it is written."""
        start = self.at
        self.at = _end(_STRING.match(self.text, self.at))
        return self.text[start : self.at]

    def value(self, path: Path) -> None:
        first = self.peek()
        if first == "[":
            self.members(path)
        elif first == "{":
            self.pairs(path)
        elif first in "\"'":
            self.string()
        else:
            self.at = _end(_SCALAR.match(self.text, self.at))


class _Json(_Scanner):
    def scan(self) -> None:
        self.blank()
        self.value(())

    def key(self) -> Path:
        name = str(json.loads(self.string()))
        self.blank()
        return (name,)


class _Toml(_Scanner):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._counts: dict[Path, int] = {}

    def scan(self) -> None:
        path: Path = ()
        self.blank()
        while self.at < len(self.text):
            if self.peek(2) == "[[":
                self.at += 2
                path = self._resolved(self.key())
                self._counts[path] = place = self._counts.get(path, -1) + 1
                path = (*path, place)
                self.mark(path)
                self.at += 2
            elif self.peek() == "[":
                self.at += 1
                path = self._resolved(self.key())
                self.mark(path)
                self.at += 1
            else:
                self.pair(path)
            self.blank()

    def _resolved(self, path: Path) -> Path:
        """Return the path with the number of the last table wherever it goes through a list of tables."""
        found: Path = ()
        for step in path[:-1]:
            found = (*found, step)
            if found in self._counts:
                found = (*found, self._counts[found])
        return (*found, path[-1])

    def key(self) -> Path:
        names: list[str] = []
        while True:
            self.blank()
            match = _BARE.match(self.text, self.at)
            if match:
                names.append(match.group())
                self.at = match.end()
            else:
                names.append(str(tomllib.loads(f"k = {self.string()}")["k"]))
            self.blank()
            if self.peek() != ".":
                return tuple(names)
            self.at += 1
