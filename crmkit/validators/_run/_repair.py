"""Find the one value that puts a cell right, and prove it before it is proposed.

Several checks may each want something of one cell: text wants its blanks gone, the phone check wants E.164. They are
asked in their order, each about the value that the one before left, until nobody wants more: clean, then repair, then
normalize. What comes out is asked again: it must take at least one failure or remark away and bring no new failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from crmkit.validators._checks._check import AllOf, AnyOf, Not
from crmkit.validators._checks._verdict import NOT_NORMALIZED, Finding, Skipped, failures
from crmkit.validators._values._number import Money, Number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.validators._checks._check import Check
    from crmkit.validators._checks._references import Context
    from crmkit.validators._checks._verdict import Verdict

__all__ = ["Proposal", "again", "propose", "safely"]

_MOST_ROUNDS = 3


@attrs.frozen(slots=True)
class Proposal:
    """A proven value for a cell, how sure it is, and which of the asked rules it satisfies."""

    value: str = attrs.field(repr=False)
    confidence: float
    solves: frozenset[int]


def propose(text: str, asked: Sequence[tuple[int, Check, Context, Verdict]]) -> Proposal | None:
    """Return the value that puts the cell right, or ``None`` if nobody knows one.

    Args:
        text: The cell as it is.
        asked: Number, check, context and verdict of every rule that was asked about it.
    """
    if len(asked) == 1 and isinstance(asked[0][3], tuple) and len(asked[0][3]) == 1:
        return _of_one(*asked[0][:3], asked[0][3][0])
    written: dict[int, str] = {}
    plain: set[str] = set()
    known: dict[tuple[int, str], Verdict] = {(number, text): verdict for number, _, _, verdict in asked}

    def verdict_of(number: int, check: Check, context: Context, value: str) -> Verdict:
        key = (number, value)
        if key not in known:
            known[key] = safely(again(check) if value in plain else check, value, context)
        return known[key]

    value, confidence = text, 1.0
    for _ in range(_MOST_ROUNDS):
        before = value
        for number, check, context, _verdict in asked:
            verdict = verdict_of(number, check, context, value)
            if isinstance(verdict, Skipped):
                continue
            for finding in verdict:
                if finding.fix is not None and finding.fix != value:
                    if written.get(number) == value:
                        return None  # what it writes, it reads as something else
                    written[number] = finding.fix
                    if again(check) is not check:
                        plain.add(finding.fix)
                    value, confidence = finding.fix, min(confidence, finding.confidence or 0.0)
                    break
        if value == before:
            break
    if value == text or not value.strip():
        return None
    failed_before = {number for number, _, _, verdict in asked if failures(verdict)}
    after = {number: verdict_of(number, check, context, value) for number, check, context, _ in asked}
    failed_after = {number for number, verdict in after.items() if failures(verdict)}
    unfinished = any(not isinstance(verdict, Skipped) and verdict for verdict in after.values())
    if not failed_after <= failed_before or (unfinished and failed_after == failed_before):
        return None
    return Proposal(value, confidence, frozenset(failed_before - failed_after))


def again(check: Check) -> Check:
    """Return the check as it is asked about a proposed value.

    A column that writes ``1,5`` reads ``1.234`` as a thousand, and proposes ``1.234`` for ``1,234``: what was proposed
    has the decimal point, whatever the column uses.
    """
    if isinstance(check, (AllOf, AnyOf)):
        checks = tuple(map(again, check.checks))
        same = all(new is old for new, old in zip(checks, check.checks, strict=True))
        return check if same else attrs.evolve(check, checks=checks)
    if isinstance(check, Not):
        inner = again(check.check)
        return check if inner is check.check else Not(inner)
    return check.unlearned() if isinstance(check, (Number, Money)) else check


def _of_one(number: int, check: Check, context: Context, finding: Finding) -> Proposal | None:
    """The usual case, made short: one rule, one finding; its fix is right if it satisfies the rule at once."""
    if finding.fix is None or not finding.fix.strip() or safely(again(check), finding.fix, context):
        return None
    solved = frozenset() if finding.code == NOT_NORMALIZED else frozenset({number})
    return Proposal(finding.fix, finding.confidence or 0.0, solved)


def safely(check: Check, value: str, context: Context) -> Verdict:
    """Ask about a proposed value; a check that crashes on it has not been satisfied by it."""
    try:
        return check.examine(value, context)
    except Exception:  # noqa: BLE001 - the boundary at which a crashed rule is told from bad data
        return (Finding("rule_failed"),)
