"""One of a closed list of values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import attrs

from crmkit.normalize import text as texts

from ._check import Check, Context
from ._placeholders import is_placeholder
from ._verdict import PASSED, Finding, Verdict, normal

__all__ = ["Choice"]

_LEAST_LIKENESS = 85.0


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


def _pairs(synonyms: Mapping[str, str] | tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(synonyms.items()) if isinstance(synonyms, Mapping) else synonyms


@attrs.define(frozen=True, slots=False)
class Choice(Check):
    """One of a closed list of values; case, width and blanks are a matter of form.

    Args:
        values: The values as they should be written.
        synonyms: Other ways to say them: ``{"closed won": "won"}``.

    Example:
        >>> stage = Choice(["new", "won", "lost"], synonyms={"赢单": "won"})
        >>> stage.examine("Won")[0].fix, stage.examine("赢单")[0].fix, stage.examine("maybe")[0].code
        ('won', 'won', 'choice_unknown')

    .. versionadded:: 0.1.0
    """

    values: tuple[str, ...] = attrs.field(converter=_texts)
    synonyms: tuple[tuple[str, str], ...] = attrs.field(default=(), kw_only=True, converter=_pairs)

    @cached_property
    def _known(self) -> dict[str, str]:
        known = {texts.fold(synonym): value for synonym, value in self.synonyms}
        return known | {texts.fold(value): value for value in self.values}

    @cached_property
    def _exact(self) -> frozenset[str]:
        return frozenset(self.values)

    def examine(self, text: str, context: Context = ()) -> Verdict:
        del context
        if text in self._exact:
            return PASSED
        meant = self._known.get(texts.fold(text))
        if meant is not None:
            return normal(text, meant)
        if is_placeholder(text):
            return (Finding("placeholder", dimension="completeness", severity="warning"),)
        near, likeness = self._nearest(text)
        return (Finding("choice_unknown", fix=near, confidence=likeness, params={"n": len(self.values)}),)

    def _nearest(self, text: str) -> tuple[str | None, float | None]:
        """Return the one value that the text is a slip away from; none if two are as near."""
        from rapidfuzz import fuzz, process

        found = process.extract(texts.fold(text), list(self._known), scorer=fuzz.ratio, score_cutoff=_LEAST_LIKENESS)
        meant: dict[str, float] = {}
        for name, score, _ in found:  # best first
            meant.setdefault(self._known[name], score)
        if len(meant) != 1:
            return None, None
        value, score = next(iter(meant.items()))
        return value, round(score / 100 * 0.95, 2)
