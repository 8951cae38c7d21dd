"""Messy customer records with the truth about them: who is who, and what went wrong.

>>> made = contacts(1000, seed=7)
>>> len(made), len(made.truth)
(1000, 1000)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from crmkit.errors import NotFoundError

from ._draws import Draws
from ._duplicates import Causes, records_of
from ._people import SCRIPTS, persons
from ._render import CONTACT_COLUMNS, Rows, render_contacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["Generated", "contacts"]

MISSING = {"email": 0.11, "phone": 0.18, "birth_date": 0.50, "company_name": 0.20, "job_title": 0.30, "street": 0.05}
_SHARES = {"latin": 0.70, "zh": 0.25, "cyrillic": 0.05}
_CHUNK = 100_000


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Generated:
    """Generated records, and what a matcher or a validator should find in them."""

    column_names: tuple[str, ...]
    truth: NDArray[np.int64]
    causes: Causes
    severity: NDArray[np.int64]
    _render: Callable[[int, int], dict[str, list[str | None]]]

    def __len__(self) -> int:
        return len(self.truth)

    def __repr__(self) -> str:
        return f"Generated({len(self)} records of {len(np.unique(self.truth))} parties)"

    def chunks(self, rows: int = _CHUNK) -> Iterator[dict[str, list[str | None]]]:
        """Render the records piece by piece, so that a file can be larger than memory."""
        for start in range(0, len(self), rows):
            yield self._render(start, min(start + rows, len(self)))

    @property
    def columns(self) -> dict[str, list[str | None]]:
        """All columns as lists of text, ``None`` where a value is missing."""
        out: dict[str, list[str | None]] = {name: [] for name in self.column_names}
        for chunk in self.chunks():
            for name, values in chunk.items():
                out[name] += values
        return out

    def pairs(self) -> NDArray[np.int64]:
        """Return every true pair of rows, shape ``(n_pairs, 2)``, the smaller row first, sorted."""
        order = np.argsort(self.truth, kind="stable")
        party = self.truth[order]
        found = []
        step = 1
        while True:
            same = np.flatnonzero(party[step:] == party[:-step])
            if not len(same):
                break
            found.append(np.column_stack([order[same], order[same + step]]))
            step += 1
        if not found:
            return np.zeros((0, 2), dtype=np.int64)
        pairs = np.concatenate(found)
        return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def contacts(
    n: int,
    *,
    seed: int = 0,
    duplicates: float = 0.20,
    households: float = 0.12,
    scripts: Mapping[str, float] | None = None,
) -> Generated:
    """Generate contacts.

    Args:
        n: How many records.
        seed: The same seed gives the same records, everywhere.
        duplicates: Share of records that repeat another one.
        households: Share of persons who live with another person of the file.
        scripts: Weight of ``latin``, ``zh`` and ``cyrillic``; .70, .25 and .05 where not given.
    """
    shares = dict(scripts or _SHARES)
    for script in shares:
        if script not in SCRIPTS:
            raise NotFoundError.of("script", script, SCRIPTS)
    draws = Draws(seed)
    people = persons(
        draws, n - round(duplicates * n), shares, households=households, sons=0.01, roles=0.01, fiction=False
    )
    codes, who, bits, severity = records_of(draws, people, n, fiction=False)

    def render(start: int, stop: int) -> dict[str, list[str | None]]:
        return render_contacts(Rows(codes, bits, people.companies, seed, start, stop), MISSING)

    return Generated(column_names=CONTACT_COLUMNS, truth=who, causes=Causes(bits), severity=severity, render=render)
