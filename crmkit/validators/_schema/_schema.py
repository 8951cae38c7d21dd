"""A rule set: what each field must be, and what records must be among one another."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import attrs

from crmkit._called import check_called
from crmkit.errors import NotFoundError, SchemaError
from crmkit.validators._checks._arguments import column_names, one_of
from crmkit.validators._checks._check import Check, When, walk
from crmkit.validators._checks._field_rules import field_rules
from crmkit.validators._rules._relations import unique
from crmkit.validators._rules._rule import Rule, require

from ._contradictions import refuse_contradictions
from ._described import SchemaData
from ._ready_made import SchemaPacks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from crmkit.typing import Frame, Language, Progress
    from crmkit.validators._outcome._assumptions import Assumption
    from crmkit.validators._outcome._report import ValidationReport

__all__ = ["Schema"]


def _fields(fields: Mapping[str, Check]) -> Mapping[str, Check]:
    given: Mapping[str, object] = fields  # what callers without a type checker pass
    if not hasattr(given, "items"):
        raise SchemaError(f"fields= takes column to check, such as {{'email': Email()}}, not {type(given).__name__}")
    for name, check in given.items():
        if not isinstance(check, Check):
            hint = f"; write {check.__name__}()" if isinstance(check, type) and issubclass(check, Check) else ""
            raise SchemaError(f"field {name!r} needs a check, such as Email(){hint}")
    return MappingProxyType(dict(fields))


def _rules(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    listed = (rules,) if isinstance(rules, Rule) else tuple(rules)
    given: tuple[object, ...] = listed  # as above
    for rule in given:
        if not isinstance(rule, Rule):
            raise SchemaError("rules= takes rules, such as unique('email') or order('created_at', '<=', 'closed_at')")
    return listed


@attrs.frozen
class Schema(SchemaData, SchemaPacks):
    """A rule set for one kind of record: a check for each field, rules between fields and between records.

    Immutable and comparable; written as data by :meth:`to_dict`. The key, where there is one, must be filled in and
    unique: two rules that need not be written.

    Args:
        name: Names the rule set in reports.
        key: The column that names records.
        fields: Column to check. A missing or blank value passes unless the check is or contains ``Required()``.
        rules: Made by ``unique``, ``reference``, ``order``, ``require``, ``any_of``, ``all_of`` and ``satisfies``.
        absent: What a column means that the table lacks: ``"error"``, wrong use, or ``"skip"``, for rule packs that
            know more columns than a table has. Its rules count as skipped then, and the report says so.
        version: Of the rule set, in words of your own; goes into its data and its hash.
        assumptions: What was taken for granted when the rule set was made; the report repeats it.

    Raises:
        SchemaError: If something else than a check or rule is given, two rules have one name, or two can never hold
            together.

    Example:
        >>> from crmkit.validators import Email, Phone, Required, Schema, any_of, col, present
        >>> people = Schema("people", key="id", fields={
        ...     "email": Email(),
        ...     "phone": Phone(country=col("country")),
        ...     "family_name": Required(),
        ... }, rules=[any_of(present("email"), present("phone"))])
        >>> li = {"id": 1, "email": "li@example", "phone": None, "country": "CN", "family_name": "Li"}
        >>> report = people.check([li])
        >>> [(issue.path, issue.message) for issue in report]
        [('email', 'not an e-mail address')]

    .. versionadded:: 0.1.0
    """

    name: str
    key: str | None = None
    fields: Mapping[str, Check] = attrs.field(factory=dict, converter=_fields, kw_only=True, hash=False)
    rules: tuple[Rule, ...] = attrs.field(default=(), converter=_rules, kw_only=True)
    absent: Literal["error", "skip"] = attrs.field(
        default="error", kw_only=True, validator=one_of("meaning of an absent column", ("error", "skip"))
    )
    version: str | None = attrs.field(default=None, kw_only=True)
    assumptions: tuple[Assumption, ...] = attrs.field(default=(), kw_only=True, eq=False)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise SchemaError("the first argument of a schema is its name; write Schema('contacts', fields={...})")
        if isinstance(self.key, Mapping):
            raise SchemaError("the second argument of a schema is its key; write Schema('contacts', fields={...})")
        column_names(f"schema {self.name!r}", [*self.fields, *([] if self.key is None else [self.key])])
        titles = [rule.title for rule in self.all_rules]
        twice = sorted({title for title in titles if titles.count(title) > 1})
        if twice:
            raise SchemaError(f"two rules are called {twice[0]!r}; give one of them name=")
        refuse_contradictions(self.fields, self.all_rules)

    @property
    def all_rules(self) -> tuple[Rule, ...]:
        """The rules, with those that the key brings."""
        if self.key is None:
            return self.rules
        own = {rule.title for rule in self.rules}
        of_key: tuple[Rule, ...] = (require(self.key), unique(self.key))
        return (*(rule for rule in of_key if rule.title not in own), *self.rules)

    @property
    def rule_names(self) -> tuple[str, ...]:
        """The name of every rule, as reports count them."""
        names = [rule.name for field, check in self.fields.items() for rule in field_rules(field, check)]
        return (*names, *(rule.title for rule in self.all_rules))

    @property
    def condition_columns(self) -> frozenset[str]:
        """The columns that conditions of fields read."""
        return frozenset(
            name
            for check in self.fields.values()
            for part in walk(check)
            if isinstance(part, When)
            for name in part.condition.columns
        )

    @property
    def columns(self) -> dict[str, str]:
        """Every column that is read, and what reads it."""
        found: dict[str, str] = {}
        if self.key is not None:
            found[self.key] = f"schema {self.name!r}, key"
        for field, check in self.fields.items():
            found.setdefault(field, f"schema {self.name!r}, field")
            for part in walk(check):
                names = [reference.column for reference in part.references]
                if isinstance(part, When):
                    names += part.condition.columns
                for name in names:
                    found.setdefault(name, f"schema {self.name!r}, field {field!r}")
        for rule in self.rules:
            for name in rule.reads:
                found.setdefault(name, f"schema {self.name!r}, rule {rule.title!r}")
        return found

    def __getitem__(self, field: str) -> Check:
        try:
            return self.fields[field]
        except KeyError:
            raise NotFoundError.of(
                "field", field, self.fields, shown=False
            ) from None  # check_value has values beside it

    # -- asking ---------------------------------------------------------------------------------------------------

    def check(
        self,
        frame: Frame,
        *,
        tables: Mapping[str, Frame] | None = None,
        now: Callable[[], datetime] | None = None,
        run_id: str | None = None,
        progress: Progress | None = None,
        lang: Language = "en",
    ) -> ValidationReport:
        """Ask every rule about every row; bad data is never an exception.

        Args:
            frame: Any frame that ``crmkit.frames`` reads.
            tables: The other tables that ``reference`` rules name.
            now: The clock, for bounds that are ``"now"``; the system's where absent.
            run_id: ULID of the run; a new one where absent.
            progress: Called as ``progress(iterable, total=..., desc=...)``; ``tqdm`` fits. A step is a field or rule.
            lang: Language of the messages.

        Returns:
            The report. All rules run on the raw rows, and none hides what another would find.

        Raises:
            SchemaError: If the frame cannot be read, or lacks a column that the schema names (and ``absent`` is
                ``"error"``).
        """
        check_called(now=now, progress=progress)
        from crmkit.validators._run._run import Run, run_schema

        return run_schema(Run.of(self, tables=tables, now=now, run_id=run_id, lang=lang), frame, progress=progress)

    def check_chunks(
        self, chunks: Iterable[Frame], *, tables: Mapping[str, Frame] | None = None,
        now: Callable[[], datetime] | None = None, run_id: str | None = None, progress: Progress | None = None,
        lang: Language = "en", keep_rows: bool = False,
    ) -> ValidationReport:  # fmt: skip
        """Check a table that comes in pieces; the report is that of the whole table, rows counted through.

        A piece is let go once it was checked. Kept are its issues, and the columns of which other rows decide: the
        key, those of rules that compare records, and fields whose check learns how the column is written (dates,
        numbers, shares, codes). Such a column costs its distinct texts once and eight bytes a row.

        Args:
            chunks: Frames with the same columns.
            tables: As for :meth:`check`, like the other arguments.
            now: The clock.
            run_id: ULID of the run.
            progress: Shows how far it is.
            lang: Language of the messages.
            keep_rows: Keep all columns, so that the report can ``split`` the rows and sum up by other columns.

        Raises:
            SchemaError: If there is no piece, two have different columns, or one lacks a column that the schema names.

        Example:
            >>> from crmkit.validators import Schema, unique
            >>> pieces = [[{"id": "1"}], [{"id": "2"}, {"id": "1"}]]
            >>> [issue.row for issue in Schema("s", rules=[unique("id")]).check_chunks(pieces)]
            [0, 2]
        """
        check_called(now=now, progress=progress)
        from crmkit.validators._run._chunks import run_chunks
        from crmkit.validators._run._run import Run

        run = Run.of(self, tables=tables, now=now, run_id=run_id, lang=lang)
        return run_chunks(run, chunks, keep_rows=keep_rows, progress=progress)

    def check_record(
        self, record: Mapping[str, object], *, now: Callable[[], datetime] | None = None, lang: Language = "en"
    ) -> ValidationReport:
        """Ask every rule about one record; a key that the record lacks reads as missing.

        Args:
            record: Column to value.
            now: The clock.
            lang: Language of the messages.

        Example:
            >>> from crmkit.validators import Email, Required, Schema
            >>> Schema("people", fields={"email": Required() & Email()}).check_record({}).issues[0].code
            'required'
        """
        check_called(now=now)
        given: object = record  # what callers without a type checker pass
        if not isinstance(given, Mapping):
            raise SchemaError(
                f"a record maps column to value, which {type(given).__name__} does not; check() takes tables"
            )
        whole = {name: record.get(name) for name in (*record, *self.columns)}
        return self.check([whole], now=now, lang=lang)

    def check_value(
        self, field: str, value: object, *, record: Mapping[str, object] | None = None,
        now: Callable[[], datetime] | None = None, lang: Language = "en",
    ) -> ValidationReport:  # fmt: skip
        """Ask the check of one field about one value.

        Args:
            field: The field.
            value: The value.
            record: Other values of the record, for a check that refers to one (the country of a phone).
            now: The clock.
            lang: Language of the messages.

        Raises:
            NotFoundError: If the schema has no such field.

        Example:
            >>> from crmkit.validators import Phone, Schema, col
            >>> people = Schema("people", fields={"phone": Phone(country=col("country"))})
            >>> people.check_value("phone", "13800138000", record={"country": "CN"}).issues[0].fix
            '+8613800138000'
        """
        check_called(now=now)
        alone = attrs.evolve(self, key=None, fields={field: self[field]}, rules=())
        return alone.check_record({**(record or {}), field: value}, now=now, lang=lang)

    # -- changing -------------------------------------------------------------------------------------------------

    def with_fields(self, **fields: Check) -> Schema:
        """Return the schema with fields added or replaced."""
        return attrs.evolve(self, fields={**self.fields, **fields})

    def with_rules(self, *rules: Rule) -> Schema:
        """Return the schema with rules added."""
        return attrs.evolve(self, rules=(*self.rules, *rules))

    def without(self, *names: str) -> Schema:
        """Return the schema without these fields, or rules by their names.

        Raises:
            NotFoundError: If there is neither a field nor a rule of that name.
        """
        titles = {rule.title for rule in self.rules}
        for name in names:
            if name not in self.fields and name not in titles:
                raise NotFoundError.of("field or rule", name, [*self.fields, *titles])
        fields = {field: check for field, check in self.fields.items() if field not in names}
        return attrs.evolve(self, fields=fields, rules=tuple(rule for rule in self.rules if rule.title not in names))

    def rename(self, names: Mapping[str, str]) -> Schema:
        """Return the schema for a table with other column names, in fields, references, conditions and rules.

        Args:
            names: Column of the schema to column of the table; what is not in it stays.

        Example:
            >>> from crmkit.validators import Email, Schema
            >>> dict(Schema("people", fields={"email": Email()}).rename({"email": "E-mail"}).fields)
            {'E-mail': Email()}
        """
        return attrs.evolve(
            self,
            key=None if self.key is None else names.get(self.key, self.key),
            fields={names.get(field, field): check.rename(names) for field, check in self.fields.items()},
            rules=tuple(rule.rename(names) for rule in self.rules),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        settings = {field.name: getattr(self, field.name) for field in attrs.fields(Schema)}
        return _made, ({**settings, "fields": dict(self.fields)},)

    def __repr__(self) -> str:
        return f"Schema({self.name!r}, {len(self.fields)} fields, {len(self.all_rules)} rules)"


def _made(settings: Mapping[str, Any]) -> Schema:
    """Make a schema again that was pickled."""
    return Schema(**settings)
