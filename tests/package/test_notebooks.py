"""The notebooks as they are committed: whole, without outputs, and not rewritten by whoever opens and saves them.

That they run, the build of the documentation shows: it executes them, and an exception breaks it.
"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

TUTORIALS = Path(__file__).parents[2] / "docs" / "tutorials"
NOTEBOOKS = sorted(TUTORIALS.glob("*.ipynb"))

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def code(path: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == "code"]


def is_call_by_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def test_there_are_six() -> None:
    assert len(NOTEBOOKS) == 6


@each
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    for cell in cells(path):
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None), cell["id"]
        assert cell["metadata"] == {}, cell["id"]


@each
def test_a_notebook_is_valid_and_stays_as_it_is_when_saved(path: Path) -> None:
    nbformat = pytest.importorskip("nbformat", reason="needs the documentation tools")
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert nbformat.writes(notebook) + "\n" == text
    # No version of Python or Jupyter, which would change with whoever saves it.
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert set(notebook.metadata.language_info) == {"name"}


@each
def test_cells_have_ids_that_a_person_gave(path: Path) -> None:
    ids = [cell["id"] for cell in cells(path)]
    assert len(set(ids)) == len(ids)
    assert [one for one in ids if not re.fullmatch(r"[a-z]+(-[a-z]+)*", one) or re.fullmatch(r"[0-9a-f]{8}", one)] == []


@each
def test_a_notebook_tells_a_story(path: Path) -> None:
    first, *rest = cells(path)
    assert "".join(first["source"]).startswith("# ")
    assert "pip install" in "".join(first["source"])
    assert rest[-1]["cell_type"] == "markdown", "it ends with where to go on"
    for source in code(path):
        assert source.count("\n") < 20, "few lines a cell"
        called = {node.func.id for node in ast.walk(ast.parse(source)) if is_call_by_name(node)}
        assert "print" not in called, "a result shows itself as the last expression"


@each
def test_links_of_a_notebook_have_words_and_lead_somewhere(path: Path) -> None:
    for cell in cells(path):
        if cell["cell_type"] != "markdown":
            continue
        for words, target in re.findall(r"\[([^\]]*)\]\(([^)]+)\)", "".join(cell["source"])):
            assert words, f"Jupyter shows no words for {target}"
            assert target.startswith("https://") or (path.parent / target.partition("#")[0]).exists(), target


def test_the_contents_and_the_page_of_tutorials_list_them_in_one_order() -> None:
    contents = (TUTORIALS.parent / "index.md").read_text(encoding="utf-8")
    listed = re.findall(r"^tutorials/([\w-]+)$", contents, re.MULTILINE)
    page = (TUTORIALS / "index.md").read_text(encoding="utf-8")
    named = re.findall(r"\]\(([\w-]+)\.ipynb\)", page)
    assert set(named) == {path.stem for path in NOTEBOOKS}
    assert [name for name in listed if name in named] == named
    assert re.findall(r"\{download\}`notebook <([\w-]+)\.ipynb>`", page) == named
