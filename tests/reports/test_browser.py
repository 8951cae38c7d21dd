"""The page in a real browser: nothing is wider than the screen, and dark is dark."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crmkit.reports import Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian package chromium)")

# Appended to a copy of the page: the page itself runs nothing, so the question is asked by a test's script.
PROBE = """
<script>
const wide = [...document.querySelectorAll("body *")].filter(
  e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll"));
const overlap = [...document.querySelectorAll(".tile b")].filter(e => e.scrollWidth > e.clientWidth + 1);
document.title = JSON.stringify({
  width: innerWidth, page: document.documentElement.scrollWidth, wide: wide.map(e => e.className || e.tagName),
  overlap: overlap.length, background: getComputedStyle(document.body).backgroundColor,
  ink: getComputedStyle(document.body).color, bars: [...document.querySelectorAll(".bar svg rect + rect")].filter(
    e => e.getBoundingClientRect().width > 0).length, font: getComputedStyle(document.body).fontSize});
</script>
"""


def ask(page: Path, *, width: int, dark: bool = False) -> dict[str, object]:
    import json

    html = page.read_text(encoding="utf-8")
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    probe = page.with_name("probe.html")
    # An iframe gives the width of a phone, which a window of the headless browser cannot have.
    probe.write_text(html.replace("</body>", PROBE + "</body>"), encoding="utf-8")
    outer = page.with_name("outer.html")
    outer.write_text(
        f'<iframe id="f" src="probe.html" style="width:{width}px;height:900px;border:0"></iframe>'
        "<script>f.onload = () => { document.title = f.contentDocument.title; "
        'document.body.append(Object.assign(document.createElement("pre"), {id: "answer", '
        "textContent: document.title})); };</script>",
        encoding="utf-8",
    )
    assert CHROMIUM is not None
    arguments = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--allow-file-access-from-files", f"--user-data-dir={page.parent / 'profile'}", "--window-size=1300,1000",
        "--virtual-time-budget=3000", "--dump-dom",
    ]  # fmt: skip
    if dark:
        arguments.append("--blink-settings=preferredColorScheme=0")
    done = subprocess.run([*arguments, outer.as_uri()], capture_output=True, text=True, timeout=90, check=True)
    answer = re.search(r'<pre id="answer">(.*?)</pre>', done.stdout, re.DOTALL)
    assert answer is not None, done.stdout[:500]
    found: dict[str, object] = json.loads(answer[1])
    return found


def brightness(color: object) -> float:
    return sum(map(int, re.findall(r"\d+", str(color))[:3])) / 3


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_is_wider_than_the_screen(
    make_page: Callable[..., Page], tmp_path: Path, width: int, lang: str
) -> None:
    found = ask(make_page(lang=lang).save(tmp_path / "page.html"), width=width)
    assert found["width"] == width
    assert isinstance(found["page"], int)
    assert found["page"] <= width
    assert found["wide"] == []
    assert found["overlap"] == 0
    assert isinstance(found["bars"], int)
    assert found["bars"] > 5
    assert found["font"] == "16px"


def test_it_follows_the_readers_light_or_dark_setting(make_page: Callable[..., Page], tmp_path: Path) -> None:
    page = make_page().save(tmp_path / "page.html")
    light, dark = ask(page, width=1280), ask(page, width=1280, dark=True)
    assert brightness(light["background"]) > 200 > 100 > brightness(light["ink"])
    assert brightness(dark["background"]) < 60 < 180 < brightness(dark["ink"])
