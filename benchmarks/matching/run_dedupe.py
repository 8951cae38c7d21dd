"""dedupe 3 with labels from the truth, for the pairs that it asks about: 120, or as many as KIND+labels says.

What is short or has a fixed form is a ``ShortString``, as its documentation advises ("zip codes and city names are good
candidates"): with ``String`` for all fields the index rules of ten thousand contacts alone take more than 13 GB.
"""

from __future__ import annotations

import random
import time
from importlib.metadata import version

import dedupe
import numpy as np
from dedupe import variables as v
from peer import Job

LABELS = 120
FIELDS = {
    "contacts": [("given_name", v.String), ("family_name", v.String), ("email", v.String), ("phone", v.ShortString),
                 ("birth_date", v.ShortString), ("company_name", v.String), ("street", v.String),
                 ("postal_code", v.ShortString), ("city", v.ShortString)],
    "febrl": [("given_name", v.String), ("surname", v.String), ("date_of_birth", v.ShortString),
              ("address_1", v.String), ("address_2", v.String), ("suburb", v.String), ("postcode", v.ShortString),
              ("state", v.ShortString), ("street_number", v.ShortString), ("soc_sec_id", v.ShortString)],
    "fake": [("first_name", v.String), ("surname", v.String), ("dob", v.ShortString), ("city", v.ShortString),
             ("email", v.String)],
    "chicago": [("site_name", v.String), ("address", v.String), ("zip", v.ShortString), ("phone", v.ShortString)],
    "accounts": [("name", v.String), ("street", v.String), ("postal_code", v.ShortString), ("city", v.ShortString),
                 ("phone", v.ShortString), ("website", v.String), ("registration_id", v.ShortString)],
}  # fmt: skip


def main() -> None:
    random.seed(0)
    np.random.seed(0)  # dedupe draws from the global state
    job = Job()
    begun = time.perf_counter()
    kind, _, wanted = job.kind.partition("+")
    labels = int(wanted or LABELS)
    truth = np.load(job.source.with_suffix(".truth.npy"))
    data = dict(enumerate(job.rows()))
    known = set(data[0])
    fields = [variable(name, has_missing=True) for name, variable in FIELDS[kind] if name in known]
    matcher = dedupe.Dedupe(fields, num_cores=1, in_memory=True)
    matcher.prepare_training(data)
    asked = time.perf_counter()
    place = {id(record): row for row, record in data.items()}

    def row_of(record: dict) -> int:
        return place.get(id(record), -1)

    by_content = {tuple(sorted(record.items(), key=lambda item: item[0])): row for row, record in data.items()}
    for _ in range(labels):
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
        note=f"{labels} labels from the truth, for the pairs it asked about; the first after {asked - begun:.0f} s",
    )  # fmt: skip


main()
