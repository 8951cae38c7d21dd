"""Typing errors in e-mail domains: conservative, with a confidence.

A domain is called a typing error only if it is not a known provider, not a company's plausible own domain, and one
small slip away from a provider that many people use. What a slip is: a neighbor on the keyboard, two letters swapped,
one letter missing, doubled or too many, or a top-level domain that does not exist (``.con``, ``.cmo``).
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from crmkit._tables import read_set

from ._syntax import MAX_INPUT, parse

POPULAR = (
    "gmail.com", "qq.com", "163.com", "126.com", "hotmail.com", "outlook.com", "yahoo.com", "icloud.com", "sina.com",
    "sohu.com", "foxmail.com", "139.com", "live.com", "aol.com", "msn.com", "comcast.net", "gmx.de", "web.de",
    "t-online.de", "googlemail.com", "verizon.net", "sbcglobal.net", "orange.fr", "wanadoo.fr", "free.fr",
    "hotmail.co.uk", "yahoo.co.uk", "hotmail.fr", "yahoo.fr", "btinternet.com", "libero.it", "aliyun.com",
    "protonmail.com", "mail.ru", "yandex.ru", "yahoo.co.jp", "yahoo.com.br", "hotmail.com.br", "rediffmail.com",
    "yahoo.co.in", "yahoo.com.tw", "yahoo.com.hk", "bigpond.com",
)  # fmt: skip
"""Domains that a typing error is corrected to: those in wide use, so that a slip is likelier than a rare domain."""

# Top-level domains that do not exist (IANA root zone database, 2026-11) and are one slip away from one that does.
# .co, .cm, .om, .cam, .bet and the like exist, so they are not here: only a known provider makes them an error.
_TOP_LEVEL = {
    "con": "com", "cmo": "com", "ocm": "com", "vom": "com", "xom": "com", "coom": "com", "comm": "com", "cpm": "com",
    "clm": "com", "cim": "com", "cok": "com", "c0m": "com", "comn": "com", "conm": "com", "colm": "com", "ccom": "com",
    "cpom": "com",
    "ner": "net", "nte": "net", "nett": "net", "ney": "net", "nry": "net", "ogr": "org", "orgg": "org", "rog": "org",
}  # fmt: skip
_SECOND_LEVEL_FOR = {"co": "com", "cm": "com", "om": "com", "cmo": "com", "con": "com", "ne": "net"}

_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")
_MAX_DOMAIN = 64
_MOST_LETTERS_TOO_MANY = 6  # "www.", one letter and a dot
# Letters that NFKD leaves and that look like Latin ones (Unicode Technical Standard 39, confusables).
_LOOKALIKES = str.maketrans("ıɩɡаеорсухіјѕԛ\u03bf", "iigaeopcyxijsqo")
_SHORTEST_NAME = 5  # qq, 163, sina: a slip in a shorter name gives another real one too often


@cache
def _known() -> frozenset[str]:
    return read_set("free_mail_domains.txt") | read_set("disposable_domains.txt")


@cache
def _by_letter() -> dict[str, tuple[str, ...]]:
    letters = {meant[0] for meant in POPULAR}
    return {letter: tuple(meant for meant in POPULAR if meant[0] == letter) for letter in letters}


@cache
def _neighbors() -> dict[str, str]:
    found: dict[str, str] = {}
    for number, row in enumerate(_ROWS):
        for place, char in enumerate(row):
            near = row[max(0, place - 1) : place] + row[place + 1 : place + 2]
            for other in _ROWS[max(0, number - 1) : number] + _ROWS[number + 1 : number + 2]:
                near += other[max(0, place - 1) : place + 2]
            found[char] = near
    return found


def _slip(typed: str, meant: str) -> float:
    """Return how surely ``typed`` is ``meant`` with one slip of the finger; 0 if it is not one."""
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    a, b = typed[start:], meant[start:]
    if len(a) == len(b) and len(a) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:]:
        return 0.97  # swapped
    if start == 0:
        return 0.0  # the first letter makes another name: ymail, email, fmail
    if a == b[1:]:
        return 0.9  # missing: gmal, hotmal; such a domain may well be somebody's
    if a[1:] == b:
        return 0.96 if a[0] == typed[start - 1] else 0.88  # doubled, too many
    if a[1:] == b[1:] and a and b:
        return 0.9 if a[0] in _neighbors().get(b[0], "") else 0.85  # another key
    return 0.0


def is_far_from_slips(name: str) -> bool:
    """Say quickly that :func:`domain` says nothing of a plain domain in lower case; for bulk work.

    Example:
        >>> is_far_from_slips("example.com"), is_far_from_slips("gmail.con")
        (True, False)
    """
    if name in _known() or name in _POPULAR:
        return True
    label = name[: name.find(".")]
    if label == "www" or name[name.rfind(".") + 1 :] in _TOP_LEVEL or name.replace(".", "") in _undotted():
        return False
    near = _near_lengths()
    return len(label) not in near.get(name[0], ()) and len(label) not in near.get(name[1], ())


_POPULAR = frozenset(POPULAR)


@cache
def _undotted() -> frozenset[str]:
    return frozenset(meant.replace(".", "") for meant in POPULAR)


@cache
def _near_lengths() -> dict[str, frozenset[int]]:
    """Return for each letter how long a name is that one slip may turn into a popular one with that letter."""
    found: dict[str, set[int]] = {}
    for meant in POPULAR:
        length = meant.find(".")
        found.setdefault(meant[0], set()).update((length - 1, length, length + 1))
    return {letter: frozenset(lengths) for letter, lengths in found.items()}


@lru_cache(maxsize=4096)
def domain(typed: str) -> tuple[str, float] | None:
    """Return the domain that was probably meant by ``typed``, and how sure that is.

    Example:
        >>> domain("gmail.con"), domain("ymail.com"), domain("example.com")
        (('gmail.com', 0.98), None, None)
    """
    name = typed.strip(" #.,;:<>()[]'\"").lower().replace(",", ".")
    while ".." in name:
        name = name.replace("..", ".")
    if not name or len(name) > _MAX_DOMAIN:
        return None
    if not name.isascii():
        lookalike = _latin(name)
        return (lookalike, 0.9) if lookalike in POPULAR else None
    known = _known()
    if name in known or name in POPULAR:
        return None if name == typed.strip().lower() else (name, 0.97)
    # Another first letter makes another name, unless it was swapped with the second one.
    start = name.removeprefix("www.")[:2]
    longest = len(name) - _MOST_LETTERS_TOO_MANY
    meant_by = [
        meant for letter in dict.fromkeys(start) for meant in _by_letter().get(letter, ()) if len(meant) >= longest
    ]
    best = max((_provider(name, meant) for meant in meant_by), default=("", 0.0), key=lambda found: found[1])
    if best[1] > 0:
        return best
    head, _, top = name.rpartition(".")
    if head and top in _TOP_LEVEL:
        fixed = f"{head}.{_TOP_LEVEL[top]}"
        return fixed, 0.97 if fixed in known else 0.9
    return None if name == typed.strip().lower() or "." not in name else (name, 0.9)


def _latin(name: str) -> str:
    """Return the domain in plain letters: no provider in wide use has others."""
    return "".join(
        char for char in unicodedata.normalize("NFKD", name.translate(_LOOKALIKES)) if not unicodedata.combining(char)
    )


def _provider(name: str, meant: str) -> tuple[str, float]:
    """Return ``meant`` with the confidence that ``name`` is a slip of it, 0 if not."""
    good, _, good_top = meant.partition(".")
    if name == good + good_top or name.replace(".", "") == good + good_top:
        return meant, 0.97  # the dot is missing, or in the wrong place
    if name == good and len(good) >= _SHORTEST_NAME:
        return meant, 0.85  # the ending is missing
    if name.removeprefix("www.") == meant:
        return meant, 0.9
    typed, _, top = name.partition(".")
    ending = 0.98 if top != good_top and _TOP_LEVEL.get(top) == good_top else 0.0
    if not ending and _SECOND_LEVEL_FOR.get(top) == good_top:
        ending = 0.9
    if typed == good:
        return meant, ending if len(good) >= _SHORTEST_NAME or ending > 0.9 else 0.0
    if len(good) < _SHORTEST_NAME or (top != good_top and not ending):
        return meant, 0.0
    slip = _slip(typed, good)
    return meant, round(slip * (ending or 1.0), 2)


def suggest(text: str) -> tuple[str, float] | None:
    """Return the whole address that was probably meant; see ``emails.suggest``."""
    if len(text) > MAX_INPUT:
        return None
    local, sign, typed = text.rpartition("@")
    local = local.rstrip("@ ")
    if not sign or not local:
        return None
    found = domain(typed)
    if found is None:
        return None
    parsed = parse(f"{local}@{found[0]}")
    return None if parsed is None else (parsed.normalized, found[1])
