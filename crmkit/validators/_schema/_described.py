"""A rule set as data, compared and shown: what :class:`Schema` has from here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from crmkit._called import check_called

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from crmkit.typing import Frame, JSONValue, Language

    from ._diff import SchemaDiff
    from ._guide import Guide
    from ._schema import Schema

__all__ = ["SchemaData"]


class SchemaData:
    """What a schema is outside of this process."""

    __slots__ = ()

    def to_dict(self) -> dict[str, JSONValue]:
        """Return the schema as plain data with a format marker; :meth:`from_dict` reads it.

        Raises:
            SchemaError: If it holds a callable that is not registered by name: dropping a rule would be worse.
        """
        from ._as_data import schema_to_dict

        return schema_to_dict(cast("Schema", self))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schema:
        """Return the schema that :meth:`to_dict` wrote.

        Raises:
            FormatError: If the data is not a schema of a known version.
            NotFoundError: If it names a check, rule or registered function that does not exist.
        """
        from ._as_data import schema_from_dict

        return schema_from_dict(cls, data)

    def to_toml(self) -> str:
        """Return the schema as a TOML document; :meth:`from_toml` reads it. The same data as :meth:`to_dict`.

        Example:
            >>> from crmkit.validators import Email, Schema
            >>> print(Schema("people", fields={"email": Email()}).to_toml().strip())
            format = "crmkit-schema/1"
            name = "people"
            absent = "error"
            rules = []
            <BLANKLINE>
            [fields]
            email = { Email = {} }
        """
        from ._files import schema_to_toml

        return schema_to_toml(cast("Schema", self))

    @classmethod
    def from_toml(cls, text: str) -> Schema:
        """Return the schema of a TOML document; raises as :meth:`from_dict`."""
        from ._files import schema_from_toml

        return schema_from_toml(cls, text)

    def to_json(self) -> str:
        """Return the schema as a JSON document; :meth:`from_json` reads it."""
        from ._files import schema_to_json

        return schema_to_json(cast("Schema", self))

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """Return the schema of a JSON document; raises as :meth:`from_dict`."""
        from ._files import schema_from_json

        return schema_from_json(cls, text)

    def to_json_schema(self) -> dict[str, JSONValue]:
        """Return what JSON Schema (draft 2020-12) can say of one record; the other rules under ``x-crmkit-more``.

        A record in its normal forms that the schema takes without an error, the JSON Schema takes, too; not the other
        way round.

        Example:
            >>> from crmkit.validators import Choice, Schema
            >>> Schema("deals", fields={"stage": Choice(["new", "won"])}).to_json_schema()["properties"]
            {'stage': {'type': ['string', 'null'], 'enum': ['new', 'won', None]}}
        """
        from ._json_schema import to_json_schema

        return to_json_schema(cast("Schema", self))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the schema into a ``.toml`` or ``.json`` file, whole or not at all, and return its path."""
        from ._files import write_schema

        write_schema(cast("Schema", self), path)
        return Path(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Schema:
        """Read a schema from a ``.toml`` or ``.json`` file.

        Raises:
            FormatError: If it is no schema of a known version.
        """
        from ._files import read_schema

        return read_schema(cls, path)

    def diff(
        self, other: Schema, frame: Frame | None = None, *, tables: Mapping[str, Frame] | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> SchemaDiff:  # fmt: skip
        """Say which rules ``other`` adds, removes and changes, and which rows of a frame change their verdict.

        Args:
            other: The new rule set.
            frame: A table on which both are asked.
            tables: The other tables that rules name.
            now: The clock.

        Example:
            >>> from crmkit.validators import Email, Required, Schema
            >>> old = Schema("people", fields={"email": Email()})
            >>> old.diff(old.with_fields(email=Required() & Email()), [{"email": None}, {"email": "a@example.com"}])
            SchemaDiff(1 added, 0 removed, 0 changed, of 2 rows 1 fail now and 0 pass now)
        """
        check_called(now=now)
        from ._diff import diff_schemas

        return diff_schemas(cast("Schema", self), other, frame, tables=tables, now=now)

    def guide(
        self, *, lang: Language = "en", labels: Mapping[str, str] | None = None, title: str | None = None
    ) -> Guide:
        """Return the rules as a page for the people who type the data in.

        Args:
            lang: ``en`` or ``zh``.
            labels: What people call a field, by its name; the canonical names have labels of their own.
            title: The heading.

        Example:
            >>> from crmkit.validators import Email, Required, Schema
            >>> guide = Schema("people", fields={"email": Required() & Email()}).guide(lang="zh")
            >>> guide.entries[0]["meaning"], guide.entries[0]["required"]
            ('一个电子邮箱', '是')
        """
        from crmkit import systems

        from ._guide import make_guide

        known = {name: field.labels[lang] for name, field in systems.canonical_fields().items()}
        return make_guide(cast("Schema", self), lang=lang, labels={**known, **(labels or {})}, title=title)

    @property
    def hash(self) -> str:
        """SHA-256 of what the schema says, as 64 hexadecimal digits; goes into reports and change logs."""
        from ._as_data import content_hash

        return content_hash(cast("Schema", self))
