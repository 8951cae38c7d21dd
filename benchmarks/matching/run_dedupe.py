"""dedupe 3 with 120 labels drawn from the truth, as its interactive labelling would give them."""

from __future__ import annotations

import random
from importlib.metadata import version

import dedupe
import numpy as np
from dedupe import variables as v
from peer import Job

LABELS = 120
FIELDS = {
    "contacts": [("given_name", v.String), ("family_name", v.String), ("email", v.String), ("phone", v.String),
                 ("birth_date", v.String), ("company_name", v.String), ("street", v.String), ("postal_code", v.String),
                 ("city", v.ShortString)],
    "febrl": [("given_name", v.String), ("surname", v.String), ("date_of_birth", v.String), ("address_1", v.String),
              ("address_2", v.String), ("suburb", v.String), ("postcode", v.String), ("state", v.ShortString),
              ("street_number", v.ShortString), ("soc_sec_id", v.String)],
    "fake": [("first_name", v.String), ("surname", v.String), ("dob", v.String), ("city", v.ShortString),
             ("email", v.String)],
    "chicago": [("site_name", v.String), ("address", v.String), ("zip", v.ShortString), ("phone", v.String)],
    "accounts": [("name", v.String), ("street", v.String), ("postal_code", v.ShortString), ("city", v.ShortString),
                 ("phone", v.String), ("website", v.String), ("registration_id", v.String)],
}  # fmt: skip


def main() -> None:
    random.seed(0)
    np.random.seed(0)  # dedupe draws from the global state
    job = Job()
    truth = np.load(job.source.with_suffix(".truth.npy"))
    data = dict(enumerate(job.rows()))
    known = set(data[0])
    fields = [kind(name, has_missing=True) for name, kind in FIELDS[job.kind] if name in known]
    matcher = dedupe.Dedupe(fields, num_cores=1, in_memory=True)
    matcher.prepare_training(data, sample_size=min(15_000, 5 * len(data)))
    place = {id(record): row for row, record in data.items()}

    def row_of(record: dict) -> int:
        return place.get(id(record), -1)

    by_content = {tuple(sorted(record.items(), key=lambda item: item[0])): row for row, record in data.items()}
    for _ in range(LABELS):
        pair = matcher.uncertain_pairs()[0]
        rows = [
            row if (row := row_of(record)) >= 0 else by_content[tuple(sorted(record.items(), key=lambda item: item[0]))]
            for record in pair
        ]
        same = truth[rows[0]] == truth[rows[1]]
        matcher.mark_pairs({"match": [pair] if same else [], "distinct": [] if same else [pair]})
    matcher.train()
    scores = matcher.score(matcher.pairs(data))

    def clusters_at(threshold: float) -> np.ndarray:
        labels = np.arange(len(data))
        for members, _ in matcher.cluster(scores, threshold):
            labels[list(members)] = min(members)
        return labels

    clusters = clusters_at(0.5)
    job.stop()
    sweep = {at: clusters_at(at) for at in (0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95)}
    job.write(
        clusters, None, threshold=0.5, candidates=len(scores), sweep=sweep, version=version("dedupe"),
        note=f"{LABELS} labels from the truth",
    )  # fmt: skip


main()
