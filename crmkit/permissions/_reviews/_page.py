"""A review as one page that a manager reads, decides on and signs; in English or Chinese, on screen and on paper."""

from __future__ import annotations

import html
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

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
    heading = _text(words("title") if title is None else title)
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
    return (
        f'<!DOCTYPE html>\n<html lang="{"en" if lang == "en" else "zh-CN"}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{heading}</title><style>{_style()}</style></head><body><main><h1>{heading}</h1>"
        f'<p class="lead">{_text(words("lead", at=review.at.isoformat(timespec="minutes")))}</p>'
        f'<ul class="tiles">{tiles}</ul>{notes}{sections}'
        f'<section><div class="sign"><div>{signature}</div><div>{signature}</div></div>'
        f"<p><code>{_text(words('digest'))} {review.digest}<br>"
        f"{_text(words('policy'))} {review.policy_digest}</code></p>"
        "</section></main></body></html>\n"
    )


def table(review: Review, *, lang: Language, limit: int) -> str:
    """Return some rows as one table, for a notebook."""
    return _rows(review, list(review.rows[:limit]), _Words(lang), names=True)


def _rows(review: Review, rows: list[ReviewRow], words: _Words, *, names: bool = False) -> str:
    heads = ["role", "since", "until", "by", "why", "used", "flags", "decision"]
    head = "".join(f"<th>{_text(words(key))}</th>" for key in heads)
    body: list[str] = []
    for row in rows:
        inherited = row.via != row.role
        role = _text(f"{row.principal}: {row.role}" if names else row.role)
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
