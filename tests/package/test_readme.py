"""README as people meet it: the picture, the page of the package index, and how to cite."""

from __future__ import annotations

import re
import struct
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def comment(png: bytes) -> str:
    """What docs/images/draw.py wrote into a picture."""
    at = 8
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        if kind == b"tEXt" and data.startswith(b"Comment\0"):
            return data[8:].decode("latin-1")
        at += size + 12
    raise AssertionError("the picture has no comment")


def test_the_picture_is_of_the_page_that_the_example_saves() -> None:
    """The example's output stands in README, where another test runs it; after a change: docs/images/draw.py."""
    shown = re.search(r"^```text\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert shown is not None
    assert comment((ROOT / "docs" / "images" / "cleanup.png").read_bytes()) == shown[1]


@pytest.fixture(scope="module")
def on_the_index() -> str:
    """README as the package index gets it."""
    pytest.importorskip("hatch_fancy_pypi_readme", reason="makes the page of the package index")
    metadata = pytest.importorskip("hatchling.metadata.core", reason="hatchling is not installed")
    manager = pytest.importorskip("hatchling.plugin.manager", reason="hatchling is not installed").PluginManager()
    project = metadata.ProjectMetadata(str(ROOT), manager)
    return str(project.core.readme)


def test_the_page_of_the_package_index_leads_nowhere_that_is_not_there(on_the_index: str) -> None:
    targets = re.findall(r"\]\(([^)]+)\)", on_the_index)
    assert len(targets) > 20
    assert [target for target in targets if not target.startswith("https://")] == []
    home = PROJECT["urls"]["Documentation"] + "/en/latest/"
    pages = [target.removeprefix(home) for target in targets if target.startswith(home)]
    lacking = [page for page in pages if page.endswith(".html") and not page_source(page).is_file()]
    assert lacking == []


def page_source(page: str) -> Path:
    return ROOT / "docs" / page.replace(".html", ".md")


def test_the_page_of_the_package_index_says_all_that_readme_says(on_the_index: str) -> None:
    words = re.compile(r"\]\([^)]*\)|[\[\]]")
    assert words.sub("", on_the_index) == words.sub("", README.read_text(encoding="utf-8"))


def test_the_citation_is_of_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {PROJECT['version']}\n" in citation
    assert f"\nlicense: {PROJECT['license']}\n" in citation
    assert f"Version {PROJECT['version']}." in (ROOT / "docs" / "citing.md").read_text(encoding="utf-8")
