"""A mapping as data: which column becomes which, how values are written on both sides, what the target demands."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

import attrs

from crmkit import _notebook
from crmkit._called import check_called
from crmkit.errors import NotFoundError, SchemaError
from crmkit.mapping._parts._link import End, Endpoint, Link
from crmkit.mapping._parts._values import ValueTable

if TYPE_CHECKING:
    import os
    from collections import abc
    from pathlib import Path

    from crmkit.mapping._running._report import MappingReport
    from crmkit.typing import Frame, Language, Progress

__all__ = ["Mapping"]


def _links(links: abc.Iterable[Link]) -> tuple[Link, ...]:
    return tuple(sorted(links, key=Link.order))


_MOST_ROWS = 60


@attrs.frozen(kw_only=True, repr=False)
class Mapping:
    """How records of one system become records of another.

    A mapping is data: it can be printed, compared, stored, turned round (:meth:`inverse`) and put behind another one
    (``a | b``). Two mappings are equal if they do the same.

    Attributes:
        source: The system and kind of record that it reads.
        target: Those that it writes.
        links: Which column becomes which, sorted by name.

    Example:
        >>> from crmkit import mapping
        >>> move = mapping.preset("zoho", "lead") | mapping.preset("salesforce", "lead").inverse()
        >>> move
        <Mapping zoho lead -> salesforce lead: 36 links>
        >>> records, report = move.apply([{"id": "1", "Last_Name": "Lee", "Company": "Acme", "Designation": "CEO"}])
        >>> records
        [{'Id': '1', 'LastName': 'Lee', 'Company': 'Acme', 'Title': 'CEO'}]

    .. versionadded:: 0.1.0
    """

    source: Endpoint
    target: Endpoint
    links: tuple[Link, ...] = attrs.field(converter=_links)

    def __attrs_post_init__(self) -> None:
        for side in ("source", "target"):
            names = Counter(end.name for link in self.links if not link.is_derived and (end := getattr(link, side)))
            doubled = [name for name, n in names.items() if n > 1]
            if doubled:
                raise SchemaError(f"two links have the {side} {doubled[0]!r}; each column is named once")

    # -- composing ----------------------------------------------------------------------------------------------------

    def inverse(self) -> Mapping:
        """Return the mapping from target to source.

        Where several values of a picklist become one, the way back takes the first of them, unless the column
        ``<field>_raw``, which is written beside such values of the canonical model, still has the one that was read.
        """
        return Mapping(source=self.target, target=self.source, links=[link.inverse() for link in self.links])

    def __or__(self, other: Mapping) -> Mapping:
        """Return the mapping that does this one and then the other.

        Raises:
            SchemaError: The other one reads something else than this one writes.
        """
        if not isinstance(other, Mapping):
            return NotImplemented
        if self.target != other.source:
            raise SchemaError(f"a mapping to {self.target} cannot be followed by one from {other.source}")
        links: list[Link] = []
        fed = set()
        for first in self.links:
            if first.target is None:
                links.append(first)
                continue
            if first.source is not None:
                fed.add(first.target.name)
            after = [link for link in other.links if link.source is not None and link.source.name == first.target.name]
            through = [link for link in (_through(first, second) for second in after) if link is not None]
            links.extend(through)
            if not first.is_derived and first.source is not None and all(link.target is None for link in after):
                links.append(Link(source=first.source))
        links.extend(
            Link(target=second.target)
            for second in other.links
            if second.source is None or (second.source.name not in fed and not second.is_derived and second.target)
        )
        return Mapping(source=self.source, target=other.target, links=dict.fromkeys(links))

    def with_values(self, tables: abc.Mapping[str, abc.Mapping[str, str] | ValueTable]) -> Mapping:
        """Return the mapping with other tables of values.

        Args:
            tables: Name of a source or target column -> what its values on the left are called on the right.

        Raises:
            NotFoundError: No link has that column.

        Example:
            >>> from crmkit import mapping
            >>> deals = mapping.preset("pipedrive", "deal").with_values({"stage": {"Demo": "Proposal/Price Quote"}})
            >>> deals.apply([{"stage_id": "Demo"}])[0]
            [{'stage': 'Proposal/Price Quote', 'stage_raw': 'Demo'}]
        """
        links = list(self.links)
        for name, table in tables.items():
            places = [
                place for place, link in enumerate(links)
                if not link.is_derived and link.source and link.target and name in (link.source.name, link.target.name)
            ]  # fmt: skip
            if not places:
                known = [end.name for link in links for end in (link.source, link.target) if end]
                raise NotFoundError.of("column of the mapping", name, dict.fromkeys(known))
            made = table if isinstance(table, ValueTable) else ValueTable.of(table)
            links[places[0]] = attrs.evolve(links[places[0]], values=made)
        return attrs.evolve(self, links=links)

    def renamed(self, names: abc.Mapping[str, str]) -> Mapping:
        """Return the mapping that writes some columns under other names, such as custom fields of your own.

        What the target demands of the old column does not hold for the new one.

        Args:
            names: Target column -> its new name.

        Raises:
            NotFoundError: No link has that target.
            SchemaError: Two links would have one target.

        Example:
            >>> from crmkit import mapping
            >>> move = mapping.preset("zoho", "contact") | mapping.preset("salesforce", "contact").inverse()
            >>> move.renamed({"Id": "Zoho_Id__c"}).to("id")
            'Zoho_Id__c'
        """
        known = {link.target.name for link in self.links if link.target}
        for name in names:
            if name not in known:
                raise NotFoundError.of("target column", name, known)
        links = [
            attrs.evolve(link, target=End(name=names[link.target.name], form=link.target.form, trap=link.target.trap))
            if link.target and link.target.name in names
            else link
            for link in self.links
        ]
        return attrs.evolve(self, links=links)

    # -- looking ------------------------------------------------------------------------------------------------------

    def to(self, source: str) -> str | None:
        """Return what a column of the source becomes, or ``None``.

        Example:
            >>> from crmkit import mapping
            >>> mapping.preset("salesforce", "contact").to("MailingCity")
            'city'
        """
        found = (link for link in self.links if link.source and link.source.name == source and not link.is_derived)
        return next((link.target.name for link in found if link.target), None)

    def columns_in(self, columns: abc.Sequence[str]) -> dict[str, str]:
        """Return which of a frame's columns stand for the source's: name of the mapping -> column of the frame.

        Example:
            >>> from crmkit import mapping
            >>> mapping.preset("salesforce", "contact").columns_in(["First Name", "MOBILE", "Shoe size"])
            {'FirstName': 'First Name', 'MobilePhone': 'MOBILE'}
        """
        from crmkit.mapping._running._match import bind

        return dict(bind(self, columns).columns)

    @property
    def match_keys(self) -> tuple[str, ...]:
        """The target columns that may be compared to tell if two rows are one party: none is an identity trap."""
        return tuple(
            sorted(
                link.target.name
                for link in self.links
                if link.target and link.source and not link.source.trap and not link.target.trap and not link.is_derived
            )
        )

    @property
    def unconfirmed(self) -> tuple[str, ...]:
        """The columns whose names no page, recording or library of the vendor confirms."""
        ends = (end for link in self.links for end in (link.source, link.target) if end)
        return tuple(sorted({end.name for end in ends if end.name in end.unconfirmed}))

    @property
    def unheld(self) -> tuple[str, ...]:
        """The source columns that the target has no place for."""
        held = {link.source.name for link in self.links if link.source and link.target}
        return tuple(sorted({link.source.name for link in self.links if link.source} - held))

    @property
    def unfed(self) -> tuple[str, ...]:
        """The target columns that nothing feeds."""
        fed = {link.target.name for link in self.links if link.source and link.target}
        return tuple(sorted({link.target.name for link in self.links if link.target} - fed))

    # -- doing --------------------------------------------------------------------------------------------------------

    def apply(
        self,
        frame: Frame,
        *,
        rest: Literal["keep", "drop"] = "keep",
        cut: bool = False,
        lang: Language = "en",
        progress: Progress | None = None,
    ) -> tuple[Frame, MappingReport]:
        """Map a frame.

        Args:
            frame: Any frame.
            rest: What becomes of columns that the target has no place for: they are kept under their own names, or
                dropped. Either way the report names them and says how many filled cells they have.
            cut: Whether values that are longer than the target stores are cut to length; the report has the whole
                value. They are left whole without it, and the report says what would be cut.
            lang: Language of messages.
            progress: Shows how far it is; ``tqdm`` fits.

        Returns:
            A new frame of the caller's kind, its rows in the same order, and what is to be known about it. What could
            not be converted is in the frame as it was. Data never raises.

        Raises:
            SchemaError: Not a frame.
        """
        check_called(progress=progress)
        from crmkit.mapping._running._apply import run

        return run(self, frame, rest=rest, cut=cut, lang=lang, progress=progress)

    def check(self, frame: Frame, *, lang: Language = "en", progress: Progress | None = None) -> MappingReport:
        """Say what :meth:`apply` would report, without making a frame.

        Example:
            >>> from crmkit import mapping
            >>> to_dynamics = mapping.preset("dynamics", "contact").inverse()
            >>> report = to_dynamics.check([{"family_name": "L" * 60}, {"family_name": None}])
            >>> report.counts()["error"], [issue.code for issue in report.issues if issue.severity == "error"]
            (2, ['too_long', 'required'])
        """
        from crmkit.mapping._running._apply import run

        return run(self, frame, rest="keep", cut=False, lang=lang, progress=progress)[1]

    # -- keeping ------------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON can say it; :meth:`from_dict` reads it back."""
        from ._document import to_document

        return to_document(self)

    @classmethod
    def from_dict(cls, document: abc.Mapping[str, Any]) -> Mapping:
        """Return the mapping that :meth:`to_dict` wrote.

        Raises:
            FormatError: Not a mapping, written by a newer crmkit, or something in it is not as it should be.

        Example:
            >>> from crmkit.mapping import Mapping, preset
            >>> outlook = preset("outlook")
            >>> Mapping.from_dict(outlook.to_dict()) == outlook
            True
        """
        from ._document import from_document

        return from_document(document)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the mapping as a JSON file that people can read and edit, and return its path."""
        from ._document import save

        return save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Mapping:
        """Read a file that :meth:`save` wrote.

        Raises:
            FormatError: As :meth:`from_dict`; ``.location`` is the file and the place in it.
        """
        from ._document import load

        return load(path)

    def _repr_html_(self) -> str:
        links = [link for link in self.links if link.source and link.target and not link.is_derived]
        rows = [(link.source.name, link.target.name) for link in links if link.source and link.target][:_MOST_ROWS]
        heads = (str(self.source), str(self.target))
        rest = _notebook.more(len(rows), len(links), "columns")
        return _notebook.sheet("", repr(self)[1:-1], _notebook.table(heads, rows) if rows else "", rest)

    def __repr__(self) -> str:
        n = sum(bool(link.source and link.target) and not link.is_derived for link in self.links)
        return f"<Mapping {self.source} -> {self.target}: {n} links>"


def _through(first: Link, second: Link) -> Link | None:
    """Return the link that does both; ``None`` where there is none."""
    if first.is_derived and second.is_derived:
        return None  # a name taken apart and put together again is the name, which has a link of its own
    if second.target is None:
        return None
    if first.source is None:
        return None if second.is_derived else Link(target=second.target)
    if first.values is not None and second.values is not None:
        values: ValueTable | None = first.values | second.values
    else:
        values = first.values or second.values
    return Link(
        source=first.source,
        target=second.target,
        values=values,
        split=first.split or second.split,
        join=first.join or second.join,
    )
