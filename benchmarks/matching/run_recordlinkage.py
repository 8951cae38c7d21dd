"""The record linkage toolkit: blocking by several keys, string comparison, its unsupervised ECM classifier."""

from __future__ import annotations

import warnings
from importlib.metadata import version

import numpy as np
import pandas as pd
import recordlinkage
from peer import Job, components

warnings.simplefilter("ignore")

KEYS = {
    "contacts": [["email"], ["phone"], ["given_name", "family_name"], ["family_name", "postal_code"],
                 ["given_name", "postal_code"], ["street", "family_name"], ["birth_date", "family_name"],
                 ["birth_date", "given_name"], ["company_name", "family_name"], ["company_name", "given_name"]],
    "febrl": [["given_name", "surname"], ["date_of_birth"], ["surname", "postcode"], ["given_name", "postcode"],
              ["address_1"], ["surname", "suburb"], ["given_name", "suburb"]],
    "fake": [["first_name"], ["surname"], ["dob"], ["email"]],
    "chicago": [["site_name"], ["address"], ["phone"], ["zip"]],
    "accounts": [["name"], ["street"], ["phone"], ["website"], ["registration_id"]],
}  # fmt: skip
FIELDS = {
    "contacts": [("given_name", 0.85), ("family_name", 0.85), ("email", 0.9), ("phone", None), ("birth_date", None),
                 ("company_name", 0.85), ("street", 0.85), ("postal_code", None), ("city", 0.9)],
    "febrl": [("given_name", 0.85), ("surname", 0.85), ("date_of_birth", None), ("address_1", 0.85),
              ("address_2", 0.85), ("suburb", 0.85), ("postcode", None), ("state", None), ("street_number", None),
              ("soc_sec_id", None)],
    "fake": [("first_name", 0.85), ("surname", 0.85), ("dob", None), ("city", 0.85), ("email", 0.9)],
    "chicago": [("site_name", 0.85), ("address", 0.85), ("zip", None), ("phone", None)],
    "accounts": [("name", 0.85), ("street", 0.85), ("postal_code", None), ("city", None), ("phone", None),
                 ("website", None), ("registration_id", None)],
}  # fmt: skip


def main() -> None:
    job = Job()
    table = pd.DataFrame(job.rows())
    indexer = recordlinkage.Index()
    for keys in KEYS[job.kind]:
        indexer.block(keys)
    linking = job.kind == "febrl" and "source" in table
    if linking:
        sides = [part for _, part in table.groupby("source")]
        pairs = indexer.index(sides[0], sides[1])
    else:
        sides = [table]
        pairs = indexer.index(table)
    compare = recordlinkage.Compare()
    for name, at in FIELDS[job.kind]:
        if name not in table:
            continue
        if at is None:
            compare.exact(name, name, label=name)
        else:
            compare.string(name, name, method="jarowinkler", threshold=at, label=name)
    features = compare.compute(pairs, *sides)
    classifier = recordlinkage.ECMClassifier(binarize=0.5)
    classifier.fit(features)
    score = np.asarray(classifier.prob(features))
    left, right = (np.asarray(features.index.get_level_values(level), dtype=np.int64) for level in (0, 1))
    kept = score > 0.5
    clusters = components(len(table), left[kept], right[kept])
    job.stop()
    kept = score > 0.01
    job.write(
        clusters, (left[kept], right[kept], score[kept]), threshold=0.5, candidates=len(features),
        version=version("recordlinkage"),
    )  # fmt: skip


main()
