"""Every public name of crmkit: what ``__all__`` lists, where it is defined, and its one line.

The page ``reference/api.md`` and the tests both read it here, so that they cannot disagree. Needs no Sphinx.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import pkgutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import crmkit

VERSION_ADDED = ".. versionadded::"


@dataclass(frozen=True)
class Name:
    """One public name."""

    module: str
    name: str
    kind: str  # class, exception, function or data
    doc: str

    @property
    def full(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def summary(self) -> str:
        """The first paragraph on one line."""
        return " ".join(self.doc.strip().split("\n\n")[0].split())


def modules() -> list[str]:
    """The facade, every subpackage, and the public modules inside them, in the order of their names."""
    found = ["crmkit"]
    for part in pkgutil.iter_modules(crmkit.__path__):
        if part.name.startswith("_") or part.name == "data":
            continue
        name = f"crmkit.{part.name}"
        module = importlib.import_module(name)
        found.append(name)
        found += [f"{name}.{inner}" for inner in module.__all__ if inspect.ismodule(getattr(module, inner))]
    return found


@cache
def names() -> tuple[Name, ...]:
    """Every public name that is not itself a module."""
    found = []
    for place in modules():
        module = importlib.import_module(place)
        for name in module.__all__:
            value = getattr(module, name)
            if not inspect.ismodule(value):
                kind = _kind(value)
                doc = data_doc(place, name) if kind == "data" else inspect.getdoc(value)
                found.append(Name(place, name, kind, doc or ""))
    return tuple(found)


def _kind(value: Any) -> str:
    if inspect.isclass(value) and value is not Any:
        return "exception" if issubclass(value, BaseException) else "class"
    return "function" if inspect.isroutine(value) else "data"


def data_doc(module: str, name: str) -> str | None:
    """The text under a constant or alias, followed through the imports to where it is defined."""
    tree = _tree(module)
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and target.id == name:
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                return inspect.cleandoc(str(after.value.value))
            return None
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    package = module if _source(module).name == "__init__.py" else module.rpartition(".")[0]
                    return data_doc(
                        importlib.util.resolve_name("." * node.level + (node.module or ""), package), alias.name
                    )
    return None


@cache
def internal_names() -> frozenset[str]:
    """Classes and aliases that crmkit's private modules define; annotations of public methods may name them."""
    found = set()
    for path in Path(crmkit.__file__ or "").parent.rglob("_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {target.id for target in targets if isinstance(target, ast.Name) and target.id[:1].isupper()}
    return frozenset(found)


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_source(module).read_text(encoding="utf-8"))


def _source(module: str) -> Path:
    found = importlib.import_module(module).__file__
    assert found is not None
    return Path(found)
