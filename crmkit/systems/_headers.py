"""Compare headers as people mean them: case, blanks, punctuation, width and invisible marks do not count."""

from __future__ import annotations

import functools
import re
import unicodedata

__all__ = ["fold_header", "header_parts", "header_words"]

_NOT_WORD = re.compile(r"[\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_MARKS = re.compile(r"[\u0300-\u036f]")
_LONGEST = 200
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_TWO_LANGUAGES = re.compile(
    rf"(?P<han>[{_HAN}](?:[^A-Za-z]*[{_HAN}])?)(?P<latin>[^{_HAN}]*[A-Za-z][^{_HAN}]*)"
    rf"|(?P<latin_first>[^{_HAN}]*[A-Za-z][^{_HAN}]*)(?P<han_last>[{_HAN}](?:[^A-Za-z]*[{_HAN}])?)[^\w]*"
)
"""One name in two languages: ``姓名 Name``, ``Name/姓名``, ``姓名(Name)``."""


@functools.lru_cache(maxsize=65_536)
def fold_header(header: str) -> str:
    """Return the form in which two spellings of one header are equal.

    Letters and digits only, folded to lower case and half width, accents off; a header of several hundred characters
    is somebody's note and is cut.

    Example:
        >>> fold_header(" E-Mail_Address "), fold_header("emailAddress"), fold_header("\ufeffＥmail")
        ('emailaddress', 'emailaddress', 'email')

    .. versionadded:: 0.1.0
    """
    text = header[:_LONGEST]
    if text.isascii():
        return _NOT_WORD.sub("", text.lower())
    text = _MARKS.sub("", unicodedata.normalize("NFKD", text)).casefold()
    return _NOT_WORD.sub("", unicodedata.normalize("NFKC", text))


@functools.lru_cache(maxsize=65_536)
def header_words(header: str) -> tuple[str, ...]:
    """Return the words of a header, folded; camel case, digits and punctuation part them.

    Example:
        >>> header_words("customerEmail_2 (required)")
        ('customer', 'email', '2', 'required')

    .. versionadded:: 0.1.0
    """
    text = unicodedata.normalize("NFKC", header[:_LONGEST])
    words = (fold_header(word) for part in _NOT_WORD.split(text) for word in _CAMEL.split(part))
    return tuple(word for word in words if word)


@functools.lru_cache(maxsize=65_536)
def header_parts(header: str) -> tuple[str, str] | None:
    """Return the Chinese and the Latin part of a header that has one of each; ``None`` for every other.

    Example:
        >>> header_parts("姓名 Name"), header_parts("Name/姓名"), header_parts("姓名（Name）"), header_parts("姓名")
        (('姓名', 'name'), ('姓名', 'name'), ('姓名', 'name'), None)

    .. versionadded:: 0.1.0
    """
    found = _TWO_LANGUAGES.fullmatch(header[:_LONGEST].strip())
    if found is None:
        return None
    parts = found["han"] or found["han_last"], found["latin"] or found["latin_first"]
    return fold_header(parts[0]), " ".join(header_words(parts[1]))
