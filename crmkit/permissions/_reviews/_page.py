"""A review as one page that a manager reads, decides on and signs; in English or Chinese, on screen and on paper."""

from __future__ import annotations

import html
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from crmkit import _notebook

from ._review_rows import FLAGS

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from crmkit.typing import Language

    from ._review import Review
    from ._review_rows import ReviewRow

__all__ = ["page", "table"]

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("Access review", "权限复核"),
    "lead": ("Who holds which role, as of {at}. Decide on every row: keep, revoke or change.",
             "截至 {at} 的角色持有情况。请逐行决定：保留、撤销或更改。"),
    "people": ("people", "人"),
    "rows": ("roles held", "项授权"),
    "flagged": ("flagged", "项需注意"),
    "open": ("not decided", "项未决定"),
    "person": ("person", "人员"),
    "role": ("role", "角色"),
    "since": ("since", "起"),
    "until": ("until", "止"),
    "by": ("granted by", "授予人"),
    "why": ("why", "理由"),
    "used": ("last used", "最近使用"),
    "flags": ("attention", "注意"),
    "decision": ("decision", "决定"),
    "keep": ("keep", "保留"),
    "revoke": ("revoke", "撤销"),
    "change": ("change", "更改"),
    "via": ("by {role}", "经由 {role}"),
    "tenant": ("in {tenant}", "于 {tenant}"),
    "never": ("—", "—"),
    "always": ("no end", "无期限"),
    "signature": ("Name, date, signature", "姓名、日期、签字"),
    "digest": ("This list", "本清单"),
    "policy": ("Policy", "策略"),
    "notes": ("What could not be told", "无法判断的内容"),
}  # fmt: skip
_GRAVE: Final = frozenset({"leaver", "orphan", "expired", "sod", "self_granted", "permanent"})
_UNSAFE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_STYLE: Final = "_page.css"


class _Words:
    def __init__(self, lang: Language) -> None:
        if lang not in ("en", "zh"):
            from crmkit.errors import NotFoundError

            raise NotFoundError.of("language", lang, ("en", "zh"))
        self._place = 0 if lang == "en" else 1

    def __call__(self, key: str, **values: str) -> str:
        return _WORDS[key][self._place].format(**values)

    def flag(self, flag: str) -> str:
        return FLAGS[flag][self._place]


@cache
def _style() -> str:
    return resources.files(__package__).joinpath(_STYLE).read_text(encoding="utf-8")


def _text(value: str) -> str:
    return html.escape(_UNSAFE.sub("\ufffd", value), quote=True)


def _day(moment: dt.datetime | None, missing: str) -> str:
    return missing if moment is None else moment.date().isoformat()


def page(review: Review, *, lang: Language, title: str | None) -> str:
    """Return the whole document."""
    words = _Words(lang)
    heading = words("title") if title is None else title
    people: dict[str, list[ReviewRow]] = {}
    for row in review.rows:
        people.setdefault(row.principal, []).append(row)
    flagged, undecided = len(review.flagged()), len(review.open())
    tiles = "".join(
        f'<li{" class=bad" if bad else ""}><b>{number}</b><span>{_text(words(key))}</span></li>'
        for key, number, bad in (
            ("people", len(people), False), ("rows", len(review.rows), False), ("flagged", flagged, flagged > 0),
            ("open", undecided, False),
        )
    )  # fmt: skip
    worst_first = sorted(people.values(), key=lambda rows: (-sum(len(row.flags) for row in rows), rows[0].principal))
    sections = "".join(
        f"<section><h2>{_text(rows[0].principal)} <span>{_text(rows[0].status)}</span></h2>"
        f'<div class="scroll">{_rows(review, rows, words)}</div></section>'
        for rows in worst_first
    )
    notes = "".join(f"<li>{_text(note)}</li>" for note in review.notes)
    notes = f"<section><h2>{_text(words('notes'))}</h2><ul>{notes}</ul></section>" if notes else ""
    signature = f'<div class="line">{_text(words("signature"))}</div>'
    body = (
        f"<main><h1>{_text(heading)}</h1>"
        f'<p class="lead">{_text(words("lead", at=review.at.isoformat(timespec="minutes")))}</p>'
        f'<ul class="tiles">{tiles}</ul>{notes}{sections}'
        f'<section><div class="sign"><div>{signature}</div><div>{signature}</div></div>'
        f"<p><code>{_text(words('digest'))} {review.digest}<br>"
        f"{_text(words('policy'))} {review.policy_digest}</code></p>"
        "</section></main>"
    )
    return _notebook.document(heading, _style(), body, lang=lang)


def table(review: Review, *, lang: Language, limit: int) -> str:
    """Return some rows as one table, for a notebook; columns that say nothing are left out."""
    words = _Words(lang)
    heads = ("person", "role", "since", "until", "by", "why", "used", "flags", "decision")
    rows = []
    for row in review.rows[:limit]:
        decided = review.decided(row)
        via = "" if row.via == row.role else f" {words('via', role=row.via)}"
        tenant = "" if row.tenant is None else f" {words('tenant', tenant=row.tenant)}"
        since, used = (None if one is None else _day(one, "") for one in (row.since, row.last_used))
        flags = "; ".join(words.flag(flag) for flag in row.flags) or None
        said = None if decided is None else f"{words(decided.verdict)}, {decided.by}"
        until = _day(row.until, words("always"))
        role = f"{row.role}{via}{tenant}"
        rows.append((row.principal, role, since, until, row.granted_by, row.reason, used, flags, said))
    kept = [place for place in range(len(heads)) if any(row[place] is not None for row in rows)]
    shown = _notebook.table([words(heads[place]) for place in kept], [[row[place] for place in kept] for row in rows])
    lead = f"{len(review.rows):,} {words('rows')}, {len(review.flagged()):,} {words('flagged')}"
    return _notebook.sheet(
        words("title"), f"{lead}, {len(review.open()):,} {words('open')}", shown if rows else "",
        _notebook.more(len(rows), len(review.rows), words("rows")), notes=review.notes,
    )  # fmt: skip


def _rows(review: Review, rows: list[ReviewRow], words: _Words) -> str:
    heads = ["role", "since", "until", "by", "why", "used", "flags", "decision"]
    head = "".join(f"<th>{_text(words(key))}</th>" for key in heads)
    body: list[str] = []
    for row in rows:
        inherited = row.via != row.role
        role = _text(row.role)
        if inherited:
            role += f' <span class="soft">{_text(words("via", role=row.via))}</span>'
        if row.tenant is not None:
            role += f' <span class="soft">{_text(words("tenant", tenant=row.tenant))}</span>'
        flags = "".join(
            f'<span class="flag{" grave" if flag in _GRAVE else ""}">{_text(words.flag(flag))}</span>'
            for flag in row.flags
        )
        one = review.decided(row)
        if one is not None:
            decision = f"<b>{_text(words(one.verdict))}</b> {_text(one.by)}"
        elif inherited:
            decision = ""
        else:
            choices = (_text(words(key)) for key in ("keep", "revoke", "change"))
            decision = "".join(f'<span class="box"></span>{choice}' for choice in choices)
        never = words("never")
        body.append(
            f"<tr{' class=inherited' if inherited else ''}><td>{role}</td>"
            f'<td class="moment">{_day(row.since, never)}</td>'
            f'<td class="moment">{_day(row.until, words("always"))}</td>'
            f"<td>{_text(row.granted_by or never)}</td><td>{_text(row.reason or never)}</td>"
            f'<td class="moment">{_day(row.last_used, never)}</td><td>{flags}</td>'
            f'<td class="decision">{decision}</td></tr>'
        )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
