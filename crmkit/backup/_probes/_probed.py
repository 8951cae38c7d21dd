"""What probes return and raise."""

from __future__ import annotations

from typing import Final

import attrs

HEAD: Final = 1 << 16
MOST_BYTES: Final = 1 << 40
"""How much is decompressed before a file is called a bomb."""


@attrs.frozen
class Probed:
    """A file that is complete; ``format`` says more than its outer form where something was inside."""

    details: dict[str, int] = attrs.field(factory=dict)
    format: str | None = None


class IncompleteError(Exception):
    """The file is not complete; says why, never what is in it."""


class UnknownError(Exception):
    """Nobody can tell here: a program or library is missing, or a limit was reached."""
