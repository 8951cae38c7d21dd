"""Write HTML that cannot be broken out of: every text is escaped, only what this module made is not."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import TypeAlias

__all__ = ["Child", "Markup", "el", "join"]

_VOID = frozenset({"br", "hr", "img", "meta"})
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9:-]*\Z")
# Control characters have no place in HTML, and a lone surrogate cannot be written as UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# What changes the direction of the text around it would let a value rearrange the page.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child: TypeAlias = str | int | float | Iterable["Child"] | None


def text(value: str) -> Markup:
    r"""Escape ``value`` for a place between tags or inside a quoted attribute.

    Example:
        >>> text("<b> & \x00")
        '&lt;b&gt; &amp; �'
    """
    return Markup(html.escape(_BIDI.sub("", _UNPRINTABLE.sub("\ufffd", value)), quote=True))


def el(tag: str, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """Make one element.

    Args:
        tag: Element name.
        *children: Texts are escaped, ``Markup`` is not; ``None`` is left out; iterables are flattened.
        **attributes: ``class_`` and ``for_`` lose the underscore, other underscores become hyphens; ``None`` and
            ``False`` leave the attribute out.

    Example:
        >>> el("p", "1 < 2", class_="note")
        '<p class="note">1 &lt; 2</p>'
    """
    parts = [f"<{_name(tag)}"]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        name = _name(key.rstrip("_").replace("_", "-"))
        parts.append(f" {name}" if value is True else f' {name}="{text(str(value))}"')
    parts.append(">")
    if tag in _VOID:
        if children:
            raise ValueError(f"<{tag}> has no content")
        return Markup("".join(parts))
    parts.append(join(*children))
    parts.append(f"</{tag}>")
    return Markup("".join(parts))


def join(*children: Child) -> Markup:
    """Put children one behind the other, escaped as in :func:`el`."""
    parts: list[str] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, Markup):
            parts.append(child)
        elif isinstance(child, str):
            parts.append(text(child))
        elif isinstance(child, int | float):
            parts.append(text(str(child)))
        else:
            parts.append(join(*child))
    return Markup("".join(parts))


def _name(name: str) -> str:
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is not a name that HTML allows")
    return name
