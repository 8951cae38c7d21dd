"""Messages to the users of a system: planned maintenance, an incident, the all-clear; in English and Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal
from zoneinfo import ZoneInfo

from crmkit.errors import NotFoundError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

_NOTICES: Final[Mapping[str, Mapping[str, str]]] = {
    "planned": {
        "en": (
            "Planned maintenance: {system}\n\n{system} will not be available from {start} to {end}.\n"
            "Reason: {reason}\n{fallback}Please save your work before then.\nQuestions: {contact}\n"
        ),
        "zh": (
            "计划维护通知：{system}\n\n{system} 将于 {start} 至 {end} 暂停服务。\n"
            "原因：{reason}\n{fallback}请在此之前保存您的工作。\n如有疑问请联系：{contact}\n"
        ),
    },
    "incident": {
        "en": (
            "Incident: {system}\n\n{system} has not been available since {start}. We expect it back at {end}.\n"
            "What we know: {reason}\n{fallback}The next message follows when this changes.\nContact: {contact}\n"
        ),
        "zh": (
            "故障通知：{system}\n\n{system} 自 {start} 起无法使用，预计 {end} 恢复。\n"
            "目前情况：{reason}\n{fallback}情况有变化时将另行通知。\n联系人：{contact}\n"
        ),
    },
    "all_clear": {
        "en": (
            "All clear: {system}\n\n{system} is available again since {end}; it was down from {start}.\n"
            "Cause: {reason}\n{fallback}Please report anything that looks wrong to: {contact}\n"
        ),
        "zh": (
            "恢复通知：{system}\n\n{system} 已于 {end} 恢复服务（自 {start} 起中断）。\n"
            "原因：{reason}\n{fallback}如发现异常请联系：{contact}\n"
        ),
    },
}
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"fallback": "Meanwhile: {text}\n", "unknown": "a time not yet known", "none": "not yet known"},
    "zh": {"fallback": "期间请使用：{text}\n", "unknown": "待定时间", "none": "尚不明确"},
}


def render_notice(
    kind: Literal["planned", "incident", "all_clear"],
    *,
    system: str,
    start: dt.datetime,
    contact: str,
    end: dt.datetime | None = None,
    reason: str = "",
    fallback: str = "",
    lang: Literal["en", "zh"] = "en",
    tz: str = "UTC",
) -> str:
    """Write the message for the users of a system.

    Args:
        kind: ``"planned"``, ``"incident"`` or ``"all_clear"``.
        system: Which system.
        start: When it goes or went down, aware.
        contact: Whom to ask.
        end: When it will be or is back; must be known for planned maintenance and for an all-clear.
        reason: Why, in the readers' language.
        fallback: What to use meanwhile.
        lang: ``"en"`` or ``"zh"``.
        tz: Time zone of the readers.

    Raises:
        NotFoundError: An unknown kind or language.
        ValueError: A naive moment, or an end that is missing or before the start.

    Example:
        >>> from datetime import UTC, datetime
        >>> start = datetime(2026, 3, 1, 22, tzinfo=UTC)
        >>> text = render_notice("incident", system="CRM", start=start, contact="it@example.com", lang="zh")
        >>> print(text.splitlines()[2])
        CRM 自 2026-03-01 22:00 UTC 起无法使用，预计 待定时间 恢复。

    .. versionadded:: 0.1.0
    """
    if kind not in _NOTICES:
        raise NotFoundError.of("kind of notice", kind, _NOTICES)
    if lang not in _WORDS:
        raise NotFoundError.of("language", lang, _WORDS)
    if start.tzinfo is None or (end is not None and end.tzinfo is None):
        raise ValueError("a naive moment; give an aware one, such as datetime.now(UTC)")
    if (end is None and kind != "incident") or (end is not None and end < start):
        raise ValueError("this notice needs an end that is not before its start")
    zone = ZoneInfo(tz)
    words = _WORDS[lang]
    return _NOTICES[kind][lang].format(
        system=_line(system),
        start=_local(start, zone),
        end=_local(end, zone) if end is not None else words["unknown"],
        reason=_line(reason) or words["none"],
        fallback=words["fallback"].format(text=_line(fallback)) if fallback else "",
        contact=_line(contact),
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _local(moment: dt.datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
