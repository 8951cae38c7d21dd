"""What mail providers say of their own mailboxes: which characters do not count, and which domains are one."""

from __future__ import annotations

from typing import Final

import attrs


@attrs.frozen(kw_only=True)
class Provider:
    """How a provider reads the local part.

    Attributes:
        domain: The domain to write instead, where the provider serves one mailbox under several; ``None``: as it is.
        dots: Whether dots in the local part are ignored.
        tag: The character that begins a tag, or ``""``.
    """

    domain: str | None = None
    dots: bool = False
    tag: str = ""

    def mailbox(self, local: str) -> str:
        """Return the local part without what the provider ignores; never empty."""
        if local.startswith('"'):
            return local
        name = local
        if self.tag:
            name = name.partition(self.tag)[0] or local
        if self.dots:
            name = name.replace(".", "") or name
        return name


# https://support.google.com/mail/answer/7436150 (dots don't matter); https://support.google.com/mail/answer/22370
# (plus tags); googlemail.com is gmail.com: https://support.google.com/mail/answer/10313
_GMAIL = Provider(domain="gmail.com", dots=True, tag="+")
# Plus addressing on by default in Exchange Online and Outlook.com:
# https://learn.microsoft.com/exchange/recipients-in-exchange-online/plus-addressing-in-exchange-online
# Its domains are different mailboxes.
_PLUS = Provider(tag="+")
# Disposable addresses base-keyword@yahoo.com: https://help.yahoo.com/kb/SLN28815.html. The base name is a nickname of
# its own, and a hyphen cannot stand in a normal Yahoo name.
_YAHOO = Provider(tag="-")
# https://support.apple.com/guide/icloud/mm6b1a9479/icloud: me.com, mac.com and icloud.com are one mailbox; plus tags.
_ICLOUD = Provider(domain="icloud.com", tag="+")
# https://proton.me/support/addresses-and-aliases: dots, hyphens and case are ignored at creation; pm.me is an alias.
_PROTON = Provider(domain="proton.me", dots=True, tag="+")
# https://www.fastmail.help/hc/en-us/articles/360060591053: plus addressing.
# https://service.mail.qq.com: foxmail.com and qq.com names are separate aliases that a user picks; no tags, no dots:
# qq.com, foxmail.com, 163.com, 126.com, sina.com have no rule here on purpose.
# https://yandex.com/support/mail/web/preferences/addresses.html: ya.ru and yandex.* are one mailbox, dots and hyphens
# in the login are the same character; plus tags.
_YANDEX = Provider(domain="yandex.ru", tag="+")

PROVIDERS: Final[dict[str, Provider]] = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), _GMAIL),
    **dict.fromkeys(
        (
            "outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.de", "outlook.fr", "hotmail.co.uk",
            "hotmail.fr", "hotmail.de", "hotmail.it", "hotmail.es", "live.co.uk", "live.fr", "live.nl",
            "fastmail.com", "fastmail.fm", "zohomail.com", "mailbox.org", "posteo.de",
        ),
        _PLUS,
    ),
    **dict.fromkeys(
        ("yahoo.com", "ymail.com", "rocketmail.com", "yahoo.co.uk", "yahoo.fr", "yahoo.de", "yahoo.it", "yahoo.es",
         "yahoo.ca", "yahoo.co.jp", "yahoo.com.br", "yahoo.com.hk", "yahoo.com.tw", "yahoo.in", "yahoo.co.in"),
        _YAHOO,
    ),
    **dict.fromkeys(("icloud.com", "me.com", "mac.com"), _ICLOUD),
    **dict.fromkeys(("proton.me", "protonmail.com", "pm.me"), _PROTON),
    **dict.fromkeys(("yandex.ru", "yandex.com", "ya.ru", "yandex.by", "yandex.kz", "yandex.ua"), _YANDEX),
}  # fmt: skip
