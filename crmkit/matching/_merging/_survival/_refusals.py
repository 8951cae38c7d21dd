"""What a person allowed: whether a word refuses or consents by itself, and what a bare yes means in a column.

A refusal that is overlooked does harm, and one too many hardly any. So a word that could be either is never taken for
consent, and what speaks of a refusal at all is one, except for the plain "not opted out".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from crmkit.normalize import text

__all__ = ["Said", "meaning", "refusing_answer"]

Said = Literal["refusal", "consent", "yes", "no"]

_YES = frozenset({
    "1", "1.0", "true", "t", "yes", "y", "x", "on", "checked", "ja", "oui", "si", "sim", "是", "是的", "对", "真",
    "√", "✓", "✔", "☑",
})  # fmt: skip
_NO = frozenset({
    "0", "0.0", "false", "f", "no", "n", "off", "unchecked", "nein", "non", "nao", "否", "不", "不是", "假",
    "×", "✗", "✘", "☐",
})  # fmt: skip
_CHANNEL = (
    r"(?:(?:bulk|e|postal|direct|text)? ?mails?|emailing|mailings?|calls?|calling|phones?|telephone|sms|mms|texts?|fax"
    r"|whatsapp|wechat|contact(?:ed)?|messages?|marketing|newsletters?|news|promotions?|communications?|solicit"
    r"|disturb|track(?:ing)?|sell|share|process(?:ing)?|send|mm)"
)
_OUT = r"opt(?:s|ed|ing)? ?out|\w*optout|\w*optedout"
_IN = r"opt(?:s|ed)? ?in|opting in|\w*optin|\w*optedin"
_REFUSES = re.compile(
    rf"\b(?:{_OUT}|\w*unsub\w*|unsuscribed|disallow\w*|disagree\w*|den(?:y|ied)|refus\w*|reject\w*|declin\w*"
    r"|withdr[ae]w\w*|revo[kc]\w*|object(?:s|ed|ion|ions)?|suppress\w*|black ?list\w*|block ?list\w*|block(?:ed)?"
    r"|prohibit\w*|forbid\w*|forbidden|stop|dnc|dnd|complain\w*|abuse|spam\w*|donot\w*|dont|do not)\b"
)
_NEGATED = re.compile(r"\b(?:no|not|non|never|without|neither|cannot|cant|wont|doesnt|didnt|isnt|hasnt|wasnt|un)\b")
_NOT_REFUSED = re.compile(
    rf"(?:(?:has|have|is|was) )?(?:not|never|hasnt|isnt) (?:been )?(?:{_OUT}|unsub\w*|block\w*|denied)"
)
_CONSENTS = re.compile(
    rf"\b(?:{_IN}|subscri\w*|consent\w*|allow\w*|agree\w*|accept\w*|grant\w*|given|permit\w*|permission|approv\w*"
    r"|authori[sz]ed|confirmed|send|contactable|marketable|double opt ?in|yes)\b"
)
_ZH_NOT_REFUSED = re.compile(r"(?:从?未|没有?|不)曾?(?:退订|拒绝|拒收|取消|撤[回销]|反对|屏蔽|禁止)")
_ZH_REFUSES = re.compile(
    r"退订|拒|取消|撤[回销]|反对|屏蔽|黑名单|禁止|谢绝|停止|终止|勿|免打扰|免扰|别|不|未|没|无|非|投诉"
)
_ZH_CONSENTS = re.compile(r"同意|授权|允许|许可|接[受收]|订阅|愿意|可以|是")

_HEAD_REFUSES = re.compile(
    rf"\b(?:{_OUT}|\w*optout\w*|\w*optedout\w*|\w*unsub\w*|\w*donot\w*|do not|dont|dnc|dnd|suppress\w*|black ?list\w*"
    r"|block ?list\w*|blocked|refus\w*|disallow\w*|withdr[ae]w\w*|revoked?|objection|objected"
    rf"|no {_CHANNEL}|(?:not|non|never|without|no)\b.*\b(?:{_IN}|consent\w*|subscrib\w*|permission|marketing"
    rf"|marketable|contactable|allowed|accepted|{_CHANNEL}))\b"
)
_HEAD_CONSENTS = re.compile(
    rf"\b(?:{_IN}|\w*optin|\w*consent\w*|\w*subscrib\w*|subscription (?:status|state)|\w*newsletters?|news|marketable"
    r"|contactable|mailable|mailing list|gdpr|hs marketable status"
    r"|marketing (?:status|state|preferences?|ok|contact|e?mails?|sms|calls?|communications?)"
    r"|(?:privacy|terms|gdpr)\b.*\b(?:accepted|agreed)"
    rf"|{_CHANNEL} (?:subscriptions?|permissions?|allowed|permitted|accepted|ok|agreed|authori[sz]ed)"
    r"|(?:e ?mail|sms|mail|phone|call|contact|news|list|mailing|text|whatsapp) (?:status|state|preferences?)"
    rf"|(?:accepts?|accepted|allows?|allowed|may|can|ok(?:ay)? to|agrees?(?: to)?|agreed(?: to)?|permission(?: to)?"
    rf"|wants|receives?)\b.*\b(?:{_CHANNEL}|privacy|terms|gdpr))\b"
)
_ZH_HEAD_REFUSES = re.compile(
    r"退订|拒收|拒绝|拒接|请勿|勿扰|勿|免打扰|免扰|谢绝|禁止|屏蔽|黑名单|取消订阅|停止|反对|撤[回销]"
    r"|[不未无](?:再|要|想|愿|可|能|得|允许|同意|接[受收]|授权|订阅|联系|打扰|许可)"
)
_ZH_HEAD_CONSENTS = re.compile(
    r"同意|授权(?!书|经销|代理|人|码|号|商|级|证|方)|订阅|允许|许可(?!证)|愿意"
    r"|接[受收].*(?:短信|邮件|电话|营销|推送|通知|资讯|信息|广告|消息)"
    r"|可(?:以|否)?(?:联系|致电|短信|邮件|推送|营销)"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_GAP = re.compile(r"[\W_]+")


def _words(raw: str) -> str:
    """Return folded words with single spaces between them: ``HasOptedOutOfFax`` as ``has opted out of fax``."""
    spaced = _CAMEL.sub(" ", raw) if not raw.isupper() else raw
    return _GAP.sub(" ", text.fold(spaced).replace("'", "")).strip()


def meaning(value: str) -> Said | None:
    """Say what a cell tells of the person's will; ``None`` for what says neither, as a date or ``pending``.

    Example:
        >>> [meaning(word) for word in ("Opted out", "opt-in", "Do Not Allow", "Allow", "已退订", "Yes", "pending")]
        ['refusal', 'consent', 'refusal', 'consent', 'refusal', 'yes', None]
    """
    bare = text.fold(value).strip().rstrip(".!")
    if bare in _YES:
        return "yes"
    if bare in _NO:
        return "no"
    words = _words(value)
    if not words.isascii():
        if _ZH_NOT_REFUSED.fullmatch(words):
            return "consent"
        if _ZH_REFUSES.search(words):
            return "refusal"
        if _ZH_CONSENTS.search(words):
            return "consent"
    if _NOT_REFUSED.fullmatch(words):
        return "consent"
    if _REFUSES.search(words) or _NEGATED.search(words):
        return "refusal"
    return "consent" if _CONSENTS.search(words) else None


@lru_cache(maxsize=4096)
def refusing_answer(header: str) -> Literal["yes", "no"] | None:
    """Say which answer refuses in a column of this name; ``None`` where the name speaks of no such thing.

    Example:
        >>> [refusing_answer(name) for name in ("HasOptedOutOfFax", "donotbulkemail", "sms_consent", "退订", "city")]
        ['yes', 'yes', 'no', 'yes', None]
    """
    words = _words(header)
    if _HEAD_REFUSES.search(words) or _ZH_HEAD_REFUSES.search(words):
        return "yes"
    return "no" if _HEAD_CONSENTS.search(words) or _ZH_HEAD_CONSENTS.search(words) else None
