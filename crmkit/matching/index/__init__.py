"""One record against many, in microseconds: built from a fitted matcher, kept in a file."""

from ._build import lay_out
from ._check import DuplicateCheck, Hit
from ._index import MatchIndex

__all__ = ["DuplicateCheck", "Hit", "MatchIndex", "lay_out"]
