"""Ask the rules of one field about the distinct values of its column, and spread the answers over the rows.

A rule is asked once for each unit (:mod:`._units`). Only answers that are not plainly "passed" are kept, so a clean
column of a million values costs one call each and no memory.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

import attrs
import numpy as np

from crmkit.issues import Coded, IssueTable
from crmkit.validators._checks._answers import Forms, objects
from crmkit.validators._checks._check import walk
from crmkit.validators._checks._field_rules import FieldRule
from crmkit.validators._checks._verdict import NOT_NORMALIZED, PASSED, Finding, Skipped, failures
from crmkit.validators._outcome._counts import RuleOutcome
from crmkit.validators._values._text import Required

from ._crashed import Crashed
from ._repair import Proposal, again, propose, safely
from ._units import make_units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crmkit.issues import Dimension
    from crmkit.validators._checks._check import Check
    from crmkit.validators._checks._references import Context
    from crmkit.validators._checks._verdict import Verdict
    from crmkit.validators._reading._columns import Columns

    from ._units import Array

__all__ = ["Crashed", "FieldRun"]

logger = logging.getLogger("crmkit.validators")


class FieldRun:
    """Asks the rules of one field about one column.

    Attributes:
        field: The column.
        rules: Its rules, as they read this column (the order of dates found).
        by_form: Whether it is of any interest how the values are written; of numbers and dates as types it is not.

    Args:
        masks: For each rule the rows in which its condition holds; ``None`` where it has none.
        written: Whether it is known that some cell of the column is text; where not, it is looked for.
    """

    def __init__(
        self, field: str, rules: Sequence[FieldRule], columns: Columns, *, masks: Sequence[Array | None],
        written: bool = False,
    ) -> None:  # fmt: skip
        self.field = field
        texts = columns.texts(field)
        self.rules = [attrs.evolve(rule, check=rule.check.learn(texts.values)) for rule in rules]
        self._masks = list(masks)
        references = dict.fromkeys(reference for rule in self.rules for reference in rule.check.references)
        self._units = make_units(field, columns, tuple(references), self._masks)
        self._said: list[dict[int, Verdict | Crashed]] = []
        self._forms = Forms.none()
        self._judges = [i for i, rule in enumerate(self.rules) if not isinstance(rule.check, Required)]
        only = self._judges[0] if len(self._judges) == 1 else None
        self._alone = None if only in self._units.active else only
        self._n_rows = columns.n_rows
        typed = any(part.typed for rule in self.rules for part in walk(rule.check))
        self.by_form = written or not typed or columns.holds_text(field)

    def run(self) -> tuple[list[RuleOutcome], list[IssueTable]]:
        """Return the outcome of every rule and the issues found."""
        self._said = [self._ask(i) for i in range(len(self.rules))]
        proposals = self._propose()
        outcomes, tables = [], []
        for i in range(len(self.rules)):
            outcomes.append(self._outcome(i))
            tables += self._issues(i, proposals)
        form, remarks = self._form(proposals)
        return [*outcomes, *form], [*tables, *remarks]

    # -- asking ---------------------------------------------------------------------------------------------------

    def _ask(self, i: int) -> dict[int, Verdict | Crashed]:
        """Return what the rule says of the units that do not plainly pass."""
        check, units = self.rules[i].check, self._units
        asked = units.asked(i)
        texts, contexts = units.texts, units.contexts_for(check)
        places: Sequence[int] = range(len(texts))
        if asked is not None:
            places = np.flatnonzero(asked).tolist()
            texts, contexts = [texts[u] for u in places], [contexts[u] for u in places]
        said: Mapping[int, Verdict | Crashed]
        try:
            if i == self._alone:
                answers = check.examine_column(texts, contexts)
                said, self._forms = answers.said, answers.forms
            else:
                said = check.examine_many(texts, contexts)
        except Exception:  # noqa: BLE001 - the boundary at which a crashed rule is told from bad data
            said = _one_by_one(check, texts, contexts)
        crashes = Counter(answer.exception for answer in said.values() if isinstance(answer, Crashed))
        for exception, n in crashes.items():
            logger.warning("rule %s crashed on %d distinct values: %s", self.rules[i].name, n, exception)
        return dict(said) if asked is None else {places[at]: answer for at, answer in said.items()}

    def _holds(self, i: int, unit: int) -> bool:
        asked = self._units.asked(i)
        return asked is None or bool(asked[unit])

    def _propose(self) -> dict[int, Proposal]:
        """Return for the units with something to say the one value that would put it right, where there is one."""
        wanting = {
            u
            for said in self._said
            for u, answer in said.items()
            if type(answer) is tuple and any(finding.fix is not None for finding in answer)
        }
        if self._alone is not None:
            self._forms = self._proven(self.rules[self._alone].check, self._forms)
            return self._propose_alone(self._alone, sorted(wanting))
        found: dict[int, Proposal] = {}
        for u in sorted(wanting):
            asked = []
            for i, rule in enumerate(self.rules):
                answer = self._said[i].get(u, PASSED)
                if not isinstance(answer, Crashed) and self._holds(i, u):
                    asked.append((i, rule.check, self._units.context(u, rule.check), answer))
            proposal = propose(self._units.texts[u], asked)
            if proposal is not None:
                found[u] = proposal
        return found

    def _propose_alone(self, i: int, wanting: Sequence[int]) -> dict[int, Proposal]:
        """Do the same where one rule judges the field: its proposals are asked again all at once."""
        check, said = self.rules[i].check, self._said[i]
        units = [u for u in wanting if u in said]
        simple: list[tuple[int, Finding]] = []
        found: dict[int, Proposal] = {}
        for u in units:
            answer = cast("tuple[Finding, ...]", said[u])
            if len(answer) == 1 and answer[0].fix is not None and answer[0].fix.strip():
                simple.append((u, answer[0]))
            else:
                proposal = propose(self._units.texts[u], [(i, check, self._units.context(u, check), answer)])
                if proposal is not None:
                    found[u] = proposal
        contexts = self._units.contexts_for(check) if check.references else None
        asked = [() if contexts is None else contexts[u] for u, _ in simple]
        values = [cast("str", finding.fix) for _, finding in simple]
        anew = again(check)
        try:
            wrong: Mapping[int, object] = anew.examine_many(values, asked)
        except Exception:  # noqa: BLE001 - the boundary at which a crashed rule is told from bad data
            wrong = {at: True for at, (value, context) in enumerate(zip(values, asked, strict=True))
                     if safely(anew, value, context)}  # fmt: skip
        for at, (u, finding) in enumerate(simple):
            if at not in wrong:
                solved = frozenset() if finding.code == NOT_NORMALIZED else frozenset({i})
                found[u] = Proposal(cast("str", finding.fix), finding.confidence or 0.0, solved)
        return found

    def _proven(self, check: Check, forms: Forms) -> Forms:
        """Ask about normal forms again; one that the check does not take as it is, is none."""
        if not len(forms):
            return forms
        contexts = self._units.contexts_for(check) if check.references else None
        asked: list[Context] = [() if contexts is None else contexts[u] for u in forms.at.tolist()]
        values = forms.values.tolist()
        try:
            answers = check.examine_column(values, asked)
        except Exception:  # noqa: BLE001 - the boundary at which a crashed rule is told from bad data
            wrong = [at for at, (value, context) in enumerate(zip(values, asked, strict=True))
                     if safely(check, value, context)]  # fmt: skip
        else:
            wrong = [*answers.said, *answers.forms.at.tolist()]
        if not wrong:
            return forms
        kept, sure = forms.values.copy(), forms.sure.copy()
        kept[wrong], sure[wrong] = None, np.nan
        return Forms(forms.at, kept, sure)

    # -- counting -------------------------------------------------------------------------------------------------

    def _missing_rows(self, i: int) -> tuple[Array, int]:
        """Return the rows without a value that the rule is asked about, and the number of those it is not."""
        missing, mask = self._units.codes < 0, self._masks[i]
        rows = np.flatnonzero(missing if mask is None else missing & mask)
        return rows, int(np.count_nonzero(missing)) - len(rows)

    def _outcome(self, i: int) -> RuleOutcome:
        rule, counts, asked = self.rules[i], self._units.counts, self._units.asked(i)
        n_asked = int(counts.sum() if asked is None else counts[asked].sum())
        tally: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        exceptions: dict[str, None] = {}
        dimension: Dimension = "validity"
        for u, answer in self._said[i].items():
            n = int(counts[u])
            if isinstance(answer, Skipped):
                tally["skipped"] += n
                reasons[answer.reason] += n
            elif isinstance(answer, Crashed):
                tally["error"] += n
                exceptions[answer.exception] = None
            elif failures(answer):
                tally["failed"] += n
        tally["passed"] = n_asked - sum(tally.values())
        rows, unasked = self._missing_rows(i)
        unasked += int(counts.sum()) - n_asked
        if unasked:
            tally["skipped"] += unasked
            reasons["condition_false"] += unasked
        of_missing = rule.check.missing()
        if isinstance(of_missing, Skipped):
            tally["skipped"] += len(rows)
            reasons[of_missing.reason] += len(rows)
        else:
            tally["failed" if of_missing else "passed"] += len(rows)
            dimension = of_missing[0].dimension if of_missing else dimension
        return RuleOutcome(
            rule=rule.name, path=self.field, severity=rule.grade, dimension=dimension, passed=tally["passed"],
            failed=tally["failed"], error=tally["error"], skipped=tally["skipped"], exceptions=tuple(exceptions),
            reasons={reason: n for reason, n in reasons.items() if n},
        )  # fmt: skip

    # -- telling --------------------------------------------------------------------------------------------------

    def _issues(self, i: int, proposals: Mapping[int, Proposal]) -> list[IssueTable]:
        rule = self.rules[i]
        found = [
            (u, finding) for u, answer in self._said[i].items() if type(answer) is tuple for finding in failures(answer)
        ]
        tables = []
        while found:  # one layer for each finding that a unit has from this rule
            layer: dict[int, Finding] = {}
            rest = []
            for u, finding in found:
                if u in layer:
                    rest.append((u, finding))
                else:
                    layer[u] = finding
            fixes = {u: proposals[u] for u in layer if u in proposals and i in proposals[u].solves}
            tables.append(self._spread(rule, layer, fixes))
            found = rest
        return [*tables, *self._issues_of_missing(i)]

    def _issues_of_missing(self, i: int) -> list[IssueTable]:
        rule = self.rules[i]
        of_missing = rule.check.missing()
        rows, _ = self._missing_rows(i)
        if isinstance(of_missing, Skipped) or not of_missing or not len(rows):
            return []
        finding = of_missing[0]
        table = IssueTable.of(
            rule=rule.name, code=finding.code, row=rows, path=self.field, dimension=finding.dimension,
            severity=rule.severity or finding.severity or rule.grade, params=dict(finding.params),
            templates=_templates(rule),
        )  # fmt: skip
        return [table]

    def _form(self, proposals: Mapping[int, Proposal]) -> tuple[list[RuleOutcome], list[IssueTable]]:
        """Report the values that are right but not written in their normal form, once for each cell."""
        judges = self._judges
        if not self.by_form or not judges:
            return [], []
        units, columns = self._units, self._forms
        failing: set[int] = set()
        forms: dict[int, Finding] = {}
        for said in self._said:
            for u, answer in said.items():
                if type(answer) is tuple:
                    if failures(answer):
                        failing.add(u)
                    for finding in answer:
                        if finding.code == NOT_NORMALIZED:
                            forms.setdefault(u, finding)
        layer = {u: finding for u, finding in forms.items() if u not in failing}
        unjudged = set(range(len(units))) if all(i in units.active for i in judges) else set()
        for i in judges:
            asked = units.asked(i)
            silent = {u for u, answer in self._said[i].items() if isinstance(answer, (Skipped, Crashed))}
            silent |= set() if asked is None else set(np.flatnonzero(~asked).tolist())
            unjudged = silent if i == judges[0] else unjudged & silent
        outside = list(failing | unjudged)
        judged = int(units.counts.sum()) - (int(units.counts[outside].sum()) if outside else 0)
        if failing and len(columns):
            columns = columns.take(~np.isin(columns.at, list(failing)))
        failed = int(units.counts[[*layer]].sum() if layer else 0) + int(units.counts[columns.at].sum())
        rule = FieldRule(name=f"{self.field}:normal_form", check=self.rules[0].check, severity="info")
        outcome = RuleOutcome(
            rule=rule.name, path=self.field, severity="info", dimension="consistency", passed=judged - failed,
            failed=failed, skipped=self._n_rows - judged,
            reasons={"not_judged": self._n_rows - judged} if judged < self._n_rows else {},
        )  # fmt: skip
        fixes = {u: proposals[u] for u in layer if u in proposals}
        remarks = [self._spread(rule, layer, fixes)] if layer else []
        return [outcome], [*remarks, self._spread_forms(rule, columns)] if len(columns) else remarks

    def _spread_forms(self, rule: FieldRule, forms: Forms) -> IssueTable:
        """Do as :meth:`_spread` for normal forms in columns."""
        rows, place = self._rows_of(forms.at)
        texts = self._units.texts
        return IssueTable.of(
            rule=rule.name, row=rows, path=self.field, code=NOT_NORMALIZED, severity="info", dimension="consistency",
            value=objects([texts[u] for u in forms.at.tolist()])[place], fix=forms.values[place],
            confidence=forms.sure[place],
        )  # fmt: skip

    def _rows_of(self, units: Sequence[int] | Array) -> tuple[Array, Array]:
        """Return the rows of some units, and for each row which of them it is of."""
        at = np.full(len(self._units) + 1, -1, dtype=np.int32)
        at[units] = np.arange(len(units), dtype=np.int32)
        place = at[self._units.codes]
        rows = np.flatnonzero(place >= 0)
        return rows, place[rows]

    def _spread(self, rule: FieldRule, layer: Mapping[int, Finding], fixes: Mapping[int, Proposal]) -> IssueTable:
        """Turn what was found in units into issues of rows."""
        order = list(layer)
        rows, place = self._rows_of(order)
        findings = list(layer.values())
        proposed = [fixes.get(u) for u in order]
        sure = np.array([np.nan if fix is None else fix.confidence for fix in proposed], dtype=np.float64)
        grades = [rule.severity or finding.severity or rule.grade for finding in findings]
        return IssueTable.of(
            rule=rule.name,
            row=rows,
            path=self.field,
            code=_coded([finding.code for finding in findings], place),
            severity=_coded(grades, place),
            dimension=_coded([finding.dimension for finding in findings], place),
            params=_coded([_params(finding.params) for finding in findings], place),
            value=objects([self._units.texts[u] for u in order])[place],
            fix=objects([None if fix is None else fix.value for fix in proposed])[place],
            confidence=sure[place],
            templates=_templates(rule),
        )


def _one_by_one(check: Check, texts: Sequence[str], contexts: Sequence[Context]) -> dict[int, Verdict | Crashed]:
    said: dict[int, Verdict | Crashed] = {}
    for at, (text, context) in enumerate(zip(texts, contexts, strict=True)):
        try:
            answer: Verdict | Crashed = check.examine(text, context)
        except Exception as error:  # noqa: BLE001 - the boundary at which a crashed rule is told from bad data
            answer = Crashed(type(error).__name__)
        if answer != PASSED:
            said[at] = answer
    return said


def _templates(rule: FieldRule) -> dict[str, dict[str, str]] | None:
    return None if rule.template is None else {rule.name: rule.template}


def _params(params: Mapping[str, Any]) -> str:
    return json.dumps(dict(params), ensure_ascii=False, sort_keys=True) if params else "{}"


def _coded(items: Sequence[str], place: Array) -> Coded:
    values: dict[str | None, int] = {}
    codes = np.array([values.setdefault(item, len(values)) for item in items], dtype=np.int32)
    return Coded(codes[place], cast("tuple[str | None, ...]", tuple(values)))
