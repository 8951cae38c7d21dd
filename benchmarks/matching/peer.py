"""What every peer's runner shares: the clock, the CSV, the cleaning that their documentation asks for, the answer.

A runner is a script ``run_TOOL.py IN.csv OUT.npz KIND``. It is started by ``bench_matching.py`` with the Python of the
tool's own environment, so nothing here imports crmkit. The clock starts before the file is read and stops when the
clusters at the tool's own threshold stand.
"""

from __future__ import annotations

import csv
import json
import re
import resource
import sys
import time
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

FORMS = re.compile(
    r"\b(?:gmbh(?: & co kg)?|ag|kg|ohg|ug|e k|ek|ltd|limited|llc|l l c|inc|corp|corporation|plc|co|company|group|grp|"
    r"sarl|"
    r"sas|sa|s a|s l|sl|s l u|slu|eood|ood|ad|еоод|оод|ад|ет)\b|有限责任公司|股份有限公司|集团有限公司|有限公司|集团"
)
SHORT = {
    "street": "st", "avenue": "ave", "road": "rd", "drive": "dr", "lane": "ln", "court": "ct", "place": "pl",
    "boulevard": "blvd", "bd": "blvd", "square": "sq", "way": "wy", "apartment": "apt", "suite": "ste", "north": "n",
    "south": "s", "east": "e", "west": "w", "rue": "r", "av": "ave", "calle": "c", "strasse": "str", "plaza": "pl",
    "улица": "ул", "булевард": "бул", "площад": "пл",
}  # fmt: skip
MISSING = {"", "none", "null", "nan", "n/a", "-"}


class Job:
    """One run: reads, keeps time, writes the answer."""

    def __init__(self) -> None:
        self.source, self.target, self.kind = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
        self._wall, self._cpu = time.perf_counter(), _cpu()
        self._spent: dict[str, float] = {}

    def rows(self) -> list[dict[str, str | None]]:
        """Read the file and clean it as an expert would before matching."""
        with self.source.open(encoding="utf-8", newline="") as file:
            return [clean(row) for row in csv.DictReader(file)]

    def columns(self, names: Collection[str]) -> dict[str, list[str | None]]:
        """Read some columns, cleaned likewise; what repeats is cleaned and held once."""
        with self.source.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            known: dict[str, dict[str, str | None]] = {name: {} for name in reader.fieldnames or () if name in names}
            columns: dict[str, list[str | None]] = {name: [] for name in known}
            for row in reader:
                for name, cleaned in known.items():
                    raw = row[name]
                    if raw not in cleaned:
                        cleaned[raw] = clean({name: raw})[name]
                    columns[name].append(cleaned[raw])
        return columns

    def stop(self) -> None:
        """Stop the clock: the clusters stand."""
        self._spent = {"wall_s": time.perf_counter() - self._wall, "cpu_s": _cpu() - self._cpu}

    def write(
        self,
        clusters: object,
        pairs: tuple[object, object, object] | None,
        *,
        threshold: float | None,
        candidates: int | None = None,
        sweep: dict[float, object] | None = None,
        version: str,
        note: str = "",
    ) -> None:
        """Write clusters (a label for each row), scored pairs of rows, and clusters at other thresholds."""
        if not self._spent:
            self.stop()
        peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        facts = self._spent | {
            "peak_rss_mb": peak / 1024, "threshold": threshold, "candidates": candidates, "version": version,
            "note": note,
        }  # fmt: skip
        left, right, score = pairs if pairs is not None else ([], [], [])
        np.savez(
            self.target,
            facts=json.dumps(facts),
            clusters=np.asarray(clusters, dtype=np.int64),
            left=np.asarray(left, dtype=np.int64),
            right=np.asarray(right, dtype=np.int64),
            score=np.asarray(score, dtype=np.float64),
            sweep_at=np.asarray(list(sweep or {}), dtype=np.float64),
            sweep=np.asarray(list((sweep or {}).values()), dtype=np.int64),
        )


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def fold(text: str) -> str:
    """Half-width, lower case, no accents, no punctuation, single blanks."""
    wide = unicodedata.normalize("NFKD", text.strip()).casefold().replace("ß", "ss")
    bare = "".join(char for char in wide if not unicodedata.combining(char))
    return " ".join(re.sub(r"[^\w@.+-]+", " ", bare).split())


def clean(row: dict[str, str]) -> dict[str, str | None]:
    """Standardize one record: names, numbers, dates, addresses."""
    out: dict[str, str | None] = {}
    for name, raw in row.items():
        value = fold(raw or "")
        if value in MISSING:
            out[name] = None
            continue
        if name in {"phone", "phone_number", "fax"}:
            digits = re.sub(r"\D", "", value)
            value = digits[-9:] if len(digits) >= 9 else digits
        elif name in {"given_name", "family_name", "surname", "first_name", "city", "suburb"}:
            value = " ".join(re.sub(r"[\W\d_]+", " ", value).split())
        elif name in {"street", "address_1", "address_2", "address"}:
            words = re.sub(r"[^\w]+", " ", value).split()
            value = " ".join(SHORT.get(word, f"{word[:-7]}str" if word.endswith("strasse") else word) for word in words)
        elif name in {"company_name", "name", "site_name"}:
            value = " ".join(FORMS.sub(" ", re.sub(r"[^\w]+", " ", value)).split()) or value
        elif name in {"birth_date", "date_of_birth", "dob"}:
            digits = re.sub(r"\D", "", value)
            value = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}" if len(digits) == 8 else value
        elif name in {"postal_code", "postcode", "zip"}:
            value = re.sub(r"\W", "", value)
        elif name == "website":
            value = re.sub(r"^(https? )?(www\.)?", "", value)
        out[name] = value or None
    return out


def components(n: int, left: object, right: object) -> np.ndarray:
    """Connected components, for tools that leave clustering to the caller."""
    root = np.arange(n)
    a, b = np.asarray(left, dtype=np.int64), np.asarray(right, dtype=np.int64)
    while len(a):
        first, second = root[a], root[b]
        apart = first != second
        a, b, first, second = a[apart], b[apart], first[apart], second[apart]
        np.minimum.at(root, np.maximum(first, second), np.minimum(first, second))
        while True:
            jumped = root[root]
            if np.array_equal(jumped, root):
                break
            root = jumped
    return root
