"""Policy files: TOML and JSON in, every problem with its file and line."""

from __future__ import annotations

import json
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs

from crmkit._toml import from_toml
from crmkit.errors import PolicyFileError

from ._locate import line_of, positions
from ._problem import Problem, refuse
from ._read_data import Reader

if TYPE_CHECKING:
    from ._policy import Policy

__all__ = ["load", "loads"]

_MAX_INCLUDES = 50


@attrs.frozen
class _Source:
    file: str
    text: str
    suffix: str
    data: dict[str, Any]


def load(path: str | os.PathLike[str]) -> Policy:
    """Read a policy file and those that it includes; see :meth:`Policy.load`."""
    sources: list[_Source] = []
    problems: list[Problem] = []
    _gather(Path(path), Path(path).name, sources, problems, (), set())
    refuse(problems)
    return _policy(sources)


def loads(text: str, *, format: Literal["toml", "json"]) -> Policy:  # noqa: A002 - as people call it
    """Read a policy from text; see :meth:`Policy.from_toml`."""
    problems: list[Problem] = []
    source = _parsed(text, f".{format}", "policy", problems)
    if source is not None and source.data.get("include"):
        problems.append(Problem("P005", "only files can include files", ("include",), "policy"))
    refuse(problems)
    return _policy([source] if source is not None else [])


def _gather(
    path: Path, name: str, sources: list[_Source], problems: list[Problem], above: tuple[Path, ...], read: set[Path]
) -> None:
    """Read a file and what it includes, each once."""
    place = path.resolve()
    suffix = path.suffix.lower()
    if suffix not in (".toml", ".json"):
        problems.append(Problem("P005", "a policy is a .toml or .json file", (), name))
        return
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:  # a value that became another one would be denied to nobody
        line = error.object[: error.start].count(b"\n") + 1
        problems.append(Problem("P000", "not UTF-8", (), name, line))
        return
    source = _parsed(text, suffix, name, problems)
    if source is None:
        return
    read.add(place)
    included = source.data.get("include", [])
    for other in [included] if isinstance(included, str) else included if isinstance(included, list) else []:
        target = path.parent / str(other)
        if "\0" in str(other) or not target.is_file():
            problems.append(Problem("P005", f'there is no file "{other}"', ("include",), name))
        elif target.resolve() in (*above, place):
            problems.append(Problem("P006", f'"{other}" includes this file again', ("include",), name))
        elif len(above) >= _MAX_INCLUDES:
            problems.append(Problem("P006", f"files include files more than {_MAX_INCLUDES} deep", ("include",), name))
        elif target.resolve() not in read:  # by its place: files in two folders may have one name
            inner = os.path.normpath(Path(name).parent / str(other)).replace(os.sep, "/")
            _gather(target, inner, sources, problems, (*above, place), read)
    sources.append(source)


def _parsed(text: str, suffix: str, name: str, problems: list[Problem]) -> _Source | None:
    """Return a file as plain data, or report why it is none."""
    try:
        if suffix == ".toml":
            data: object = from_toml(text, parse_float=Decimal)
        else:
            data = json.loads(text, parse_float=Decimal, parse_constant=_refuse, object_pairs_hook=_once)
    except RecursionError:
        problems.append(Problem("P000", "nested too deeply", (), name))
        return None
    except ValueError as error:
        line = re.search(r"line (\d+)", str(error))
        problems.append(Problem("P000", f"not {suffix[1:].upper()}: {error}", (), name, int(line[1]) if line else None))
        return None
    if not isinstance(data, dict):
        problems.append(Problem("P000", "a policy is a table", (), name))
        return None
    return _Source(name, text, suffix, data)


def _refuse(text: str) -> object:
    message = f"{text} is no number of JSON"
    raise ValueError(message)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            message = f"key {name!r} is there twice"
            raise ValueError(message)
        found[name] = value
    return found


def _policy(sources: list[_Source]) -> Policy:
    """Put the files together, and give every problem its place."""
    try:
        reader = Reader()
        for source in sources:
            reader.add(source.data, source.file)
        return reader.policy()
    except PolicyFileError as error:
        found = [one for one in error.problems if isinstance(one, Problem)]
    known = {source.file: source for source in sources}
    lines: dict[str, Any] = {}
    placed: list[Problem] = []
    for problem in found:
        file, path = reader.origin(problem.path)
        source = known[file]
        if file not in lines:
            try:
                lines[file] = positions(source.text, source.suffix)
            except RecursionError:
                lines[file] = {}
        placed.append(attrs.evolve(problem, file=file, line=line_of(lines[file], path)))
    refuse(placed)
    raise AssertionError  # pragma: no cover - refuse raises
