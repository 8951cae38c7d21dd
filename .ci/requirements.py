"""Print what crmkit requires, a line each, so that an installer can be asked for the lowest of each."""

import tomllib
from pathlib import Path

print(*tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"], sep="\n")
