"""reladiff as its documentation uses it: two tables in two databases, told apart by checksums of key segments.

It has no tolerance, so every amount that carries noise counts as different.
"""

import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import duckdb
from measure import measured
from reladiff import connect_to_table, diff_tables


def load(tool, left, right):
    made = []
    for side, source in (("l", left), ("r", right)):
        place = source.parent / f"reladiff-{side}.duckdb"
        place.unlink(missing_ok=True)
        with duckdb.connect(str(place)) as base:
            base.execute(f"CREATE TABLE t AS SELECT * FROM '{source}'")
            columns = [row[0] for row in base.execute("DESCRIBE t").fetchall()]
        made.append(f"duckdb://:@{place}")
    return *made, columns


def compare(tool, left, right, columns):
    rest = tuple(name for name in columns if name != "id")
    one = connect_to_table(left, "t", "id", extra_columns=rest)
    other = connect_to_table(right, "t", "id", extra_columns=rest)
    found = {"-": {}, "+": {}}
    for sign, row in diff_tables(one, other):
        found[sign][row[0]] = row[1:]
    both = found["-"].keys() & found["+"].keys()
    cells = {
        f"{key}\t{name}": ""
        for key in both
        for name, mine, yours in zip(rest, found["-"][key], found["+"][key], strict=True)
        if mine != yours
    }
    return len(found["-"]) - len(both), len(found["+"]) - len(both), lambda: cells


measured(load, compare, version=version("reladiff"))
