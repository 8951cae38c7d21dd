"""Which rule decides on which column: a set of rules as a value, to keep, to compare and to use for another table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from crmkit import columns as recognition
from crmkit.errors import NotFoundError, SchemaError
from crmkit.systems import canonical_fields

from ._defaults import STYLES, TOGETHER, Group, default_rules
from ._rules import MostComplete, MostRecent, SurvivorFirst, SurvivorshipRule, SurvivorsOwn
from ._survivorship_data import SurvivorshipData
from ._united import United

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from crmkit.columns import ColumnMap
    from crmkit.frames import Table

    Chain: TypeAlias = tuple[SurvivorshipRule, ...]
    Rules: TypeAlias = SurvivorshipRule | Sequence[SurvivorshipRule]

__all__ = ["Survivorship", "as_survivorship"]


def _chain(rules: Any) -> tuple[SurvivorshipRule, ...]:
    chain = tuple(rules) if isinstance(rules, Iterable) and not isinstance(rules, str) else (rules,)
    for rule in chain:
        if isinstance(rule, SurvivorshipRule):
            continue
        hint = (
            "name the function with ScoredBy" if callable(rule) else "take an object such as Longest() or MostRecent()"
        )
        raise SchemaError(f"a survivorship rule cannot be of type {type(rule).__name__}; {hint}")
    if not chain:
        raise SchemaError("a list of survivorship rules is empty; leave the column out to have the default")
    if len(chain) > 1 and any(isinstance(rule, United) for rule in chain):
        raise SchemaError("United takes all values, so no other rule can stand beside it")
    return chain


def _chains(rules: Mapping[str, Any]) -> Mapping[str, tuple[SurvivorshipRule, ...]]:
    if not isinstance(rules, Mapping):
        raise SchemaError("survivorship rules are a mapping of columns to rules")
    return {str(name): _chain(chain) for name, chain in rules.items()}


def _optional(rules: Any) -> tuple[SurvivorshipRule, ...] | None:
    return None if rules is None else _chain(rules)


def _choosing(rules: Any) -> tuple[SurvivorshipRule, ...]:
    chain = _chain(rules)
    if any(isinstance(rule, United | SurvivorFirst | SurvivorsOwn) for rule in chain):
        raise SchemaError("the record that stays is chosen by what records hold, not by United or by itself")
    return chain


def _names(groups: Any) -> tuple[tuple[str, ...], ...] | None:
    if isinstance(groups, str) or any(isinstance(group, str) for group in groups or ()):
        raise SchemaError("together= is a list of groups, such as [['street', 'city']]")
    return None if groups is None else tuple(tuple(map(str, group)) for group in groups)


@attrs.frozen
class Survivorship(SurvivorshipData):
    """Which values survive a merge, column by column.

    Args:
        columns: Rule, or rules of which the next decides among equals, by column of the table or by canonical field;
            merging a table that has neither is an error.
        fields: The same by canonical field, for rules that fit many tables: a field that is not there is left out.
        default: Rules of all other columns; ``None`` takes those of each kind of field.
        survivor: Which record stays.
        together: Fields or columns that come from one record, as groups; ``None`` takes names, addresses, employers,
            owners, and amounts with their currency, ``()`` nothing. What that record leaves empty is filled from others
            that say the same in another of these columns and nothing else in any; in names, employers and owners from
            all that do not contradict it.

    Raises:
        SchemaError: Not a rule, ``United`` beside another, or a rule that cannot choose the survivor.

    Example:
        >>> from crmkit.matching import Longest, MostRecent, TrustedSource
        >>> rules = Survivorship({"phone": [TrustedSource("system", ["erp"]), MostRecent()]}, default=Longest())
        >>> Survivorship.from_toml(rules.to_toml()) == rules
        True

    .. versionadded:: 0.1.0
    """

    MARKER: ClassVar[str] = "crmkit-survivorship/1"

    columns: Mapping[str, Chain] = attrs.field(factory=dict, converter=_chains)
    fields: Mapping[str, Chain] = attrs.field(factory=dict, converter=_chains, kw_only=True)
    default: Chain | None = attrs.field(default=None, converter=_optional, kw_only=True)
    survivor: Chain = attrs.field(default=(MostComplete(), MostRecent()), converter=_choosing, kw_only=True)
    together: tuple[tuple[str, ...], ...] | None = attrs.field(default=None, converter=_names, kw_only=True)

    @fields.validator
    def _canonical(self, _attribute: object, value: Mapping[str, Chain]) -> None:
        for name in value:
            if name not in canonical_fields():
                raise NotFoundError.of("canonical field", name, canonical_fields())

    @classmethod
    def insightly(cls) -> Survivorship:
        """Decide as Insightly does: empty usual fields are filled, custom fields stay, descriptions are joined."""
        return cls._of_style("insightly")

    @classmethod
    def freshsales(cls) -> Survivorship:
        """Decide as Freshsales does: empty fields are filled from the record updated last; created is the oldest."""
        return cls._of_style("freshsales")

    @classmethod
    def pipedrive(cls) -> Survivorship:
        """Decide as Pipedrive does: the survivor's value, else another's; e-mails, phones and tags are joined."""
        return cls._of_style("pipedrive")

    @classmethod
    def nutshell(cls) -> Survivorship:
        """Decide as Nutshell does: e-mails, phones and tags are joined, custom fields stay, others are filled."""
        return cls._of_style("nutshell")

    @classmethod
    def _of_style(cls, name: str) -> Survivorship:
        return cls(together=(), **STYLES[name])  # type: ignore[arg-type]  # converters take what the table holds

    def plan(self, table: Table, found: ColumnMap) -> Plan:
        """Decide which rules each column of a table has.

        Raises:
            SchemaError: A rule is for, or looks at, a column that is not there; with the name that was probably meant.
        """
        roles = {column: role for column in table.columns if (role := _role(column, found)) is not None}
        own = {_column_of(name, table, found): chain for name, chain in self.columns.items()}
        chains: dict[str, Chain] = {}
        for column in table.columns:
            field = found.fields.get(column)
            chain = own.get(column) or self.fields.get(field or "") or self.default
            chains[column] = default_rules(field, column) if chain is None else chain
        for chain in (*own.values(), *chains.values(), self.survivor):
            for rule in chain:
                needed = getattr(rule, "column", None)
                if needed is not None and needed not in table.columns:
                    told = NotFoundError.of("column", needed, table.columns)
                    raise SchemaError(f"{type(rule).__name__} looks at a column that is not there: {told}")
        for name, chain in self.columns.items():
            if MostRecent() in chain and found.column("updated_at") is None:
                raise SchemaError(
                    f"the rule of {name!r} is MostRecent(), and no column was recognised as the time of change; "
                    "name it, as in MostRecent('changed')"
                )
        decided = {column for column in table.columns if column in own or found.fields.get(column) in self.fields}
        return Plan(chains, self._groups(table, found, roles, decided), roles, self.survivor)

    def _groups(self, table: Table, found: ColumnMap, roles: Mapping[str, str], decided: set[str]) -> tuple[Group, ...]:
        if self.together is None:
            if self.default is not None:
                return ()
            open_ = [column for column in table.columns if column not in decided]
            groups = [group.of(open_, roles) for group in TOGETHER]
        else:
            named = [
                [_column_of(n, table, found) for n in group if not _is_absent(n, table, found)]
                for group in self.together
            ]
            kept = [tuple(column for column in columns if column not in decided) for columns in named]
            groups = [Group(columns, latest=True, anchors=frozenset(columns)) for columns in kept]
        return tuple(group for group in groups if len(group.columns) > 1)


@attrs.frozen
class Plan:
    """What holds for one table: rules of each column, columns that come from one record, fields, who stays."""

    chains: Mapping[str, Chain]
    groups: tuple[Group, ...]
    roles: Mapping[str, str]
    survivor: Chain


def as_survivorship(rules: Survivorship | Mapping[str, Rules] | None) -> Survivorship:
    """Return rules given in any way as a set of them."""
    return rules if isinstance(rules, Survivorship) else Survivorship(rules or {})


def _column_of(name: str, table: Table, found: ColumnMap) -> str:
    column = name if name in table.columns else found.column(name)
    if column is None:
        raise SchemaError(
            str(NotFoundError.of("column", name, dict.fromkeys([*table.columns, *found.fields.values()])))
        )
    return column


def _is_absent(name: str, table: Table, found: ColumnMap) -> bool:
    """Whether a name is a canonical field that this table does not have."""
    return name not in table.columns and name in canonical_fields() and found.column(name) is None


def _role(column: str, found: ColumnMap) -> str | None:
    """Return the field of a column; amounts and currencies are told in any kind of record, also where it has none."""
    field = found.fields.get(column)
    if field is not None:
        return field
    told = recognition.read_header(column)
    return told if told is not None and canonical_fields()[told].type in {"money", "currency"} else None
