"""Ready-made rule sets: what :class:`Schema` has from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crmkit.columns import ColumnMap
    from crmkit.typing import Frame, RecordKind
    from crmkit.validators._rules._rule import Rule

    from ._schema import Schema

__all__ = ["SchemaPacks"]


class SchemaPacks:
    """Rule sets for kinds of record, systems, and tables that nobody described."""

    __slots__ = ()

    @classmethod
    def contacts(cls, *, country: str | None = None) -> Schema:
        """Return the rules for contacts under canonical field names.

        Args:
            country: Where phone numbers belong whose row names no country.

        Example:
            >>> from crmkit.validators import Schema
            >>> "email" in Schema.contacts().fields
            True
        """
        from crmkit.validators._packs._kinds import pack

        return pack("contact", country=country).made(cls)

    @classmethod
    def accounts(cls, *, country: str | None = None) -> Schema:
        """Return the rules for accounts (companies) under canonical field names."""
        from crmkit.validators._packs._kinds import pack

        return pack("account", country=country).made(cls)

    @classmethod
    def leads(cls, *, country: str | None = None) -> Schema:
        """Return the rules for leads under canonical field names."""
        from crmkit.validators._packs._kinds import pack

        return pack("lead", country=country).made(cls)

    @classmethod
    def deals(cls, *, country: str | None = None) -> Schema:
        """Return the rules for deals under canonical field names."""
        from crmkit.validators._packs._kinds import pack

        return pack("deal", country=country).made(cls)

    @classmethod
    def activities(cls) -> Schema:
        """Return the rules for activities (calls, visits, tasks) under canonical field names."""
        from crmkit.validators._packs._kinds import pack

        return pack("activity").made(cls)

    @classmethod
    def for_system(
        cls, system: str, kind: RecordKind, *, headers: Literal["api", "label"] = "api", country: str | None = None
    ) -> Schema:
        """Return the rules for records on their way into a CRM: its field names, required fields, lengths, pick lists.

        Args:
            system: Its name in :mod:`crmkit.systems`, such as ``salesforce``.
            kind: What one row is.
            headers: Columns are called as its API (``api``) or its screens and files (``label``) call them.
            country: Where phone numbers belong whose row names no country.

        Raises:
            NotFoundError: If the system, or this kind of record of it, is not known.

        Example:
            >>> from crmkit.validators import Schema
            >>> Schema.for_system("salesforce", "lead").fields["LastName"]
            Required() & PersonName() & Text(min_length=None, max_length=80, pattern=None, multiline=True)
        """
        from crmkit.validators._packs._system import system_pack

        return system_pack(system, kind, headers=headers, country=country).made(cls)

    @classmethod
    def for_model(
        cls,
        model: Callable[..., object],
        *,
        name: str | None = None,
        key: str | None = None,
        rules: Iterable[Rule] = (),
    ) -> Schema:
        """Return the checks that a class's annotations name, so that they are written once.

        Args:
            model: A pydantic model, attrs class, dataclass or ``TypedDict`` with fields such as
                ``email: Annotated[str | None, Email()] = None``. Several checks of one field must all hold.
            name: Names the rule set; by default the class does.
            key: The column that names records.
            rules: Between fields and between records, which no annotation can say.

        Raises:
            SchemaError: ``model`` is no class; no annotation names a check, or one names a check's class and not a
                check; or one is text that cannot be read from the class's module.

        Example:
            >>> from typing import Annotated, TypedDict
            >>> from crmkit.validators import Email, Required, Schema, any_of, present
            >>> mail = Annotated[str | None, Email()]
            >>> Person = TypedDict("Person", {"name": Annotated[str, Required()], "email": mail, "phone": str | None})
            >>> people = Schema.for_model(Person, rules=[any_of(present("email"), present("phone"))])
            >>> [issue.code for issue in people.check_record({"email": None})]
            ['none_present', 'required']
        """
        from crmkit.validators._packs._model import model_schema

        return model_schema(model, name=name, key=key, rules=rules).made(cls)

    @classmethod
    def infer(cls, source: Frame | ColumnMap, *, kind: RecordKind | None = None, country: str | None = None) -> Schema:
        """Return rules for a table whose columns crmkit recognises, with what it assumed.

        Args:
            source: The table, or what :func:`crmkit.columns.recognize` says of it.
            kind: What one row is; recognised where absent.
            country: Where phone numbers belong whose row names no country; found from the numbers where clear.

        Returns:
            A schema under the table's own column names. A recognised system adds its required fields and length limits.
        """
        from crmkit.validators._packs._infer import infer

        return infer(source, kind=kind, country=country).made(cls)
