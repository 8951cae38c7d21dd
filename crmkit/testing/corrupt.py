"""Break single values the way people, scanners and exports do.

A corruptor is a frozen object that is called with a text and a numpy ``Generator``; ``None`` stays ``None``, and a text
that has nothing to break stays as it is. Corruptors print as they are written, compare, pickle, and combine:
``Typo() + CaseNoise()`` does both, ``Maybe(Typo(), 0.3)`` sometimes, ``OneOf(Nickname(), Initial())`` one of them.

Example:
    >>> import numpy as np
    >>> rng = np.random.default_rng(7)
    >>> corruptor = Nickname() + CaseNoise()
    >>> corruptor
    Nickname() + CaseNoise()
    >>> corruptor("William", rng).lower() in {"bill", "will", "billy", "liam"}
    True
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import attrs

from ._corruptor import Chain, Corruptor, Maybe, OneOf, apply, number_from
from ._generator import _edits
from ._generator._worlds import world

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "CaseNoise",
    "Chain",
    "Corruptor",
    "DateFormat",
    "DropValue",
    "FullWidth",
    "Homophone",
    "Initial",
    "KeyboardSlip",
    "Maybe",
    "Mojibake",
    "Nickname",
    "Ocr",
    "OneOf",
    "PhoneFormat",
    "StripAccents",
    "Swap",
    "Truncate",
    "Typo",
    "Whitespace",
    "apply",
]


@attrs.frozen
class Typo(Corruptor):
    """Typing errors: a key beside the right one, a letter lost, doubled, exchanged with the next, or another one.

    .. versionadded:: 0.1.0
    """

    count: int = attrs.field(default=1, validator=attrs.validators.ge(1))

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        for _ in range(self.count):
            text = _edits.typo(text, number_from(rng))
        return text


@attrs.frozen
class KeyboardSlip(Corruptor):
    """The key beside the right one, on a QWERTY or Bulgarian phonetic keyboard.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        return _edits.keyboard(text, number_from(rng))


@attrs.frozen
class Ocr(Corruptor):
    """A character read as one that looks like it: 0 for O, rn for m, 末 for 未.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        return _edits.confuse(text, number_from(rng))


@attrs.frozen
class Swap(Corruptor):
    """Two words exchanged, or two letters of a text that is one word.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        words = text.split(" ")
        number = number_from(rng)
        if len(words) < 2:
            return _edits.transpose(text, number)
        at = number % (len(words) - 1)
        words[at], words[at + 1] = words[at + 1], words[at]
        return " ".join(words)


@attrs.frozen
class Nickname(Corruptor):
    """The short form of a given name: Bill for William, Paco for Francisco, Гошо for Георги.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        number = number_from(rng)
        short = [
            form for code in ("en", "de", "fr", "es", "bg") for form in world(code).nicknames.get(text.title(), ())
        ]
        return short[number % len(short)] if short else text


@attrs.frozen
class Initial(Corruptor):
    """A given name shortened to its first letter, with or without a full stop.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        number = number_from(rng)
        return f"{text[0]}{'.' * (number % 2)}" if text[:1].isalpha() else text


@attrs.frozen
class CaseNoise(Corruptor):
    """All capitals, all small letters, or capitals and small letters exchanged.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        return (text.upper(), text.lower(), text.swapcase())[number_from(rng) % 3]


@attrs.frozen
class Whitespace(Corruptor):
    """Blanks where none belong: in front, behind, doubled, a no-break blank, a tabulator, a zero-width blank.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        number, kind = divmod(number_from(rng), 6)
        at = number % (len(text) + 1)
        if kind == 5:
            return f"{text[:at]}\u200b{text[at:]}"
        return (f" {text}", f"{text} ", f"{text}\u00a0", f"{text}\t", f"{text.replace(' ', '  ')} ")[kind]


@attrs.frozen
class FullWidth(Corruptor):
    """ASCII typed with a Chinese or Japanese input method: ＡＢＣ１２３.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:  # noqa: ARG002 - there is nothing to choose
        return "".join(
            chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else "\u3000" if sign == " " else sign for sign in text
        )


@attrs.frozen
class Homophone(Corruptor):
    """A Chinese character that sounds alike (伟 for 炜), or its traditional form.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        return _edits.alike(text, number_from(rng), world("zh").homophones, world("zh").traditional)


@attrs.frozen
class StripAccents(Corruptor):
    """Accents lost: Munoz for Muñoz.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:  # noqa: ARG002 - there is nothing to choose
        bare = "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
        return unicodedata.normalize("NFC", bare)


@attrs.frozen
class PhoneFormat(Corruptor):
    """The same digits with other blanks, hyphens and brackets.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        digits = [sign for sign in text if sign.isdigit()]
        if len(digits) < 6:
            return text
        number, style = divmod(number_from(rng), 5)
        size = 2 + number % 3
        separator = ("", " ", "-", ".", "/")[style]
        groups = ["".join(digits[at : at + size]) for at in range(0, len(digits), size)]
        return ("+" if text.lstrip().startswith("+") else "") + separator.join(groups)


_DATE_STYLES = (
    "{d:02d}.{m:02d}.{y}",
    "{m:02d}/{d:02d}/{y}",
    "{d:02d}/{m:02d}/{y}",
    "{y}/{m}/{d}",
    "{y}年{m}月{d}日",
    "{y}{m:02d}{d:02d}",
)


@attrs.frozen
class DateFormat(Corruptor):
    """An ISO date written another way; other texts stay.

    Attributes:
        styles: Format strings with ``y``, ``m`` and ``d``.

    .. versionadded:: 0.1.0
    """

    styles: tuple[str, ...] = attrs.field(default=_DATE_STYLES)

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        number = number_from(rng)
        parts = text.split("-")
        if [len(part) for part in parts] != [4, 2, 2] or not "".join(parts).isascii() or not "".join(parts).isdigit():
            return text
        year, month, day = map(int, parts)
        return self.styles[number % len(self.styles)].format(y=f"{year:04d}", m=month, d=day)


@attrs.frozen
class DropValue(Corruptor):
    """The value lost: missing, or replaced by a text that stands for missing.

    Attributes:
        placeholders: What may stand there instead; ``None`` is a missing value.

    .. versionadded:: 0.1.0
    """

    placeholders: tuple[str | None, ...] = attrs.field(default=(None,))

    def _edit(self, text: str, rng: np.random.Generator) -> str | None:  # noqa: ARG002 - the value is lost
        return self.placeholders[number_from(rng) % len(self.placeholders)]


@attrs.frozen
class Mojibake(Corruptor):
    """Bytes written in one encoding and read in another; a text that cannot be written so stays.

    .. versionadded:: 0.1.0
    """

    written: str = "utf-8"
    read: str = "latin-1"

    def _edit(self, text: str, rng: np.random.Generator) -> str:  # noqa: ARG002 - there is nothing to choose
        try:
            return text.encode(self.written).decode(self.read)
        except UnicodeError:
            return text


@attrs.frozen
class Truncate(Corruptor):
    """A text cut to the length of somebody's database field.

    .. versionadded:: 0.1.0
    """

    length: int = attrs.field(default=20, validator=attrs.validators.ge(1))

    def _edit(self, text: str, rng: np.random.Generator) -> str:  # noqa: ARG002 - there is nothing to choose
        return text[: self.length]
