"""Ready-made rule sets: what :class:`Schema` has from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from crmkit.columns import ColumnMap
    from crmkit.typing import Frame, RecordKind

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
        from ._packs import pack

        return pack("contact", country=country)

    @classmethod
    def accounts(cls, *, country: str | None = None) -> Schema:
        """Return the rules for accounts (companies) under canonical field names."""
        from ._packs import pack

        return pack("account", country=country)

    @classmethod
    def leads(cls, *, country: str | None = None) -> Schema:
        """Return the rules for leads under canonical field names."""
        from ._packs import pack

        return pack("lead", country=country)

    @classmethod
    def deals(cls, *, country: str | None = None) -> Schema:
        """Return the rules for deals under canonical field names."""
        from ._packs import pack

        return pack("deal", country=country)

    @classmethod
    def activities(cls) -> Schema:
        """Return the rules for activities (calls, visits, tasks) under canonical field names."""
        from ._packs import pack

        return pack("activity")

    @classmethod
    def for_system(
        cls, system: str, kind: RecordKind, *, headers: Literal["name", "label"] = "name", country: str | None = None
    ) -> Schema:
        """Return the rules for records on their way into a CRM: its field names, required fields, lengths, pick lists.

        Args:
            system: Its name in :mod:`crmkit.systems`, such as ``salesforce``.
            kind: What one row is.
            headers: Columns are called as its API (``name``) or its screens and files (``label``) call them.
            country: Where phone numbers belong whose row names no country.

        Raises:
            NotFoundError: If the system, or this kind of record of it, is not known.

        Example:
            >>> from crmkit.validators import Schema
            >>> Schema.for_system("salesforce", "lead").fields["LastName"]
            Required() & PersonName() & Text(min_length=None, max_length=80, pattern=None, multiline=True)
        """
        from ._system_pack import system_pack

        return system_pack(system, kind, headers=headers, country=country)

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
        from ._infer import infer

        return infer(source, kind=kind, country=country)
