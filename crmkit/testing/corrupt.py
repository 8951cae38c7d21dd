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
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import attrs

from crmkit.errors import InvalidValueError

from . import _edits
from ._worlds import world

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def _number(rng: np.random.Generator) -> int:
    # random() is the one stream that numpy keeps; a number of 53 bits feeds every choice of one edit
    return int(rng.random() * 2**53)


@attrs.frozen
class Corruptor(ABC):
    """What all corruptors are: callables on one value.

    .. versionadded:: 0.1.0
    """

    def __call__(self, value: str | None, rng: np.random.Generator) -> str | None:
        """Return the broken value; ``None`` for a missing one."""
        return None if value is None else self._edit(value, rng)

    def __add__(self, other: Corruptor) -> Chain:
        return Chain(_parts(self) + _parts(other))

    @abstractmethod
    def _edit(self, text: str, rng: np.random.Generator) -> str | None:
        """Break a text; what a subclass defines."""


def _parts(corruptor: Corruptor) -> tuple[Corruptor, ...]:
    return corruptor.steps if isinstance(corruptor, Chain) else (corruptor,)


@attrs.frozen(repr=False)
class Chain(Corruptor):
    """Several corruptors one after the other.

    .. versionadded:: 0.1.0
    """

    steps: tuple[Corruptor, ...]

    def __repr__(self) -> str:
        return " + ".join(map(repr, self.steps))

    def _edit(self, text: str, rng: np.random.Generator) -> str | None:
        value: str | None = text
        for step in self.steps:
            value = step(value, rng)
        return value


def _is_share(_: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not 0 <= value <= 1:
        raise InvalidValueError(f"{attribute.name} must be a share from 0 to 1")


@attrs.frozen
class Maybe(Corruptor):
    """A corruptor that happens with a probability.

    .. versionadded:: 0.1.0
    """

    corruptor: Corruptor
    probability: float = attrs.field(default=0.5, validator=_is_share)

    def _edit(self, text: str, rng: np.random.Generator) -> str | None:
        return self.corruptor(text, rng) if rng.random() < self.probability else text


@attrs.frozen(init=False, repr=False)
class OneOf(Corruptor):
    """One of several corruptors, all equally likely.

    .. versionadded:: 0.1.0
    """

    choices: tuple[Corruptor, ...]

    def __init__(self, *choices: Corruptor) -> None:
        if not choices:
            raise InvalidValueError("OneOf needs at least one corruptor")
        self.__attrs_init__(choices)

    def __repr__(self) -> str:
        return f"OneOf({', '.join(map(repr, self.choices))})"

    def _edit(self, text: str, rng: np.random.Generator) -> str | None:
        return self.choices[_number(rng) % len(self.choices)](text, rng)


@attrs.frozen
class Typo(Corruptor):
    """Typing errors: a key beside the right one, a letter lost, doubled, exchanged with the next, or another one.

    .. versionadded:: 0.1.0
    """

    count: int = attrs.field(default=1, validator=attrs.validators.ge(1))

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        for _ in range(self.count):
            text = _edits.typo(text, _number(rng))
        return text


@attrs.frozen
class KeyboardSlip(Corruptor):
    """The key beside the right one, on a QWERTY or Bulgarian phonetic keyboard.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        return _edits.keyboard(text, _number(rng))


@attrs.frozen
class Ocr(Corruptor):
    """A character read as one that looks like it: 0 for O, rn for m, 末 for 未.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        return _edits.confuse(text, _number(rng))


@attrs.frozen
class Swap(Corruptor):
    """Two words exchanged, or two letters of a text that is one word.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        words = text.split(" ")
        number = _number(rng)
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
        number = _number(rng)
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
        number = _number(rng)
        return f"{text[0]}{'.' * (number % 2)}" if text[:1].isalpha() else text


@attrs.frozen
class CaseNoise(Corruptor):
    """All capitals, all small letters, or capitals and small letters exchanged.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        return (text.upper(), text.lower(), text.swapcase())[_number(rng) % 3]


@attrs.frozen
class Whitespace(Corruptor):
    """Blanks where none belong: in front, behind, doubled, a no-break blank, a tabulator, a zero-width blank.

    .. versionadded:: 0.1.0
    """

    def _edit(self, text: str, rng: np.random.Generator) -> str:
        number, kind = divmod(_number(rng), 6)
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
        return _edits.alike(text, _number(rng), world("zh").homophones, world("zh").traditional)


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
        number, style = divmod(_number(rng), 5)
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
        number = _number(rng)
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
        return self.placeholders[_number(rng) % len(self.placeholders)]


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


def apply(
    corruptor: Corruptor, values: Sequence[str | None], rng: np.random.Generator, *, share: float = 1.0
) -> tuple[list[str | None], list[int]]:
    """Break a share of a column.

    Args:
        corruptor: What to do.
        values: The column; not changed.
        rng: Where the randomness comes from.
        share: Probability for each value.

    Returns:
        The new column, and the positions whose value is another one now.

    Raises:
        InvalidValueError: ``share`` is outside 0 to 1.

    Example:
        >>> import numpy as np
        >>> apply(Truncate(3), ["Anna", None, "Bo"], np.random.default_rng(0))
        (['Ann', None, 'Bo'], [0])

    .. versionadded:: 0.1.0
    """
    maybe = Maybe(corruptor, share)
    out = [maybe(value, rng) for value in values]
    return out, [row for row, (old, new) in enumerate(zip(values, out, strict=True)) if old != new]
