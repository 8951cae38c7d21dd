"""Say in English or Chinese what a code and its params mean.

Messages are made late: a table holds codes and params, and a reader chooses the language. A message never holds a value
out of a record, because messages end up in logs, tickets and mails.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.typing import Language

__all__ = ["catalog_codes", "message"]

# Only a plain name between braces is a place: attribute and item access, which str.format would follow, is not.
_PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


@lru_cache(maxsize=1)
def _catalog() -> dict[str, dict[str, str]]:
    text = (files("crmkit") / "data" / "messages.toml").read_text(encoding="utf-8")
    return {code: entry for code, entry in tomllib.loads(text).items() if code != "meta"}


def catalog_codes() -> tuple[str, ...]:
    """Return every code that crmkit itself emits, sorted.

    Example:
        >>> "email_invalid" in catalog_codes()
        True

    .. versionadded:: 0.1.0
    """
    return tuple(sorted(_catalog()))


def message(
    code: str,
    params: Mapping[str, object] | None = None,
    *,
    lang: Language = "en",
    template: Mapping[str, str] | None = None,
) -> str:
    """Return what ``code`` means, for a person.

    Args:
        code: A machine word of the issue table.
        params: What fills the ``{places}`` of the message; a place without one shows as ``…``. Of what is said in words
            there is a param for each language, ``types_zh`` beside ``types``.
        lang: ``en`` or ``zh``.
        template: A rule's own messages by language, which win over the catalog.

    Returns:
        One sentence without a final stop. A code that neither knows is said as it is.

    Example:
        >>> message("too_long", {"max_length": 80, "length": 95})
        'longer than 80 characters (95)'
        >>> message("none_present", {"fields": ["email"]})
        'email is not filled in'
        >>> message("too_long", {"max_length": 80, "length": 95}, lang="zh")
        '超过 80 个字符（现为 95 个）'

    .. versionadded:: 0.1.0
    """
    entry = template or _catalog().get(code)
    if not entry:
        return code.replace("_", " ")
    known = params or {}
    text = entry.get(lang) or entry.get("en") or next(iter(entry.values()))
    if any(isinstance(value, (list, tuple)) and len(value) == 1 for value in known.values()):
        text = entry.get(f"{lang}_one", text)
    return _PLACE.sub(lambda place: _filled(place[1], known, lang), text)


def _filled(place: str, params: Mapping[str, object], lang: Language) -> str:
    value = params.get(f"{place}_{lang}", params.get(place, "…"))
    if place == "country" and lang == "zh" and isinstance(value, str):
        return _country(value)  # English prose says "of US", Chinese has no use for codes
    return _shown(value, lang)


@lru_cache(maxsize=300)
def _country(code: str) -> str:
    from crmkit.normalize import countries  # only for a message that names one

    return countries.name(code, "zh") if code in countries.codes() else code


def _shown(value: object, lang: Language) -> str:
    if isinstance(value, (list, tuple)):
        return ("、" if lang == "zh" else ", ").join(str(item) for item in value)
    return str(value)
