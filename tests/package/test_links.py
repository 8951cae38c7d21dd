"""Every page leads on: reference to its how-to and its why, and both back; nobody has to search for the first page."""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
LINK = re.compile(r"\{doc\}`(?:[^`<]*<)?([^`>]+)>?`|\]\(([\w./-]+)\.(?:md|ipynb)(?:#[^)]*)?\)")
REFERENCE = sorted(path.stem for path in (DOCS / "reference").glob("*.md"))
EXPLANATION = sorted(path.stem for path in (DOCS / "explanation").glob("*.md"))
HOW_TO = sorted(path.stem for path in (DOCS / "how-to").glob("*.md"))
TUTORIALS = sorted(path.stem for path in (DOCS / "tutorials").iterdir() if path.suffix in (".md", ".ipynb"))
FOR_ALL = {"architecture", "dependencies", "security-review"}
"""Explanations of the whole, which are no single area's."""


def text_of(page: str) -> str:
    path = DOCS / f"{page}.md"
    if path.exists():
        return re.sub(r"^:[a-z-]+:.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)  # no settings
    cells = json.loads((DOCS / f"{page}.ipynb").read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def links(page: str, text: str | None = None) -> set[str]:
    """The pages that a page names, as paths under docs without an ending."""
    found = set()
    for by_role, by_path in LINK.findall(text_of(page) if text is None else text):
        target = by_role or by_path
        folder = "" if target.startswith("/") else posixpath.dirname(page)
        found.add(posixpath.normpath(posixpath.join(folder, target.lstrip("/"))))
    return found


def test_every_link_leads_to_a_page() -> None:
    pages = [
        path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md") if "_build" not in path.parts
    ]
    pages += [f"tutorials/{name}" for name in TUTORIALS]
    gone = {
        (page, target)
        for page in pages
        for target in links(page)
        if not any((DOCS / f"{target}.{ending}").exists() for ending in ("md", "ipynb"))
    }
    assert gone == set()


@pytest.mark.parametrize("name", [name for name in REFERENCE if name not in ("api", "formats")])
def test_a_page_of_reference_leads_to_its_why_and_its_use_and_they_lead_back(name: str) -> None:
    page = f"reference/{name}"
    [line] = re.findall(r"^(?:Tutorial|How to): .* · Why: .*$", text_of(page), re.MULTILINE)
    named = links(page, line)
    why = {target for target in named if target.startswith("explanation/")}
    assert why
    assert named - why
    back = {target for target in why if page not in links(target) and target.partition("/")[2] not in FOR_ALL}
    assert back == set()


@pytest.mark.parametrize("name", HOW_TO)
def test_a_how_to_says_what_to_read_next(name: str) -> None:
    _, heading, end = text_of(f"how-to/{name}").partition("\n## Read next\n")
    assert heading
    assert len(links(f"how-to/{name}", end)) >= 2


@pytest.mark.parametrize("name", EXPLANATION)
def test_an_explanation_is_found_from_where_it_is_asked_for(name: str) -> None:
    pages = [f"reference/{one}" for one in REFERENCE] + [f"how-to/{one}" for one in HOW_TO] + ["index"]
    assert any(f"explanation/{name}" in links(page) for page in pages)


@pytest.mark.parametrize("name", [name for name in TUTORIALS if name != "index"])
def test_a_tutorial_leads_on(name: str) -> None:
    assert links(f"tutorials/{name}") - {"tutorials/index"}


def test_the_first_page_leads_three_sorts_of_people() -> None:
    assert links("index") >= {"tutorials/clean-an-export", "how-to/build-a-service", "explanation/security-review"}


def test_no_page_needs_a_script_from_elsewhere() -> None:
    """Formulas would: MathJax comes from a network that the reader may not have. They are written as text."""
    pages = [path for path in DOCS.rglob("*") if path.suffix in (".md", ".ipynb") and "_build" not in path.parts]
    assert [path.name for path in pages if "{math}" in path.read_text(encoding="utf-8")] == []
