"""The health report as one page that can be mailed: score, make-up, trend, causes, owners and sources."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmkit._notebook import document, framed
from crmkit.issues import message
from crmkit.masking import mask

from ._html import line_chart, table

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from crmkit.typing import Language

    from ._health import Health

__all__ = ["HealthPage"]

_MOST_RATES = 15
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Data health: {name}", "score": "score", "rows": "records", "duplicates": "duplicate rate",
        "since": "since the last report", "makeup": "How the score is made up", "dimension": "dimension",
        "weight": "weight", "points": "contributes", "trend": "Trend", "causes": "What costs most",
        "severity": "severity", "field": "field", "what": "what is wrong", "records": "records", "share": "share",
        "who": "Who delivers what",
        "wrong": "with an error", "between": "95 % interval", "few": "too few records to tell", "first": "first report",
        "score_trend": "score over time", "duplicate_trend": "duplicate rate over time", "none": "nothing found",
        "completeness": "completeness", "validity": "validity", "accuracy": "accuracy", "consistency": "consistency",
        "uniqueness": "uniqueness", "integrity": "integrity", "timeliness": "timeliness", "error": "error",
        "warning": "warning", "info": "info",
    },
    "zh": {
        "title": "数据健康报告：{name}", "score": "得分", "rows": "条记录", "duplicates": "重复率",
        "since": "与上次报告相比", "makeup": "得分构成", "dimension": "维度", "weight": "权重", "points": "贡献",
        "trend": "趋势", "causes": "主要问题", "severity": "级别", "field": "字段", "what": "问题", "records": "记录数",
        "share": "占比", "who": "按负责人、团队、来源", "wrong": "有错误的占比", "between": "95% 置信区间",
        "few": "记录太少，不足以判断", "first": "首次报告", "score_trend": "得分变化", "duplicate_trend": "重复率变化",
        "none": "没有发现问题", "completeness": "完整性", "validity": "有效性", "accuracy": "准确性",
        "consistency": "一致性", "uniqueness": "唯一性", "integrity": "关联完整性", "timeliness": "及时性",
        "error": "错误", "warning": "警告", "info": "提示",
    },
}  # fmt: skip
_STYLE = """
:root{--ink:#1b1b1f;--soft:#5c6070;--line:#d9dbe3;--back:#fff;--tint:#f3f4f8;--accent:#1f5fbf}
@media(prefers-color-scheme:dark){:root{--ink:#e9e9ee;--soft:#a3a7b5;--line:#3a3d47;--back:#17181c;--tint:#22242b;
--accent:#7fb0ff}}
body{font:16px/1.55 system-ui,"Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;
color:var(--ink);background:var(--back);margin:2rem auto;max-width:62rem;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}p.when{color:var(--soft);margin:0 0 1.2rem}
.tiles{display:flex;flex-wrap:wrap;gap:.8rem}.tile{background:var(--tint);border-radius:.6rem;padding:.8rem 1.1rem;
min-width:9rem}.tile b{display:block;font-size:1.7rem;line-height:1.2}.tile span{color:var(--soft);font-size:.9rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;
border-bottom:1px solid var(--line)}th{white-space:nowrap;color:var(--soft);font-weight:600;font-size:.9rem}
figure{margin:.6rem 0}.chart{display:flex;gap:.5rem}.chart svg{width:100%;height:10rem}.scale{display:flex;
flex-direction:column;justify-content:space-between;font-size:.8rem;color:var(--soft);min-width:2.6rem;text-align:right}
figcaption{display:flex;justify-content:space-between;color:var(--soft);font-size:.8rem;padding-left:3.1rem}
.line{fill:none;stroke:var(--accent);stroke-width:2.5;vector-effect:non-scaling-stroke}.grid{stroke:var(--line)}
circle{fill:var(--accent)}
""".replace("\n", "")


class HealthPage:
    """The health report as a self-contained page in English or Chinese.

    Args:
        health: What it shows.
        lang: ``en`` or ``zh``.
        reveal: Show names of owners, teams and sources as they are.
        title: The heading.

    Example:
        >>> from crmkit.quality import health
        >>> from crmkit.validators import Email, Schema
        >>> page = health(Schema("people", fields={"email": Email()}).check([{"email": "a@"}])).page()
        >>> page.to_html().startswith("<!doctype html>")
        True

    .. versionadded:: 0.1.0
    """

    def __init__(
        self, health: Health, *, lang: Language = "en", reveal: bool = False, title: str | None = None
    ) -> None:
        self._health = health
        self._lang: Language = "zh" if lang == "zh" else "en"
        self._words = _WORDS[self._lang]
        self._reveal = reveal
        self._title = self._words["title"].replace("{name}", health.name) if title is None else title

    def __repr__(self) -> str:
        return f"HealthPage({self._title!r}, lang={self._lang!r})"

    def _repr_html_(self) -> str:
        return framed(self.to_html())

    def to_html(self) -> str:
        """Return the page."""
        return document(self._title, _STYLE, self.fragment(), lang=self._lang)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page and return its path."""
        target = Path(path)
        target.write_text(self.to_html(), encoding="utf-8", errors="replace")
        return target

    def fragment(self) -> str:
        """Return the page without its frame, for a notebook."""
        health = self._health
        parts = [
            f"<h1>{escape(self._title)}</h1>",
            f'<p class="when">{health.at.date().isoformat()} · {health.rows:,} {escape(self._words["rows"])}</p>',
            self._tiles(), self._makeup(), self._trend(), self._causes(), self._rates(),
        ]  # fmt: skip
        return "".join(parts)

    def _tiles(self) -> str:
        health = self._health
        change = health.change
        moved = self._words["first"] if change is None else f"{change * 100:+.1f} {self._words['since']}"
        tiles = [(f"{health.score:.1%}", f"{self._words['score']}; {moved}")]
        if health.duplicate_rate is not None:
            tiles.append((f"{health.duplicate_rate:.1%}", self._words["duplicates"]))
        tiles += [(f"{score:.1%}", self._words[name]) for name, score in list(health.scores.items())[:3]]
        inside = "".join(f'<div class="tile"><b>{escape(a)}</b><span>{escape(b)}</span></div>' for a, b in tiles)
        return f'<div class="tiles">{inside}</div>'

    def _makeup(self) -> str:
        health, words = self._health, self._words
        rows = [
            [words[name], f"{score:.1%}", f"{health.weights.get(name, 0):.0%}",
             f"{100 * score * health.weights.get(name, 0):.1f} / {100 * health.weights.get(name, 0):.0f}"]
            for name, score in health.scores.items()
        ]  # fmt: skip
        heads = [words[name] for name in ("dimension", "score", "weight", "points")]
        return f"<h2>{escape(words['makeup'])}</h2>{table(heads, rows)}"

    def _trend(self) -> str:
        health, words = self._health, self._words
        if not health.trend:
            return ""
        points: list[Mapping[str, Any]] = [*health.trend, health.point()]
        parts = [line_chart([(str(point["at"])[:10], float(point["score"])) for point in points],
                            title=words["score_trend"])]  # fmt: skip
        rated = [point for point in points if point["duplicate_rate"] is not None]
        if len(rated) > 1:
            parts.append(f"<p>{escape(words['duplicate_trend'])}</p>")
            parts.append(
                line_chart(
                    [(str(point["at"])[:10], float(point["duplicate_rate"])) for point in rated],
                    title=words["duplicate_trend"], low=0.0,
                )
            )  # fmt: skip
        return f"<h2>{escape(words['trend'])}</h2>{''.join(parts)}"

    def _causes(self) -> str:
        words = self._words
        rows = [
            [words[str(cause["severity"])], str(cause["field"]),
             self._said(cause), f"{cause['rows']:,}",
             f"{float(str(cause['share'])):.1%}"]
            for cause in self._health.causes
        ]  # fmt: skip
        heads = [words[name] for name in ("severity", "field", "what", "records", "share")]
        inside = table(heads, rows) if rows else f"<p>{escape(words['none'])}</p>"
        return f"<h2>{escape(words['causes'])}</h2>{inside}"

    def _said(self, cause: Mapping[str, Any]) -> str:
        """Return what is wrong; figures that differ from row to row are left out."""
        text = message(str(cause["code"]), cause.get("params"), lang="zh" if self._lang == "zh" else "en")
        return text.replace(" (…)", "").replace("（现为 … 个）", "").replace(" … ", "" if self._lang == "zh" else " ")

    def _rates(self) -> str:
        words = self._words
        parts = []
        for column in dict.fromkeys(rate.column for rate in self._health.rates):
            rates = [rate for rate in self._health.rates if rate.column == column][:_MOST_RATES]
            rows = [
                [rate.value if self._reveal else mask(rate.value, "email" if "@" in rate.value else "name"),
                 f"{rate.rows:,}", f"{rate.share:.1%}" if rate.tells else words["few"],
                 f"{rate.low:.1%} – {rate.high:.1%}"]
                for rate in rates
            ]  # fmt: skip
            parts.append(table([column, words["records"], words["wrong"], words["between"]], rows))
        return f"<h2>{escape(words['who'])}</h2>{''.join(parts)}" if parts else ""
