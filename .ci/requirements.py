"""Print what crmkit requires, a line each, so that an installer can be asked for the lowest of each.

Usage: requirements.py [--extras]    with what the extras bring
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = [] if "--extras" not in sys.argv else [
    one for name, extra in project["optional-dependencies"].items() if name != "all" for one in extra
]  # fmt: skip
print(*project["dependencies"], *extras, sep="\n")
