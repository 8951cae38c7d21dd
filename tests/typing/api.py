"""The public API as a user writes it: type-checked, not run."""

from __future__ import annotations

from crmkit.errors import NotFoundError

error: LookupError = NotFoundError.of("column", "emial", ["email"])
