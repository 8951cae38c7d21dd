"""What a wheel holds: the package, its types and its tables, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import crmkit

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "crmkit"
TABLES = sorted(path for path in (PACKAGE / "data").rglob("*") if path.suffix in {".toml", ".tsv", ".txt", ".csv"})
FACTS = {
    "source": r"source|sources",
    "date": r"date",
    "licence": r"licence|license",
    "refresh": r"refresh|to refresh",
}


@pytest.fixture(scope="module")
def selected() -> list[str]:
    """The paths that hatchling, which builds the wheel, would put into it."""
    wheel = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")
    builder = wheel.WheelBuilder(str(ROOT))
    return sorted(file.distribution_path.replace("\\", "/") for file in builder.recurse_included_files())


def test_the_wheel_holds_the_package_and_nothing_else(selected: list[str]) -> None:
    assert {path.partition("/")[0] for path in selected} == {"crmkit"}
    assert {Path(path).suffix for path in selected} <= {".css", ".py", ".typed", ".toml", ".tsv", ".txt"}


def test_the_wheel_holds_every_module_and_every_table(selected: list[str]) -> None:
    wanted = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert set(selected) == {path.relative_to(ROOT).as_posix() for path in wanted}
    assert "crmkit/py.typed" in selected
    assert len([path for path in selected if path.startswith("crmkit/data/")]) > 25


@pytest.mark.thorough
def test_a_built_wheel_holds_the_package_its_metadata_and_its_licence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    info = f"crmkit-{crmkit.__version__}.dist-info"
    assert {name.partition("/")[0] for name in names} == {"crmkit", info}
    assert {"crmkit/py.typed", f"{info}/licenses/LICENSE", f"{info}/METADATA"} <= set(names)


def test_the_installed_package_is_typed_and_has_its_tables() -> None:
    package = Path(crmkit.__file__ or "").parent
    assert (package / "py.typed").is_file()
    assert {path.name for path in TABLES} == {path.name for path in (package / "data").rglob("*.t*") if path.is_file()}


def header(path: Path) -> str:
    """The comment that a table begins with, or its ``[meta]``, in lower case."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comment: list[str] = []
    for line in lines:
        if not line.startswith("#"):
            break
        comment.append(line.lstrip("# ").strip())
    meta = ""
    if path.suffix == ".toml":
        facts = tomllib.loads("\n".join(lines)).get("meta", {})
        meta = "".join(f"\n{key}: {value}" for key, value in facts.items())
    return ("\n".join(comment) + meta).lower()


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_every_table_says_where_it_comes_from_and_how_to_renew_it(path: Path) -> None:
    text = header(path)
    missing = [
        fact for fact, words in FACTS.items() if not re.search(rf"(?:^|[.;] ?)(?:{words}): *\S", text, re.MULTILINE)
    ]
    assert missing == [], f"{path.relative_to(ROOT)} lacks {missing}"
    dated = re.search(r"date: *(\d{4}-\d\d-\d\d)", text)
    assert dated is not None, f"{path.name}: the date is written YYYY-MM-DD"


def test_there_are_tables() -> None:
    assert len(TABLES) > 25


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_required_libraries_are_those_that_the_documentation_gives_reasons_for() -> None:
    page = (ROOT / "docs" / "explanation" / "dependencies.md").read_text(encoding="utf-8")
    reasons = set(re.findall(r"^\| ([a-z-]+) \|", page.partition("## Extras")[0], re.MULTILINE)) - {"library"}
    assert {re.split(r"[<>=]", line)[0] for line in project()["dependencies"]} == reasons


def test_the_extras_are_those_of_the_documentation() -> None:
    page = (ROOT / "docs" / "explanation" / "dependencies.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `([a-z]+)` \|", page, re.MULTILINE))
    assert set(project()["optional-dependencies"]) - {"all"} == described
