"""What can be wrong with a log, and how it is told apart: by what stands where something else was signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.typing import Language

__all__ = ["Damage", "DamageKind", "classify", "message"]

DamageKind: TypeAlias = Literal[
    "edited", "removed", "inserted", "duplicated", "reordered", "truncated", "rewritten", "rolled_back", "forked",
    "bad_signature", "unknown_key", "clock_back", "gap", "hashes", "frame", "unreadable", "not_canonical", "opening",
    "unproved", "unwitnessed", "torn",
]  # fmt: skip
"""Kinds of damage; see the page on the audit log for what each means."""

_MESSAGES = {
    "edited": ("the event is not the one that was written", "事件与写入时不同"),
    "removed": ("events are missing from here on", "从此处起有事件缺失"),
    "inserted": ("an event stands here that was not written", "此处有并非写入的事件"),
    "duplicated": ("an earlier event stands here again", "此处重复了较早的事件"),
    "reordered": ("events have changed places from here on", "从此处起事件顺序被调换"),
    "truncated": ("the newest events are cut off", "最新的事件被截断"),
    "rewritten": ("events since the checkpoint before are others than were signed", "上一检查点之后的事件与签名时不同"),
    "rolled_back": ("the log is an older one than was witnessed", "日志比见证时更旧"),
    "forked": ("two signed histories differ", "存在两段不同的已签名历史"),
    "bad_signature": ("a checkpoint's signature is not good", "检查点签名无效"),
    "unknown_key": ("a checkpoint is signed by no known key", "检查点未由已知密钥签名"),
    "clock_back": ("the log's clock goes back", "日志时钟倒退"),
    "gap": ("the event says that it has another turn", "事件自述的序号不符"),
    "hashes": ("stored hashes are not those of the events", "保存的哈希与事件不符"),
    "frame": ("a header, trailer or other line is not what was written", "头部、批尾或其他行与写入时不同"),
    "unreadable": ("it cannot be read", "无法读取"),
    "not_canonical": ("the event is not in its canonical form", "事件不是规范形式"),
    "opening": (
        "the vault does not hold what the event commits to, and no erasure says why",
        "保险库中没有事件所承诺的值，也没有删除记录说明原因",
    ),
    "unproved": ("no signed checkpoint covers any event", "没有任何已签名的检查点覆盖事件"),
    "unwitnessed": (
        "it was named and has no checkpoint of this log, which has some",
        "所指定的见证方没有本日志的检查点，而日志已有检查点",
    ),
    "torn": ("a batch is unfinished; it was not acknowledged", "有未写完的批次；从未被确认"),
}
WINDOW = 256


@attrs.frozen(kw_only=True)
class Damage:
    """One thing that is wrong with a log. Made by `verify`.

    Attributes:
        kind: What it is.
        seq: The first event that is concerned; ``None`` where no event is.
        last: The last one, where several are known to be.
        location: File, witness or checkpoint.
        severity: ``error``; ``warning`` for what may have an innocent reason.

    .. versionadded:: 0.1.0
    """

    kind: DamageKind
    seq: int | None = None
    last: int | None = None
    location: str | None = None
    severity: Literal["error", "warning"] = "error"

    def message(self, lang: Language = "en") -> str:
        """Say it in words."""
        return message(self, lang)


def message(damage: Damage, lang: Language = "en") -> str:
    """Say in words what is wrong and where; holds no value out of an event."""
    words = _MESSAGES[damage.kind][lang == "zh"]
    place = [] if damage.location is None else [damage.location]
    if damage.seq is not None:
        span = str(damage.seq) if damage.last in (None, damage.seq) else f"{damage.seq}-{damage.last}"
        place.append(f"事件 {span}" if lang == "zh" else f"event {span}")
    return f"{', '.join(place)}: {words}" if place else words


def classify(found: Sequence[bytes], written: Sequence[bytes], before: Sequence[bytes], claimed: int) -> DamageKind:
    """Say what happened where the events that are there first differ from those that were written.

    Args:
        found: Leaf hashes of the events that are there, from the first difference on.
        written: Leaf hashes of the events that were written, from the same turn on.
        before: Leaf hashes that were written ahead of it.
        claimed: How many turns further on the first event there says it is.

    Source:
        Shortest explanation first: a swap explains both sides, a removal or insertion one of them, an edit neither.
    """
    if not found:
        return "truncated"
    if not written:
        return "inserted"
    ahead = written.index(found[0]) if found[0] in written else 0
    behind = found.index(written[0]) if written[0] in found else 0
    if ahead and behind:
        return "reordered"
    if ahead or (claimed > 0 and claimed < len(written) and written[claimed] == found[0]):
        return "removed"
    if behind or (claimed < 0 and found[0] in before):
        return "duplicated" if found[0] in before else "inserted"
    return "edited"
