"""What a box does to find values: the terms of indexes, and the comparison that decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crmkit.encryption._values import _search
from crmkit.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.encryption._fields._field import Field
    from crmkit.encryption._fields._index import IndexTerm
    from crmkit.encryption._octets._record_id import RecordId
    from crmkit.encryption._values._engine import Engine
    from crmkit.typing import Frame


class _Searches:
    """The half of a :class:`Box` that looks for values; the other half gives it an engine."""

    engine: Engine

    if TYPE_CHECKING:

        def field(self, field: Field | str) -> Field: ...
        def decrypt(
            self,
            field: Field | str,
            token: str | bytes | None,
            *,
            record: RecordId | None = None,
            subject: str | None = None,
            bound: Mapping[str, object] | None = None,
        ) -> Any: ...

    def index(self, field: Field | str, value: object) -> dict[str, list[IndexTerm]]:
        """Return for each index the terms that rows with this value may hold; look up with ``IN``.

        What is found by any but a ``unique`` index must be decrypted and compared: :meth:`find` does. Compound indexes
        are left out; ask :meth:`terms` for them.
        """
        field = self.field(field)
        return {index.name: self.terms(field, value, index.name) for index in field.indexes if not index.others}

    def terms(self, field: Field | str, value: object, index: str | None = None) -> list[IndexTerm]:
        """Return the terms of one index; for a compound, ``value`` is a tuple of the field's value and the others'.

        For ``domain``, ``prefix`` and ``last`` the value may be whole or just that part.
        """
        field = self.field(field)
        return self.engine.blind(field, field.index(index).name).terms(value)

    def index_values(
        self, field: Field | str, value: object, others: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Return what is written into each index column beside a token, by the index's name."""
        return _search.values(self.engine, self.field(field), value, others or {})

    def index_column(
        self, field: Field | str, values: Frame, index: str | None = None, *, others: Sequence[Frame] = ()
    ) -> Any:
        """Return the terms of one index for a column, as a column of the kind that was passed.

        Args:
            field: Which field.
            values: Plaintext: a Series, array or list.
            index: The index's name; may be left out where there is one.
            others: For a compound index: the other columns, in its order.

        Raises:
            RefusedError: The values are too few or too skewed, and the index does not say why that is acceptable.
        """
        return _search.column(self.engine, self.field(field), values, index, others)

    def matches(
        self,
        field: Field | str,
        token: str | bytes | None,
        value: object,
        *,
        record: RecordId | None = None,
        subject: str | None = None,
        bound: Mapping[str, object] | None = None,
    ) -> bool:
        """Decrypt a token and say whether it holds this value, by the field's normal form."""
        field = self.field(field)
        held = self.decrypt(field, token, record=record, subject=subject, bound=bound)
        return held is not None and value is not None and _search.form(field, held) == _search.form(field, value)

    def find(
        self, field: Field | str, value: object, candidates: Iterable[tuple[RecordId, str | bytes | None]]
    ) -> list[RecordId]:
        """Return the records whose token holds the value: the second half of every look-up.

        Args:
            field: Which field; for one with ``subject=True`` or ``bound`` ask :meth:`matches` row by row.
            value: What is looked for.
            candidates: Pairs of record and token, as the index found them; not whole rows.

        Raises:
            InvalidValueError: A candidate is no such pair.
        """
        found = []
        for candidate in candidates:
            given: Any = candidate
            pair: Any = None if isinstance(given, Mapping | str | bytes) else given
            try:
                record, token = pair
            except (TypeError, ValueError):
                kind = type(given).__name__
                raise InvalidValueError(
                    f"each candidate is a pair of record and token, such as (row['id'], row['email']), not a {kind}"
                ) from None
            if self.matches(field, token, value, record=record):
                found.append(record)
        return found
