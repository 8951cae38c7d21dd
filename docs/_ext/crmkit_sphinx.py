"""What Sphinx needs to know about crmkit: the page of all names, and how short names in annotations resolve."""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING, Any

import public_api
from docutils import nodes
from sphinx.ext import napoleon
from sphinx.ext.napoleon import GoogleDocstring
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from pathlib import Path

    from sphinx.application import Sphinx


class PublicNames(SphinxDirective):
    """One table for each subpackage: every public name with its summary."""

    def run(self) -> list[nodes.Node]:
        found: list[nodes.Node] = []
        for module in public_api.modules():
            members = [name for name in public_api.names() if name.module == module]
            if members:
                found.append(self._section(module, members))
        return found

    def _section(self, module: str, members: list[public_api.Name]) -> nodes.Node:
        section = nodes.section(ids=[nodes.make_id(f"names-of-{module}")])
        section += nodes.title(text=module)
        lines = [".. list-table::", "   :widths: 32 68", "   :class: api-names", ""]
        for name in members:
            role = {"class": "class", "exception": "exc", "function": "func", "data": "data"}[name.kind]
            summary = name.summary.replace("\n", " ")
            lines += [f"   * - :py:{role}:`{name.name} <{name.full}>`", f"     - {summary}"]
        container = nodes.Element()
        # Summaries are reStructuredText, as docstrings are; the page around them is Markdown.
        container += self.parse_text_to_nodes("```{eval-rst}\n" + "\n".join(lines) + "\n```")
        section += container.children
        return section


def resolve_short_name(app: Sphinx, env: Any, node: Any, contnode: Any) -> Any:
    """Find the public object that a short or private name in an annotation stands for.

    Annotations name what the module imported (``RecordSet``, ``_recordset.RecordSet``), readers look for
    ``crmkit.records.RecordSet``. A name that two subpackages have is taken from the one the page is about.
    """
    if node.get("refdomain") != "py":
        return None
    target = str(node.get("reftarget", ""))
    short = target.rpartition(".")[2]
    found = [name for name in public_api.names() if name.name == short and name.module != "crmkit"]
    if len(found) > 1:
        package = target.partition("._")[0] if "._" in target else str(node.get("py:module"))
        found = [name for name in found if name.module == package]
    if len(found) == 1 and ("." not in target or "._" in target or target.startswith("_")):
        domain = env.domains["py"]
        return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", found[0].full, node, contnode)
    # What only crmkit's own modules name stays without a link, as long as it exists.
    return contnode if short in public_api.internal_names() else None


def describe_constants(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Put constants and aliases behind the text of their module; autodoc does not follow them through imports."""
    if what == "module":
        for member in public_api.names():
            if member.module == name and member.kind == "data":
                lines += ["", f".. py:data:: {member.name}", ""]
                lines += [f"   {line}".rstrip() for line in member.doc.splitlines()]


def skip_constants(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Leave out what ``describe_constants`` has described."""
    is_data = obj is Any or not (inspect.isclass(obj) or inspect.isroutine(obj))
    if what == "module" and is_data and name in {member.name for member in public_api.names() if member.kind == "data"}:
        return True
    return None


def hide_private_bases(app: Sphinx, name: str, obj: Any, options: Any, bases: list[Any]) -> None:
    """Show the public ancestors of a class only: a private base is nothing a reader can look up."""
    bases[:] = [base for base in bases if not getattr(base, "__name__", "").startswith("_")] or [object]


def point_into_docs(app: Sphinx, path: Path, docname: str, content: list[str]) -> None:
    """README links to files where a forge shows them; here some of these are pages, and the others are not there."""
    if path.name == "README.md":
        text = content[0].replace("(.github/SECURITY.md)", "(docs/security.md)")
        content[0] = re.sub(r"\[([^\]]+)\]\(benchmarks[^)]*\)", r"\1", text)


def offer_download(app: Sphinx, docname: str, content: list[str]) -> None:
    """Put a link to the file itself under the title of a notebook; in the file it would lead nowhere."""
    if content[0].startswith("{") and '"nbformat"' in content[0]:
        notebook = json.loads(content[0])
        file = f"{docname.rpartition('/')[2]}.ipynb"
        first = notebook["cells"][0]
        first["source"] = "".join(first["source"]) + f"\n\n{{download}}`Download this notebook <{file}>`"
        content[0] = json.dumps(notebook)


class PlainText(GoogleDocstring):
    """Types stand in the annotations, so what precedes a colon in a Returns section or a property is no type."""

    def _consume_returns_section(self, preprocess_types: bool = False) -> list[tuple[str, str, list[str]]]:
        return [("", "", self._dedent(self._consume_to_next_section()))]

    def _lookup_annotation(self, _name: str) -> str:
        return super()._lookup_annotation(_name).replace("_]", "\\_]")  # np.bool_ is no hyperlink

    def _consume_inline_attribute(self) -> tuple[str, list[str]]:
        return "", list(self._lines)


def setup(app: Sphinx) -> dict[str, object]:
    napoleon.GoogleDocstring = PlainText  # type: ignore[misc]  # there is no option for it
    app.connect("include-read", point_into_docs)
    app.connect("source-read", offer_download)
    app.add_directive("public-names", PublicNames)
    app.connect("missing-reference", resolve_short_name)
    app.connect("autodoc-process-docstring", describe_constants)
    app.connect("autodoc-skip-member", skip_constants)
    app.connect("autodoc-process-bases", hide_private_bases)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
