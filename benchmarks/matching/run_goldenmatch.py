"""goldenmatch without configuration, which is how it recommends to begin; and with other thresholds."""

from __future__ import annotations

from importlib.metadata import version

import goldenmatch
import numpy as np
import pyarrow as pa
from peer import Job


def clusters_of(result: object, n: int) -> np.ndarray:
    labels = np.arange(n)
    for cluster in result.clusters.values():
        members = [int(row) for row in cluster["members"]]
        labels[members] = min(members)
    return labels


def main() -> None:
    job = Job()
    rows = job.rows()
    names = [name for name in rows[0] if name not in {"id", "source", "owner_name", "created_at", "updated_at"}]
    table = pa.table({name: pa.array([row[name] for row in rows], type=pa.string()) for name in names})
    result = goldenmatch.dedupe_df(table, allow_red_config=True, confidence_required=False)
    clusters = clusters_of(result, len(rows))
    job.stop()
    found = getattr(result, "scored_pairs", None) or []
    pairs = tuple(np.array(column) for column in zip(*[(a, b, s) for a, b, s in found], strict=True)) if found else None
    job.write(clusters, pairs, threshold=None, version=version("goldenmatch"), note="configures itself")


main()
