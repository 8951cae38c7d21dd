"""What may be seen and written of fields, on records, frames, changes and queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

from crmkit import masking
from crmkit._delimited import text
from crmkit.errors import AccessDeniedError, NotFoundError, SchemaError
from crmkit.permissions._conditions._check_types import unknown
from crmkit.permissions._conditions._schema import LEVELS
from crmkit.permissions._conditions._tree import Condition, Const
from crmkit.permissions._conditions._types import WRONG, clean
from crmkit.permissions._filters._frame import cells_of, kept

from ._compile import reads_clock
from ._decision import Outcome
from ._interpret import Interpreter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.permissions._conditions._generate import Predicate
    from crmkit.permissions._conditions._schema import Level, Resource
    from crmkit.typing import Frame

    from ._compile import Rule
    from ._view import View

__all__ = ["FieldTable", "FieldViolation", "ViolationCode", "check_create", "check_query", "check_write", "level",
           "project", "project_frame"]  # fmt: skip

ViolationCode: TypeAlias = Literal["denied", "denied_after", "not_writable", "not_readable", "missing"]
"""Why a change or query is refused."""
_OPEN = ("public", "internal")


@attrs.frozen
class FieldViolation:
    """One thing that speaks against a change or a query.

    Attributes:
        field: The field; ``None`` where it is the record itself.
        code: ``"denied"`` and ``"denied_after"``: the record may not be changed as it is, or as it would be;
            ``"not_writable"``, ``"not_readable"``: the field's level is too low; ``"missing"``: a field that must be
            there is not.
        level: The level that the field has.
        message: A sentence for people, without a value.

    .. versionadded:: 0.1.0
    """

    field: str | None
    code: ViolationCode
    level: Level | None
    message: str

    def __str__(self) -> str:
        return self.message


class FieldTable:
    """The levels of all fields of one resource for one view; fields that go alike share their predicates.

    Where a condition reads the clock, what is known of every record is so at one moment only.
    """

    def __init__(self, view: View, resource: Resource, action: str) -> None:
        self._groups: dict[tuple[Condition, ...], list[str]] = {}
        self.conditions: dict[str, tuple[Condition, ...]] = {}
        self.reads_clock = False
        checks: dict[tuple[Condition, ...], list[Predicate]] = {}
        for name in resource.fields:
            asked = [view._role_set.at_least(level, name, resource.name, action=action) for level in LEVELS[1:]]
            self.reads_clock = self.reads_clock or any(map(reads_clock, asked))
            formulas = tuple(view._bound(resource.name, formula) for formula in asked)
            self.conditions[name] = formulas
            self._groups.setdefault(formulas, []).append(name)
            if formulas not in checks:
                checks[formulas] = [view._predicate(resource.name, formula) for formula in asked]
        self._checks: list[tuple[list[str], list[Predicate]]] = [
            (names, checks[formulas]) for formulas, names in self._groups.items()
        ]
        self._by_name = {name: checks for names, checks in self._checks for name in names}

    def level(self, name: str, record: Mapping[str, object]) -> Level:
        """Return the level of one field of a record."""
        return _highest(self._by_name[name], record)

    def levels(self, record: Mapping[str, object]) -> dict[str, Level]:
        """Return the level of every field of a record."""
        found: dict[str, Level] = {}
        for names, checks in self._checks:
            found.update(dict.fromkeys(names, _highest(checks, record)))
        return found

    def always(self, name: str) -> Level:
        """Return the level that a field has on every record."""
        rank = sum(1 for formula in self.conditions[name] if isinstance(formula, Const) and formula.value)
        return LEVELS[rank]

    def groups(self) -> list[tuple[list[str], tuple[Condition, ...], list[Predicate]]]:
        """Return the fields that go alike, with what is asked for them."""
        return [
            (names, formulas, checks)
            for (formulas, names), (_, checks) in zip(self._groups.items(), self._checks, strict=True)
        ]


def _highest(checks: list[Predicate], record: Mapping[str, object]) -> Level:
    for rank in (3, 2, 1):
        if checks[rank - 1](record):
            return LEVELS[rank]
    return "hidden"


def table(view: View, resource: str, action: str = "") -> FieldTable:
    """Return the levels of the fields of a resource; made once for a view, or each time where they read the clock."""
    found = view._tables.get((resource, action))
    if found is None:
        declared = view._compiled.policy.resource(resource)
        found = FieldTable(view, declared, action)
        if not found.reads_clock:
            view._tables[resource, action] = found
    return found


def level(view: View, resource: str, field: str, record: Mapping[str, object] | None) -> Level:
    """Return the level of a field of a record, or the one that it has on every record."""
    declared = view._compiled.policy.resource(resource)
    if field not in declared.fields:
        raise NotFoundError(unknown(f'field of resource "{resource}"', field, declared.fields), name=field)
    levels = table(view, resource)
    return levels.always(field) if record is None else levels.level(field, record)


@attrs.frozen
class Decrypting:
    """The levels of a view, where what may be read may be decrypted too."""

    _view: View

    def level(self, resource: str, field: str, record: Mapping[str, object] | None) -> Level:
        """Return the level of a field, ``masked`` where it may be read and not decrypted."""
        found = self._view.level(resource, field, record)
        narrowed = "decrypt" in self._view._compiled.policy.resources[resource].actions
        if narrowed and found in ("read", "write") and not self._view.allows("decrypt", resource, record):
            return "masked"
        return found

    def disclose(
        self,
        resource: str,
        levels: Mapping[str, Level],
        record: Mapping[str, object] | None,
        *,
        key: object = None,
        count: int = 1,
    ) -> None:
        """Write down what is shown, as the view does."""
        self._view.disclose(resource, levels, record, key=key, count=count)


def disclose(
    view: View,
    resource: str,
    levels: Mapping[str, Level],
    record: Mapping[str, object] | None,
    key: object,
    count: int,
) -> None:
    """Write down the reading of a record and which sensitive fields are shown in the clear; raise if that fails."""
    declared = view._compiled.policy.resource(resource)
    for name in levels:
        if name not in declared.fields:
            raise NotFoundError(unknown(f'field of resource "{resource}"', name, declared.fields), name=name)
    visible = any(level != "hidden" for level in levels.values())
    clear = [
        name
        for name, level in levels.items()
        if level in ("read", "write") and declared.fields[name].sensitivity not in _OPEN
    ]
    named = record
    if key is not None and (record is None or record.get(declared.key) in (None, "")):
        named = {declared.key: key}
    allowed = visible or _readable(view, declared, record)
    written = view._audit("read", resource, named, allowed=allowed, at=view._clock(), count=count)
    if visible and not (written and _shown(view, declared, clear, named, count)):
        raise AccessDeniedError("the audit log could not be written, so nothing is shown")


def _readable(view: View, resource: Resource, record: Mapping[str, object] | None) -> bool:
    """Say whether the record may be read, without writing it down."""
    if "read" not in resource.actions:
        return False
    if record is None:
        return view.outcome("read", resource.name) is Outcome.ALWAYS
    return view._make_check("read", resource.name)(record)


def project(view: View, resource: str, record: Mapping[str, object]) -> dict[str, object]:
    """Return what may be seen of a record that may be read."""
    declared = view._compiled.policy.resources[resource]
    levels = table(view, resource).levels(record)
    shown: dict[str, object] = {}
    clear: list[str] = []
    for name, value in record.items():
        found = levels.get(name, "hidden")
        if found == "masked":
            shown[name] = _masked(view, declared, name, value, record)
        elif found != "hidden":
            shown[name] = value
            if declared.fields[name].sensitivity not in _OPEN:
                clear.append(name)
    if not _shown(view, declared, clear, record, 1):
        raise AccessDeniedError("the audit log could not be written, so nothing is shown")
    return shown


def _shown(view: View, resource: Resource, fields: list[str], record: Mapping[str, object] | None, count: int) -> bool:
    """Write down that sensitive fields were shown in the clear; say whether they may be."""
    if not fields or view._auditor is None or not view._auditor.wants_fields():
        return True
    at = view._clock()
    return view._audit("read", resource.name, record, allowed=True, at=at, count=count, fields=tuple(fields))


def _masked(view: View, resource: Resource, name: str, value: object, record: Mapping[str, object]) -> object:
    """Return a value under the mask that reveals least among those of the rules that match."""
    if value is None:
        return None
    policy = view._compiled.policy
    own = resource.fields[name].mask
    rules = [(rule, rule.field_rule) for rule in view._role_set.field_rules(name, resource.name)]
    wanted = [(rule, asked.mask or own) for rule, asked in rules if asked is not None and asked.level == "masked"]
    masks = {mask for _, mask in wanted} or {own}
    if len(masks) > 1:
        interpreter = Interpreter(resource, view._known, view._customs, record)
        masks = {mask for rule, mask in wanted if _counts(rule, interpreter)} or masks  # the least of all, in doubt
    chosen = min(masks, key=policy.reveals)
    custom = view._compiled.masks.get(chosen)
    if custom is None:
        return masking.mask(text(value), policy.mask_kind(chosen))
    try:
        return custom(text(value))
    except Exception:  # noqa: BLE001 - a mask of the caller may raise anything, and its text may hold the value
        return masking.mask(text(value), "full")


def _counts(rule: Rule, interpreter: Interpreter) -> bool:
    truth = interpreter.ask(rule.condition)
    return truth is True if rule.effect == "allow" else truth is not False


def project_frame(view: View, resource: str, frame: Frame) -> Frame:
    """Return rows that may be read, hidden columns left out and masked cells masked."""
    from crmkit import frames

    declared = view._compiled.policy.resource(resource)
    readable = view.filter("read", resource).apply(frame)
    rows = frames.read(readable)
    levels = table(view, resource)
    names = [name for name in rows.columns if name in declared.fields]
    cells: dict[str, dict[int, object]] = {}
    seen: list[str] = []
    clear: list[str] = []
    for group, formulas, checks in levels.groups():
        members = [name for name in group if name in names]
        if not members:
            continue
        at_least = [_rows(rows, declared, formula, check) for formula, check in zip(formulas, checks, strict=True)]
        masked = at_least[0] - at_least[1]
        hidden = set(range(len(rows))) - at_least[0] - at_least[1]
        for name in members:
            if at_least[0] or at_least[1]:
                seen.append(name)
                cells[name] = dict.fromkeys(hidden)
                if masked:
                    cells[name].update(_mask_cells(view, declared, rows, name, masked))
                if at_least[1] and declared.fields[name].sensitivity not in _OPEN:
                    clear.append(name)
    if not _shown(view, declared, clear, None, len(rows)):
        raise AccessDeniedError("the audit log could not be written, so nothing is shown")
    shown = frames.select(rows.replace(cells), [name for name in names if name in seen])
    return frames.bare(shown, labels=True)


def _rows(rows: Frame, resource: Resource, formula: Condition, check: Predicate) -> set[int]:
    """Return the rows of which a formula is TRUE."""
    if isinstance(formula, Const):
        return set(range(len(rows))) if formula.value else set()
    return set(kept(rows, formula, resource, check))


def _mask_cells(view: View, resource: Resource, rows: Frame, name: str, masked: Iterable[int]) -> dict[int, object]:
    conditions = [rule.condition for rule in view._role_set.field_rules(name, resource.name)]
    columns = cells_of(rows, conditions, resource)
    values = rows.column(name)
    return {
        row: _masked(view, resource, name, values[row], {field: cells[row] for field, cells in columns.items()})
        for row in masked
    }


def _check_fields(resource: Resource, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        if name not in resource.fields:
            raise SchemaError(unknown(f'field of resource "{resource.name}"', name, resource.fields))
        if clean(value, resource.fields[name].type) is WRONG:
            kind = resource.fields[name].type
            raise SchemaError(f'field "{name}" of resource "{resource.name}" is {kind}, not {type(value).__name__}')


def check_write(
    view: View, resource: str, before: Mapping[str, object], patch: Mapping[str, object]
) -> list[FieldViolation]:
    """Return what speaks against a change."""
    declared = view._compiled.policy.resource(resource)
    _check_fields(declared, patch)
    found: list[FieldViolation] = []
    after = {**before, **patch}
    levels = table(view, resource)
    if not view.allows("update", resource, before):
        found.append(FieldViolation(None, "denied", None, f"this {resource} may not be updated"))
    elif not view.allows("update", resource, after):
        found.append(
            FieldViolation(None, "denied_after", None, f"this {resource} could not be updated any more afterwards")
        )
    for name, value in patch.items():
        own = levels.level(name, before)
        if own != "write":
            found.append(
                FieldViolation(name, "not_writable", own, f'field "{name}" may not be written; its level is {own}')
            )
        elif value is None and not declared.fields[name].nullable:
            found.append(FieldViolation(name, "missing", own, f'field "{name}" must be there'))
    return found


def check_create(view: View, resource: str, record: Mapping[str, object]) -> list[FieldViolation]:
    """Return what speaks against creating a record."""
    declared = view._compiled.policy.resource(resource)
    _check_fields(declared, record)
    found: list[FieldViolation] = []
    if not view.allows("create", resource, record):
        found.append(FieldViolation(None, "denied", None, f"such a {resource} may not be created"))
    levels = table(view, resource, "create")
    for name, field in declared.fields.items():
        if record.get(name) is None:
            if not field.nullable:
                found.append(FieldViolation(name, "missing", None, f'field "{name}" must be there'))
            continue
        own = levels.level(name, record)
        if own != "write" and not _sets_scope(declared, name):
            found.append(
                FieldViolation(name, "not_writable", own, f'field "{name}" may not be written; its level is {own}')
            )
    return found


def _sets_scope(resource: Resource, name: str) -> bool:
    """Say whether a field says whose the new record is: the grant to create has judged it by its scope."""
    return name in (resource.owner, resource.team, resource.territory, resource.tenant)


def check_query(
    view: View, resource: str, *, where: Iterable[str], sort: Iterable[str], aggregate: Iterable[str]
) -> list[FieldViolation]:
    """Return the fields that a query may not go by."""
    declared = view._compiled.policy.resource(resource)
    levels = table(view, resource)
    readable = view.filter("read", resource)
    found: list[FieldViolation] = []
    for use, names in (("filter by", where), ("sort by", sort), ("aggregate", aggregate)):
        for name in names:
            _check_fields(declared, {name: None})
            # Where the level read has the very condition of the record, whoever reads the record reads the field.
            if readable.outcome is not Outcome.NEVER and levels.conditions[name][1] == readable.condition:
                continue
            own = levels.always(name)
            found.append(
                FieldViolation(
                    name,
                    "not_readable",
                    own,
                    f'field "{name}" is not readable on every record, so no query may {use} it',
                )
            )
    return found
