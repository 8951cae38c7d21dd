"""What importing costs, and that no name hides another."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import crmkit

THIRD_PARTY = [
    "attr", "attrs", "cryptography", "email_validator", "narwhals", "numpy", "phonenumbers", "rapidfuzz",
    "pandas", "polars", "pyarrow", "duckdb", "matplotlib", "hypothesis", "pypinyin", "opencc", "stdnum", "sqlalchemy",
    "vobject",
]  # fmt: skip
OPTIONAL = THIRD_PARTY[8:]

SIDE_DOORS = {
    "crmkit.changes._file",  # a log of merges is a file of change logs and more
    "crmkit.changes._seal",
    "crmkit.mapping._parts._form",  # sync reads moments as the mapping says they are written
    "crmkit.normalize._bulk",  # whole columns, for checks and comparisons
    "crmkit.normalize._placeholders",  # every area asks what says nothing
    "crmkit.reconciliation._pairing._mapped",  # sync writes back through the mapping that was compared
    "crmkit.records._held",  # readers and the matcher know how columns are held
}
"""What areas take from the inside of one another; everything else comes through a package's own names."""


def loaded_after(code: str) -> set[str]:
    """Run code in a process of its own and say which top-level modules it loaded."""
    script = f"import sys\n{code}\nimport json; print(json.dumps(sorted({{m.partition('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def subpackages() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(crmkit.__path__) if not module.name.startswith("_"))


def test_importing_crmkit_loads_no_third_party_module() -> None:
    assert not loaded_after("import crmkit; dir(crmkit)") & set(THIRD_PARTY)


def test_importing_crmkit_opens_no_socket() -> None:
    code = """
import sys
def refuse(event, args):
    if event.startswith("socket."):
        raise RuntimeError(event)
sys.addaudithook(refuse)
import crmkit, importlib, pkgutil
for module in pkgutil.iter_modules(crmkit.__path__):
    if module.name != "testing":
        importlib.import_module("crmkit." + module.name)
"""
    assert "crmkit" in loaded_after(code)


@pytest.mark.parametrize("name", [name for name in subpackages() if name != "testing"])
def test_no_subpackage_loads_an_optional_library(name: str) -> None:
    assert not loaded_after(f"import crmkit.{name}") & set(OPTIONAL)


@pytest.mark.parametrize("name", ["errors", "typing", "systems", "masking", "audit"])
def test_light_modules_stay_light(name: str) -> None:
    assert not loaded_after(f"import crmkit.{name}") & {"numpy", "phonenumbers", "rapidfuzz", "narwhals"}


def test_no_facade_name_is_hidden_by_a_subpackage() -> None:
    for name in subpackages():
        importlib.import_module(f"crmkit.{name}")
    for name in crmkit.__all__:
        assert callable(getattr(crmkit, name)), name


def test_every_subpackage_is_reachable_and_listed() -> None:
    assert set(subpackages()) <= set(dir(crmkit))
    for name in subpackages():
        assert getattr(crmkit, name).__name__ == f"crmkit.{name}"


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        crmkit.chekc  # noqa: B018


def test_the_version_comes_from_the_package_metadata() -> None:
    from importlib.metadata import version

    assert crmkit.__version__ == version("crmkit")


@pytest.mark.parametrize("name", subpackages())
def test_all_names_what_exists_in_sorted_order(name: str) -> None:
    module = importlib.import_module(f"crmkit.{name}")
    if not hasattr(module, "__all__"):
        pytest.fail(f"crmkit.{name} has no __all__")
    assert len(set(module.__all__)) == len(module.__all__)
    for public in module.__all__:
        getattr(module, public)


def imported(path: Path) -> set[str]:
    """Return the modules of crmkit that a module imports when it runs, private ones by their whole name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").startswith("crmkit")
            and id(node) not in typing_only
        ):
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def test_areas_enter_one_another_by_the_door() -> None:
    root = Path(crmkit.__file__).parent
    inside = set()
    for path in root.rglob("*.py"):
        own = path.relative_to(root).parts[0].removesuffix(".py")
        for name in imported(path):
            area, *rest = name.split(".")[1:]
            if area not in (own, "crmkit") and own != "testing" and any(part.startswith("_") for part in rest):
                inside.add(name)
    entered = {name: [door for door in SIDE_DOORS if name == door or name.startswith(f"{door}.")] for name in inside}
    assert [name for name, doors in entered.items() if not doors] == []
    assert {door for doors in entered.values() for door in doors} == SIDE_DOORS
