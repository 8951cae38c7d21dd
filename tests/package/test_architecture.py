"""The picture of the imports on docs/explanation/architecture.md is the one that import-linter holds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
PICTURE, ROOMS = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CONTRACTS = {
    contract["containers"][0]: contract["layers"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    if contract["type"] == "layers"
}


def words(text: str) -> list[str]:
    return text.replace(" : ", ", ").split()


def test_the_lines_of_the_package_are_its_layers() -> None:
    lines = PICTURE.replace("\n  |", " |").splitlines()
    layers = [words(re.split(r"\s{2,}", line)[0]) for line in lines]
    held = [words(layer.strip("()")) for layer in CONTRACTS["crmkit"]]
    assert layers == held


def test_the_rooms_of_each_area_are_its_layers() -> None:
    shown: dict[str, str] = {}
    area = ""
    for line in ROOMS.splitlines():
        if not line.startswith(" "):
            own, _, line = line.partition("  ")
            area = f"{area}.{own.removeprefix('its ')}" if own.startswith("its ") else f"crmkit.{own}"
        shown[area] = f"{shown.get(area, '')} {line}"
    held = {area: layers for area, layers in CONTRACTS.items() if area != "crmkit"}
    assert {area: words(rooms) for area, rooms in shown.items()} == {
        area: words(" > ".join(layers)) for area, layers in held.items()
    }
