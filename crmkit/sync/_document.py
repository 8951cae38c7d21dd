"""Plans as JSON: ``crmkit-sync-plan/1``, described in docs/reference/formats.md."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crmkit._disk import replacing
from crmkit.errors import FixityError, FormatError

from ._plan import SyncPlan
from ._step import Step, SyncConflict

if TYPE_CHECKING:
    import os

__all__ = ["digest_of", "load", "save"]

MARKER: Final = "crmkit-sync-plan/1"


def digest_of(plan: SyncPlan) -> str:
    """Return the SHA-256 of what the plan would do."""
    return hashlib.sha256(_json(_content(plan))).hexdigest()


def save(plan: SyncPlan, path: str | os.PathLike[str]) -> Path:
    """Write the plan with its digest; the old file stays until the new one is whole."""
    content = _json(_content(plan))
    head = {
        "format": MARKER, "at": plan.at.isoformat(), "digest": hashlib.sha256(content).hexdigest(),
        "skipped": dict(plan.skipped), "causes": dict(plan.causes), "same": plan.same, "ahead": plan.ahead,
        "unreadable": plan.unreadable, "left_out": list(plan.left_out),
    }  # fmt: skip
    target = Path(path)
    with replacing(target, private=True) as file:
        file.write(_json(head)[:-1] + b',"plan":' + content + b"}\n")
    return target


def load(path: str | os.PathLike[str]) -> SyncPlan:
    """Read what :func:`save` wrote."""
    place = str(path)
    try:
        found: Any = json.loads(Path(path).read_bytes())
    except (ValueError, RecursionError):
        raise FormatError("not a plan, or not whole", location=place) from None
    if not isinstance(found, dict) or found.get("format") != MARKER:
        raise FormatError("another kind of file, or one of a newer version of crmkit", location=place)
    try:
        return _from_document(found)
    except (LookupError, TypeError, ValueError, AttributeError):
        raise FormatError("not a plan, or not whole", location=place) from None


def _content(plan: SyncPlan) -> dict[str, Any]:
    return {
        "keys": [list(pair) for pair in plan.keys],
        "names": [list(pair) for pair in plan.names.items()],
        "values": [[name, [list(pair) for pair in pairs.items()]] for name, pairs in plan.values.items()],
        "steps": [step.to_dict() for step in plan.steps],
        "conflicts": [conflict.to_dict() for conflict in plan.conflicts],
        "pending": [list(key) for key in plan.pending],
        "one_way": plan.one_way,
    }


def _from_document(found: Any) -> SyncPlan:
    plan = found["plan"]
    if hashlib.sha256(_json(plan)).hexdigest() != found["digest"]:
        raise FixityError("the plan was edited")
    return SyncPlan(
        keys=tuple(tuple(pair) for pair in plan["keys"]),
        names=dict(plan["names"]),
        values={name: dict(pairs) for name, pairs in plan["values"]},
        steps=tuple(Step.from_dict(step) for step in plan["steps"]),
        conflicts=tuple(SyncConflict.from_dict(conflict) for conflict in plan["conflicts"]),
        pending=tuple(tuple(key) for key in plan["pending"]),
        skipped=found["skipped"],
        same=found["same"],
        ahead=found["ahead"],
        unreadable=found["unreadable"],
        left_out=tuple(found["left_out"]),
        causes=found["causes"],
        at=dt.datetime.fromisoformat(found["at"]),
        one_way=plan["one_way"],
    )


def _json(value: object) -> bytes:
    """Return the one form that is hashed: ASCII, names in order, no blanks."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()
