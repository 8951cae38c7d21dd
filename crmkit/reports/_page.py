"""One self-contained page about any results: nothing is loaded, nothing runs, personal fields are masked."""

from __future__ import annotations

import datetime as dt
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from crmkit._called import check_called
from crmkit._notebook import document
from crmkit.changes import ChangeLog
from crmkit.columns import recognize
from crmkit.errors import InvalidValueError
from crmkit.issues import Report
from crmkit.matching import MatchReport
from crmkit.quality import Health, Profile
from crmkit.reconciliation import Gate, ReconcileReport
from crmkit.sync import SyncPlan
from crmkit.systems import shown_headers
from crmkit.validators import ValidationReport

from ._agreement import agreement, agreement_steps, agreement_tiles, plan_sections, verdict, verdict_tile
from ._corrections import corrections
from ._duplicates import close_calls, duplicates, merged
from ._html import Markup, el, join
from ._mask import Masks
from ._parts import section, tile
from ._quality import assumed, problems, quality
from ._words import Words, number, percent

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable

    from crmkit.frames import Table
    from crmkit.typing import Language

__all__ = ["Page"]

Shown: TypeAlias = "Report | ChangeLog | Profile | Health"
"""What a page shows: the report of any area, and what stands beside them."""


class Page:
    """Results as one HTML file that can be mailed, printed and kept.

    Args:
        results: In the order in which they were made. Validation reports, change logs, match reports, comparisons,
            gates and sync plans are told in full; any other report, a profile and a health as they show themselves.
        title: Heading; a plain one where ``None``.
        lang: Language of the page and of the messages on it.
        reveal: Show values as they are. Without it personal fields and unrecognised columns are masked.
        now: Gives the moment that the page is dated with, aware; the clock where ``None``.

    Raises:
        TypeError: If a result is none of these.
        ValueError: If there is no result.

    Example:
        >>> import crmkit as ck
        >>> page = Page([ck.check([{"email": "ana@example"}])])
        >>> "<script" in page.to_html(), "ana@" in page.to_html()
        (False, False)

    .. versionadded:: 0.1.0
    """

    def __init__(
        self,
        results: Iterable[Shown],
        *,
        title: str | None = None,
        lang: Language = "en",
        reveal: bool = False,
        now: Callable[[], dt.datetime] | None = None,
    ) -> None:
        check_called(now=now)
        self._words = Words(lang)
        self._reveal = reveal
        self._now = now() if now is not None else dt.datetime.now(tz=dt.UTC)
        self._checks: list[ValidationReport] = []
        self._matches: list[MatchReport] = []
        self._fixes: list[ChangeLog] = []
        self._merges: list[ChangeLog] = []
        self._compared: list[ReconcileReport] = []
        self._gates: list[Gate] = []
        self._plans: list[SyncPlan] = []
        self._others: list[Shown] = []
        for result in results:
            self._take(result)
        cleaned = self._checks or self._matches or self._fixes or self._merges
        if not (cleaned or self._compared or self._gates or self._plans or self._others):
            raise ValueError("a page needs at least one result: what check, apply, dedupe, merge or reconcile returned")
        compared = bool(self._compared or self._gates)
        named = (
            "title" if cleaned else "title_compared" if compared else "title_sync" if self._plans else "title_results"
        )
        self._title = title if title is not None else self._words(named)

    def _take(self, result: object) -> None:
        if isinstance(result, ValidationReport):
            self._checks.append(result)
        elif isinstance(result, MatchReport):
            self._matches.append(result)
        elif isinstance(result, ChangeLog):
            # A log of fixes comes before matching and holds no merge; an empty log after it merged nothing.
            merges = bool(result.merged) or (bool(self._matches) and not len(result))
            (self._merges if merges else self._fixes).append(result)
        elif isinstance(result, ReconcileReport):
            self._compared.append(result)
        elif isinstance(result, Gate):
            self._gates.append(result)
        elif isinstance(result, SyncPlan):
            self._plans.append(result)
        elif isinstance(result, (Report, Profile, Health)):  # they show nothing out of a record
            self._others.append(result)
        else:
            raise TypeError(f"a page shows reports, change logs, profiles and health, not {type(result).__name__}")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page as UTF-8 and return its path; an existing file is replaced.

        Raises:
            InvalidValueError: The name ends like a file of another kind, such as ``.pdf``; nothing is written.
        """
        target = Path(path)
        if target.suffix.lower() not in _SUFFIXES:
            raise InvalidValueError(
                f"a page is HTML, so its name ends in .html, not {target.suffix}; a browser prints it as PDF"
            )
        target.write_text(self.to_html(), encoding="utf-8", newline="\n")
        return target

    def to_html(self) -> str:
        """Return the whole document."""
        words = self._words
        footer = el(
            "footer",
            el("p", words("revealed" if self._reveal else "masked"), " ", self._runs()),
        )
        body = self._header() + el("main", *self._sections()) + footer
        return document(self._title, _style(), body, lang=words.lang)

    def _repr_html_(self) -> str:
        """Show the page in a notebook, in a frame of its own so that its style stays there."""
        return el("iframe", srcdoc=self.to_html(), width="100%", height=720, style="border:0", sandbox="")

    def __repr__(self) -> str:
        held = {
            "checks": len(self._checks),
            "fixes": len(self._fixes),
            "matches": len(self._matches),
            "merges": len(self._merges),
            "comparisons": len(self._compared),
            "gates": len(self._gates),
            "plans": len(self._plans),
            "others": len(self._others),
        }
        counts = "".join(f"{name}={n}, " for name, n in held.items() if n)
        return f"Page({counts}lang={self._words.lang!r})"

    # -- the parts ------------------------------------------------------------------------------------------------

    def _header(self) -> Markup:
        words = self._words
        facts = {"date": self._now.strftime("%Y-%m-%d"), "version": version("crmkit")}
        if self._checks:
            table = self._checks[0].table
            subtitle = words.about(len(table), "subtitle", rows=len(table), columns=len(table.columns), **facts)
        elif self._compared:
            counts = self._compared[0].counts()
            sizes = {"left": counts["left"], "right": counts["right"], "columns": len(self._compared[0].columns)}
            subtitle = words("subtitle_compared", **sizes, **facts)
        else:
            subtitle = words("subtitle_plain", **facts)
        return el(
            "header",
            el("h1", self._title),
            el("p", subtitle),
            el("ul", *self._tiles(), class_="tiles"),
            el("p", " ".join(self._sentences()), class_="sentence"),
        )

    def _tiles(self) -> list[Markup]:
        words = self._words
        tiles = []
        for check in self._checks:
            counts = check.counts()
            tiles.append(_tile(words, counts["rows"], "tile_rows"))
            tiles.append(_tile(words, counts["errors"], "tile_errors", "bad" if counts["errors"] else "good"))
        if self._fixes:
            tiles.append(_tile(words, sum(map(len, self._fixes)), "tile_fixed"))
        for match in self._matches:
            counts = match.counts()
            if not self._checks:
                tiles.append(_tile(words, counts["records"], "tile_records"))
            found = "warn" if counts["duplicates"] else "good"
            tiles.append(_tile(words, counts["duplicates"], "tile_duplicates", found))
        tiles += [_tile(words, log.rows - log.merged, "tile_left", "good") for log in self._merges]
        tiles += [verdict_tile(gate, words) for gate in self._gates]
        for compared in self._compared:
            tiles += agreement_tiles(compared, words)
        return tiles

    def _sentences(self) -> list[str]:
        words = self._words
        said = [words("sum_check", share=percent(check.score_at("error"))) for check in self._checks]
        if fixed := sum(map(len, self._fixes)):
            said.append(words.about(fixed, "sum_fix", cells=fixed))
        groups = [int((match.cluster_sizes > 1).sum()) for match in self._matches]
        said += [words("sum_match", groups=n) for n in groups if n]
        said += [
            words.about(log.rows - log.merged, "sum_merge", left=log.rows - log.merged)
            for log in self._merges
            if log.merged
        ]
        for compared in self._compared:
            counts = compared.counts()
            if counts["matched"]:
                said.append(words("sum_compared", share=percent(counts["equal"] / counts["matched"])))
        return said

    def _sections(self) -> list[Markup | None]:
        words = self._words
        fields: dict[str, str] = {}
        tables = [check.table for check in self._checks] + [match.run.sources[0].table for match in self._matches]
        tables += [compared.left for compared in self._compared]
        for table in tables:
            fields |= {column: field for column, field in fields_of(table).items() if column not in fields}
        headers = {column: shown for table in tables for column, shown in shown_headers(table.columns).items()}
        masks = Masks(fields, headers=headers, reveal=self._reveal)
        made: list[Markup | None] = []
        for check in self._checks:
            spoken = check.in_language(words.lang)
            made += [quality(spoken, words), problems(spoken, words, masks, reveal=self._reveal)]
        if self._fixes:
            said = {
                cell: text for check in self._checks for cell, text in messages(check.in_language(words.lang)).items()
            }
            made.append(corrections(self._fixes, words, masks, said))
        made += [duplicates(match, words, masks) for match in self._matches]
        if self._merges:
            made.append(merged(self._merges, words, masks))
        made += [verdict(gate, words, masks) for gate in self._gates]
        for compared in self._compared:
            made += agreement(compared, words, masks, reveal=self._reveal)
        for plan in self._plans:
            made += plan_sections(plan, words)
        made += [el("section", Markup(one._repr_html_()), class_="sheet") for one in self._others]
        if len(made) > len(self._others):  # what to do next is known of what is told in full
            made.append(self._next(masks))
        made += [assumed(check, words) for check in self._checks]
        return made

    def _next(self, masks: Masks) -> Markup:
        words = self._words
        steps = []
        for check in self._checks:
            worst = len(check.issues.filter(severity="error").counts("code"))
            if worst:
                steps.append(words.about(worst, "next_errors", n=worst))
            unsure = len(check.fixes(min_confidence=0.0)) - len(check.fixes())
            if unsure:
                steps.append(words.about(unsure, "next_review", n=unsure))
        close = [close_calls(match) for match in self._matches]
        steps += [words.about(n, "next_close", n=n) for n in close if n]
        for compared in self._compared:
            steps += agreement_steps(compared, words, masks)
        undecided = [len(plan.conflicts) for plan in self._plans]
        steps += [words.about(n, "next_conflicts", n=n) for n in undecided if n]
        shown = el("ul", *(el("li", step) for step in steps)) if steps else el("p", words("next_nothing"))
        return section(words("next"), shown)

    def _runs(self) -> Markup:
        runs = [check.run_id for check in self._checks] + [log.run_id for log in (*self._fixes, *self._merges)]
        runs += [compared.run_id for compared in self._compared]
        return join(*(el("span", self._words("run", run_id=run_id), " ") for run_id in dict.fromkeys(runs)))


def _tile(words: Words, count: int, key: str, tone: str | None = None) -> Markup:
    return tile(number(count), words.about(count, key), tone)


def fields_of(table: Table) -> dict[str, str]:
    """Return which field each column holds, spare ones included, for the choice of its mask."""
    found = recognize(table)
    return {**found.spare, **found.fields}


def messages(check: ValidationReport) -> dict[tuple[int, str], str]:
    """Return what was said of each cell that has a fix: all of it, but a mere remark on form only where it is alone."""
    issues = check.issues.filter(min_confidence=0.0)
    found: dict[tuple[int, str], dict[str, str]] = {}
    columns = (issues.column(name) for name in ("row", "path", "code", "message"))
    for row, path, code, said in zip(*columns, strict=True):
        found.setdefault((row, path), {})[code] = said
    return {
        cell: "; ".join(dict.fromkeys(text for code, text in said.items() if code != _FORM or len(said) == 1))
        for cell, said in found.items()
    }


_FORM = "not_normalized"
_SUFFIXES = ("", ".html", ".htm")


def _style() -> str:
    return resources.files(__package__).joinpath("_style.css").read_text(encoding="utf-8")
