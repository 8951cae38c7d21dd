"""crmkit without configuration, with labels for the pairs that it asks about (KIND+labels), or plain (KIND+plain).

Plain is the same engine as Fellegi and Sunter had it: no rival explanations and no groups, every comparison for itself.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from peer import Job

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

ACCOUNTS = {"chicago", "accounts"}


def main() -> None:
    import crmkit  # imports are outside the clock, as the other runners have theirs
    from crmkit.matching import Labels, Matcher

    job = Job()
    kind, _, labels = job.kind.partition("+")
    preset = "account" if kind in ACCOUNTS else "contact"
    matcher = plain(preset) if labels == "plain" else Matcher(kind=preset)
    records = crmkit.read_csv(job.source)
    note = ""
    if kind == "febrl" and "source" in records.columns:
        clusters, report = _link(matcher, records, job)
    elif "side" in records.columns:
        report = _link_sides(matcher, records)
        clusters = np.arange(len(records))
        job.stop()
    else:
        if labels and labels != "plain":
            truth = np.load(job.source.with_suffix(".truth.npy"))
            asked = matcher.ask(records, n=int(labels))
            told = [bool(truth[a] == truth[b]) for a, b in asked.rows.tolist()]
            known = Labels.of((one.left, one.right, match) for one, match in zip(asked, told, strict=True))
            report = matcher.dedupe(records, labels=known)
            note = f"{labels} labels from the truth, for the pairs that it asked about"
        else:
            report = matcher.dedupe(records)
        clusters = report.labels
        job.stop()
    said = report.diagnostics
    facts = {
        "expected_precision": round(said.expected_precision, 4),
        "expected_recall": round(said.expected_recall, 4),
        "notes": list(said.notes),
    }
    job.write(
        clusters,
        (report.scored.left, report.scored.right, report.scored.probability),
        threshold=report.threshold_,
        candidates=said.candidates,
        version=crmkit.__version__,
        note=note or json.dumps(facts),
    )


def plain(kind: str) -> object:
    """Return a matcher without rival explanations and groups."""
    import attrs

    from crmkit.matching import Matcher
    from crmkit.matching._settings import _presets

    for name in ("_ACCOUNT_EXPLANATIONS", "_CONTACT_EXPLANATIONS"):
        setattr(_presets, name, tuple(one for one in getattr(_presets, name) if one.name == _presets.MATCH))
    alone = [attrs.evolve(one, group=one.name, nested=False, wide=None) for one in _presets.comparisons_of(kind)]
    return Matcher(kind=kind, comparisons=alone)


def _link_sides(matcher: object, records: object) -> object:
    """Link the two tables of a file, any number of links for each record; the left one's rows stand first."""
    columns = {name: list(records.column(name)) for name in records.columns}
    side = columns.pop("side")
    left = side.count("left")
    return matcher.link(
        {name: values[:left] for name, values in columns.items()},
        {name: values[left:] for name, values in columns.items()},
    )


def _link(matcher: object, records: object, job: Job) -> tuple[np.ndarray, object]:
    """Link two lists one to one; the rows of the answer are those of the whole file."""
    rows = records.to_dicts()
    sides = [[(k, row) for k, row in enumerate(rows) if row["source"] == side] for side in ("4a", "4b")]
    left, right = (
        [{name: value for name, value in row.items() if name != "source"} for _, row in side] for side in sides
    )
    report = matcher.link(left, right, one_to_one=True)
    place = np.array([k for side in sides for k, _ in side])
    clusters = np.arange(len(rows))
    chosen = np.flatnonzero(report.linked)
    clusters[place[report.scored.right[chosen]]] = place[report.scored.left[chosen]]
    job.stop()
    return clusters, report


main()
