"""duckdb: one full join and one query for each column, as an engineer would write it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import duckdb
from measure import measured


def load(tool, left, right):
    base = duckdb.connect()
    base.execute("SET threads = 2")
    base.execute(f"CREATE TABLE l AS SELECT * FROM '{left}'")
    base.execute(f"CREATE TABLE r AS SELECT * FROM '{right}'")
    return base, [row[0] for row in base.execute("DESCRIBE l").fetchall()]


def compare(tool, base, columns):
    missing = base.execute("SELECT count(*) FROM l ANTI JOIN r USING (id)").fetchone()[0]
    unexpected = base.execute("SELECT count(*) FROM r ANTI JOIN l USING (id)").fetchone()[0]
    parts = []
    for name in columns:
        if name == "id":
            continue
        unlike = f"l.{name} IS DISTINCT FROM r.{name}"
        if name == "amount":
            unlike = f"({unlike}) AND NOT coalesce(abs(l.{name} - r.{name}) <= 1e-6, false)"
        parts.append(f"SELECT l.id, '{name}' AS col FROM l JOIN r USING (id) WHERE {unlike}")
    rows = base.execute(" UNION ALL ".join(parts)).fetchall()
    return missing, unexpected, lambda: {f"{key}\t{column}": "" for key, column in rows}


measured(load, compare, version=duckdb.__version__)
