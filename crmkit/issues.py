"""The issue table: what is wrong, where, how bad, and what the value should be."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Issue:
    """One thing that is wrong with one value, record or table."""

    code: str
