"""How a column writes its values, as data: the same word describes either end of a link."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from crmkit.errors import NotFoundError

if TYPE_CHECKING:
    from crmkit.normalize.dates import DateOrder

__all__ = ["Form", "FormType", "zone_of"]

FormType: TypeAlias = Literal["text", "datetime", "date", "number", "bool", "list"]
"""What a value is, as far as its way of writing goes."""

_STYLES: dict[str, tuple[str, ...]] = {
    "text": ("plain",),
    "datetime": ("iso-z", "iso-offset", "utc-naive", "epoch-ms", "local"),
    "date": ("iso", "epoch-ms", "local"),
    "number": ("plain",),
    "bool": ("true", "one", "yes"),
    "list": ("joined",),
}
"""The ways to write each type; the first is that of the canonical model."""


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    Raises:
        NotFoundError: There is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NotFoundError(f"unknown time zone {name!r}; use an IANA name such as 'Europe/Oslo'", name=name) from None


@attrs.frozen(kw_only=True)
class Form:
    """How the values of a column are written.

    Attributes:
        type: ``text`` (left as it is), ``datetime``, ``date``, ``number``, ``bool`` or ``list``.
        style: For moments ``iso-z``, ``iso-offset``, ``utc-naive``, ``epoch-ms`` or ``local``; for days ``iso``,
            ``epoch-ms`` or ``local``; for booleans ``true`` (``true`` and ``false``), ``one`` (``1`` and ``0``) or
            ``yes``. Empty is the first of these, which the canonical model has.
        zone: IANA name of the zone for moments written without an offset, and of midnight for days in milliseconds.
        order: Order of day, month and year where a date is written in numbers; found in the column where ``None``.
        scale: What a number is multiplied by to become the canonical one, as a decimal text.
        separator: What stands between the items of a list.

    Raises:
        NotFoundError: Unknown type, style or zone.
        ValueError: A scale that is no positive number, or an empty separator.

    Example:
        >>> from crmkit.mapping import Form
        >>> Form(type="datetime", style="local", zone="Asia/Shanghai")
        Form(type='datetime', style='local', zone='Asia/Shanghai', order=None, scale='1', separator=';')

    .. versionadded:: 0.1.0
    """

    type: FormType = "text"
    style: str = ""
    zone: str | None = None
    order: DateOrder | None = None
    scale: str = "1"
    separator: str = ";"

    def __attrs_post_init__(self) -> None:
        if self.type not in _STYLES:
            raise NotFoundError.of("type of value", self.type, get_args(FormType))
        if not self.style:
            object.__setattr__(self, "style", _STYLES[self.type][0])
        if self.style not in _STYLES[self.type]:
            raise NotFoundError.of(f"style of {self.type}", self.style, _STYLES[self.type])
        if self.order not in (None, "YMD", "DMY", "MDY"):
            raise NotFoundError.of("order of dates", self.order, ("YMD", "DMY", "MDY"))
        if self.zone is not None:
            zone_of(self.zone)
        if not self.separator:
            raise ValueError("a separator of lists is not empty")
        try:
            scale = Decimal(self.scale)
        except InvalidOperation:
            scale = Decimal(0)
        if not (scale.is_finite() and scale > 0):
            raise ValueError("a scale is a positive decimal number, as text")

    def to_dict(self) -> dict[str, Any]:
        """Return what differs from plain text, as JSON can say it."""
        default = Form(type=self.type)
        found: dict[str, Any] = {"type": self.type}
        for name in ("style", "zone", "order", "scale", "separator"):
            if getattr(self, name) != getattr(default, name):
                found[name] = getattr(self, name)
        return found


TEXT = Form()
