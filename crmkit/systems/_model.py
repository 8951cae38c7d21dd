"""What a system's field, object and the system itself are."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs

from crmkit.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import Language, RecordKind

__all__ = ["KINDS", "TRAPS", "CanonicalField", "Field", "System", "SystemObject", "TimeFamily", "frozen_mapping"]

KINDS: tuple[RecordKind, ...] = ("contact", "account", "lead", "deal", "activity")
"""The kinds of record, in the order that decides between kinds with equal evidence."""

TimeFamily: TypeAlias = Literal["epoch-ms", "utc-naive", "iso-z", "iso-offset", "local"]
"""How a system writes moments."""

TRAPS: Mapping[str, Mapping[Language, str]] = MappingProxyType(
    {
        "owner": {"en": "names the colleague who owns the record", "zh": "是该记录的负责人，不是客户本人"},
        "author": {"en": "names the user who created or changed the record", "zh": "是创建或修改记录的用户"},
        "assistant": {"en": "belongs to the person's assistant", "zh": "属于联系人的助理"},
        "superior": {"en": "names the person's superior", "zh": "是联系人的上级"},
        "relative": {"en": "belongs to a relative or an emergency contact", "zh": "属于家属或紧急联系人"},
        "parent": {"en": "names the parent company", "zh": "是上级公司"},
        "linked_account": {"en": "names a linked company, shared by everybody there", "zh": "是关联公司，同事共有"},
        "linked_record": {"en": "names another record", "zh": "指向另一条记录"},
        "company_phone": {"en": "is the company's phone, shared by everybody there", "zh": "是公司总机，同事共有"},
        "deal_title": {"en": "is the title of a deal, not a name or a job", "zh": "是商机标题，不是姓名或职务"},
        "place_label": {"en": "is the label of a place, not a website", "zh": "是地点标签，不是网站"},
    }
)
"""Why a column must never feed a match key of its row: code to a phrase in English and Chinese."""


def frozen_mapping(mapping: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return a read-only copy."""
    return MappingProxyType(dict(mapping))


@attrs.frozen(kw_only=True)
class CanonicalField:
    """A field's one name within crmkit, and what it holds.

    Attributes:
        name: The canonical name, such as ``family_name``.
        type: What a value is: ``email``, ``phone``, ``person``, ``company``, ``date``, ``id``, ``text``, ...
        kinds: The record kinds that have the field.
        labels: What a person calls it, by language.

    Example:
        >>> from crmkit import systems
        >>> systems.canonical_fields()["family_name"].labels["en"]
        'family name'

    .. versionadded:: 0.1.0
    """

    name: str
    type: str
    kinds: tuple[RecordKind, ...]
    labels: Mapping[Language, str] = attrs.field(converter=frozen_mapping, hash=False)


@attrs.frozen(kw_only=True)
class Field:
    """A field as one system knows it.

    Attributes:
        name: The system's own name, which heads files from its API.
        label: What the screen and reports call it; ``None`` where it is the name in words.
        aliases: Other headers that exports of the system use for it.
        canonical: Its name within crmkit; ``None`` for what the canonical model leaves out.
        max_length: The most characters the system stores; ``None`` if not known.
        required: Whether the system refuses a record without it.
        trap: Why it must never feed a match key (a key of ``TRAPS``); ``None`` if it may.
        values: The picklist as delivered; every customer can change it.
        means: What values of the picklist are in the canonical model; a value that is left out stays as it is.
        scale: What a number is multiplied by to become the canonical one: ``0.01`` for percent.
        source: Key of the system's ``sources`` that the name and limits rest on.
        label_source: The same for the label.
        confirmed: Whether a page, recording or library of the vendor confirms the name.
        label_confirmed: Whether one confirms the label.

    Example:
        >>> from crmkit import systems
        >>> systems.get("salesforce").objects["contact"].field("AssistantPhone").trap
        'assistant'

    .. versionadded:: 0.1.0
    """

    name: str
    label: str | None = None
    aliases: tuple[str, ...] = ()
    canonical: str | None = None
    max_length: int | None = None
    required: bool = False
    trap: str | None = None
    values: tuple[str, ...] = ()
    means: Mapping[str, str] = attrs.field(factory=dict, converter=frozen_mapping, hash=False)
    scale: str = "1"
    source: str
    label_source: str
    confirmed: bool
    label_confirmed: bool

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header that stands for the field, without repeats."""
        return tuple(dict.fromkeys((self.name, *((self.label,) if self.label else ()), *self.aliases)))


@attrs.frozen(kw_only=True)
class SystemObject:
    """A record kind as one system knows it: ``Contact``, ``ContactObj``, ``person``.

    Example:
        >>> from crmkit import systems
        >>> systems.get("salesforce").objects["lead"].by_canonical("job_title").name
        'Title'

    .. versionadded:: 0.1.0
    """

    kind: RecordKind
    name: str
    fields: tuple[Field, ...]

    def __repr__(self) -> str:
        return f"<SystemObject {self.name!r}: {len(self.fields)} fields>"

    def field(self, name: str) -> Field:
        """Return the field of that API name.

        Raises:
            NotFoundError: If the object has no such field.
        """
        for field in self.fields:
            if field.name == name:
                return field
        raise NotFoundError.of("field", name, [field.name for field in self.fields])

    def by_canonical(self, canonical: str) -> Field | None:
        """Return the first field that holds a canonical field, or ``None``.

        Example:
            >>> from crmkit import systems
            >>> systems.get("zoho").objects["lead"].by_canonical("job_title").name
            'Designation'
        """
        return next((field for field in self.fields if field.canonical == canonical), None)


@attrs.frozen(kw_only=True)
class System:
    """A CRM or address book: its objects, and where the facts come from.

    Attributes:
        name: The word that names it within crmkit, such as ``salesforce``.
        titles: What people call it, by language.
        times: How its API writes moments; files exported by hand are mostly in the user's own format and zone.
        forms: How it writes other values: ``date``, ``bool`` and ``list``; what is left out is written as anywhere.
        objects: Record kind to object.
        sources: Source key to ``(mark, text)``; mark ``P`` vendor page or recording, ``S`` library or connector,
            ``T`` third party, ``?`` not confirmed.

    Example:
        >>> from crmkit import systems
        >>> systems.get("hubspot").objects["contact"].by_canonical("email").label
        'Email'

    .. versionadded:: 0.1.0
    """

    name: str
    titles: Mapping[Language, str] = attrs.field(converter=frozen_mapping, hash=False)
    times: TimeFamily
    forms: Mapping[str, str] = attrs.field(factory=dict, converter=frozen_mapping, hash=False)
    objects: Mapping[RecordKind, SystemObject] = attrs.field(converter=frozen_mapping, hash=False, repr=False)
    sources: Mapping[str, tuple[str, str]] = attrs.field(converter=frozen_mapping, hash=False, repr=False)

    def __repr__(self) -> str:
        return f"<System {self.name!r}: {', '.join(self.objects)}>"
