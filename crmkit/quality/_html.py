"""Small HTML pieces: every text is escaped, nothing is loaded, nothing runs."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from crmkit import _notebook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._drift import DriftReport

__all__ = ["drift_html", "line_chart", "table"]

_MOST_ROWS = 20
_HEADS = {
    "en": ("severity", "column", "what changed", "before", "after", "effect", "rows"),
    "zh": ("级别", "列", "变化", "之前", "现在", "幅度", "行数"),
}
_NOTHING = {"en": "nothing changed", "zh": "没有变化"}


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; cells are text."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def drift_html(report: DriftReport) -> str:
    """Return the findings as a table for a notebook."""
    lang = report.issues.lang
    rows = []
    for issue in report.issues.head(_MOST_ROWS):
        figures = [issue.params.get(name, "") for name in ("before", "after", "effect", "n")]
        rows.append(
            [_notebook.SEVERITY_WORDS[lang][issue.severity], issue.path or "", issue.message, *map(_shown, figures)]
        )
    title = {"en": "Drift", "zh": "变化"}[lang]
    return _notebook.sheet(title, "" if rows else _NOTHING[lang], _notebook.table(_HEADS[lang], rows) if rows else "")


def _shown(figure: object) -> str:
    return f"{figure:.4g}" if isinstance(figure, float) else str(figure)


def line_chart(
    points: Sequence[tuple[str, float]], *, title: str, low: float | None = None
) -> str:  # fmt: skip
    """Draw a line from left to right; the scale is written beside it and the points are in its title.

    Args:
        points: Label and height.
        title: What it shows, read aloud.
        low: The foot of the scale; a little below the least point where absent.
    """
    heights = [height for _, height in points]
    bottom = min(heights) - 0.02 if low is None else low
    top = max(heights) + 0.02
    span = max(top - bottom, 1e-9)
    width, tall, left = 640.0, 160.0, 8.0
    step = (width - 2 * left) / max(len(points) - 1, 1)
    at = [(left + i * step, tall - 12 - (height - bottom) / span * (tall - 24)) for i, height in enumerate(heights)]
    path = " ".join(f"{'M' if i == 0 else 'L'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(at))
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{escape(label)}: {height:.1%}</title></circle>'
        for (x, y), (label, height) in zip(at, points, strict=True)
    )
    grid = "".join(
        f'<line x1="0" x2="{width:.0f}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>' for y in (12.0, tall / 2, tall - 12)
    )
    said = ", ".join(f"{label} {height:.1%}" for label, height in points)
    return (
        f'<figure><div class="chart"><div class="scale"><span>{top:.0%}</span><span>{bottom:.0%}</span></div>'
        f'<svg viewBox="0 0 {width:.0f} {tall:.0f}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(title)}: {escape(said)}">{grid}<path d="{path}" class="line"/>{dots}</svg></div>'
        f"<figcaption><span>{escape(points[0][0])}</span><span>{escape(points[-1][0])}</span></figcaption></figure>"
    )
