"""What differs between two mappings, and what that does to records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from crmkit import _notebook, frames
from crmkit.errors import SchemaError
from crmkit.mapping._parts._link import Endpoint

from ._document import to_document
from ._mapping import Mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.mapping._parts._link import Link
    from crmkit.typing import Frame, JSONValue, Language

__all__ = ["MappingChange", "MappingDiff", "diff"]

What: TypeAlias = Literal["added", "removed", "retargeted", "values", "form", "limit", "required", "headers", "facts"]
"""What changed about a column."""

_EFFECTS: dict[str, dict[Language, str]] = {
    "added": {"en": "is mapped now", "zh": "新增映射"},
    "removed": {"en": "is not mapped any more", "zh": "不再映射"},
    "retargeted": {"en": "goes to another column", "zh": "对应字段改变"},
    "values": {"en": "its values are translated differently", "zh": "取值对照改变"},
    "form": {"en": "its values are read or written differently", "zh": "读写格式改变"},
    "limit": {"en": "the most characters that the target stores changed", "zh": "目标长度上限改变"},
    "required": {"en": "whether the target demands it changed", "zh": "是否必填改变"},
    "headers": {"en": "other headers stand for it", "zh": "可识别的列名改变"},
    "facts": {"en": "what it rests on changed; records stay the same", "zh": "依据改变，不影响数据"},
}


@attrs.frozen(kw_only=True)
class MappingChange:
    """One thing that differs.

    Attributes:
        column: The source column; the target's where nothing feeds it.
        what: What changed.
        before: As data; ``None`` for what is new.
        after: As data; ``None`` for what is gone.

    .. versionadded:: 0.1.0
    """

    column: str
    what: What
    before: JSONValue = None
    after: JSONValue = None

    @property
    def affects_records(self) -> bool:
        """Whether records come out differently, or are judged differently."""
        return self.what != "facts"

    def message(self, lang: Language = "en") -> str:
        """Say what changed."""
        return f"{self.column}: {_EFFECTS[self.what][lang]}"


_MOST_ROWS = 60


@attrs.frozen(kw_only=True, repr=False)
class MappingDiff:
    """Everything that differs between two mappings; iterate over it.

    Attributes:
        before: The one mapping.
        after: The other.
        changes: What differs, by column.

    .. versionadded:: 0.1.0
    """

    before: Mapping
    after: Mapping
    changes: tuple[MappingChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the mappings do the same and rest on the same facts."""
        return not self.changes and (self.before.source, self.before.target) == (self.after.source, self.after.target)

    def __bool__(self) -> bool:
        raise TypeError("use .is_empty")

    def __iter__(self) -> Iterator[MappingChange]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def explain(self, lang: Language = "en") -> list[str]:
        """Say what changed, a sentence a change."""
        return [change.message(lang) for change in self.changes]

    def to_frame(self, like: Frame | None = None) -> Frame:
        """Return one row for each change (column, what, message) as a frame of the kind of ``like``."""
        return frames.build(
            {
                "column": [change.column for change in self.changes],
                "what": [change.what for change in self.changes],
                "message": self.explain(),
            },
            like=like,
        )

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the difference as plain data."""
        return {
            "before": {"source": str(self.before.source), "target": str(self.before.target)},
            "after": {"source": str(self.after.source), "target": str(self.after.target)},
            "changes": [attrs.asdict(change) for change in self.changes],
        }

    def _repr_html_(self) -> str:
        lead = f"{len(self.changes):,} changes" if self.changes else "both do the same"
        return _notebook.sheet("Mappings", lead, notes=self.explain()[:_MOST_ROWS])

    def __repr__(self) -> str:
        return f"<MappingDiff: {len(self.changes)} changes>"


def diff(before: Mapping, after: Mapping) -> MappingDiff:
    """Say what differs between two mappings.

    Example:
        >>> from crmkit import mapping
        >>> old = mapping.preset("pipedrive", "deal")
        >>> new = mapping.preset("pipedrive", "deal", times="local", zone="Asia/Shanghai").with_values(
        ...     {"stage": {"Demo": "Needs Analysis"}}
        ... )
        >>> mapping.diff(old, new).explain()[-2:]
        ['stage_id: its values are translated differently', 'update_time: its values are read or written differently']

    .. versionadded:: 0.1.0
    """
    for given in (before, after):
        if not hasattr(given, "links"):
            raise SchemaError(f"mappings are compared, not {type(given).__name__}; Mapping.load(path) reads one")
    old, new = _by_column(before), _by_column(after)
    changes: list[MappingChange] = []
    for key in sorted({*old, *new}):
        column = key[0]
        if key not in old:
            changes.append(MappingChange(column=column, what="added", after=_target(new[key])))
        elif key not in new:
            changes.append(MappingChange(column=column, what="removed", before=_target(old[key])))
        else:
            changes.extend(_between(column, old[key], new[key]))
    return MappingDiff(before=before, after=after, changes=tuple(changes))


def _by_column(mapping: Mapping) -> dict[tuple[str, str], Link]:
    found = {}
    for link in mapping.links:
        end = link.source or link.target
        part = f"{link.split or ''}{link.join or ''}"
        found[(end.name if end else "", part)] = link
    return found


def _target(link: Link) -> str | None:
    return link.target.name if link.target else None


def _between(column: str, old: Link, new: Link) -> list[MappingChange]:
    one, other = _as_data(old), _as_data(new)
    if one == other:
        return []
    found: list[MappingChange] = []
    if (_target(old), old.source is None) != (_target(new), new.source is None):
        found.append(MappingChange(column=column, what="retargeted", before=_target(old), after=_target(new)))
    for what, names in _MATTERS:
        before, after = ({name: one.get(name) for name in names}, {name: other.get(name) for name in names})
        if before != after:
            found.append(MappingChange(column=column, what=what, before=before, after=after))
    return found


_MATTERS: tuple[tuple[What, tuple[str, ...]], ...] = (
    ("values", ("values",)),
    ("form", ("source.form", "target.form")),
    ("limit", ("source.max_length", "target.max_length")),
    ("required", ("source.required", "target.required")),
    ("headers", ("source.headers", "target.headers", "source.values", "target.values")),
    ("facts", ("source.fact", "target.fact", "source.unconfirmed", "target.unconfirmed", "source.trap", "target.trap")),
)


_NOWHERE = Endpoint("")


def _as_data(link: Link) -> dict[str, JSONValue]:
    document = to_document(Mapping(source=_NOWHERE, target=_NOWHERE, links=[link]))["links"][0]
    flat: dict[str, JSONValue] = {"values": document.get("values")}
    for side in ("source", "target"):
        flat |= {f"{side}.{name}": value for name, value in (document[side] or {}).items()}
    return flat
