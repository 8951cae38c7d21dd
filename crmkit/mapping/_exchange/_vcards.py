"""vCards, 2.1 to 4.0, as a table and back; vobject reads and writes them.

One column holds one value: ``N.family`` and ``ADR.street`` are parts, ``TEL.cell`` is a phone by its type, and a second
value of a name is ``EMAIL.2``. Properties that no preset knows have a column as well.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from crmkit import frames
from crmkit._optional import require
from crmkit.errors import FormatError, NotFoundError
from crmkit.records import RecordSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from crmkit.typing import Frame

__all__ = ["read_vcards", "to_vcards"]

_HEAD = re.compile(
    r'(?:[\w-]++\.)?+[\w-]++(?:;[\w-]++(?:=(?:"[^"]*+"|[^";:,]*+)(?:,(?:"[^"]*+"|[^";:,]*+))*+)?+)*+:', re.ASCII
)
"""What stands before the value of a line: group, name, parameters. vobject takes the same, and time without end to
find that a line is not so."""
_LINE_END = re.compile(r"\r\n|\r|\n")
_NAME_PARTS: Final = ("family", "given", "additional", "prefix", "suffix")
_ADDRESS_PARTS: Final = {
    "pobox": "box", "extended": "extended", "street": "street", "locality": "city", "region": "region",
    "code": "code", "country": "country",
}  # fmt: skip
"""Ours to vobject's."""
_TYPES: Final = ("fax", "cell", "home", "work")
_PART = re.compile(r"([A-Z][A-Z0-9-]*)(?:\.([a-z]+))?(?:\.(\d+))?\Z")
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)\Z", re.ASCII)
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?Z\Z", re.ASCII)


def read_vcards(source: str | bytes | Path, *, encoding: str = "utf-8-sig") -> RecordSet:
    r"""Read vCards into a table whose columns :func:`crmkit.mapping.preset` of ``vcard`` knows.

    Args:
        source: The text of one or more cards, its bytes, or the path of a file.
        encoding: Of bytes and files.

    Returns:
        One row a card, every cell text or ``None``.

    Raises:
        MissingDependencyError: vobject is not installed.
        FormatError: No card, or one that cannot be read; ``.location`` numbers it.

    Example:
        >>> from crmkit import mapping
        >>> card = "BEGIN:VCARD\nVERSION:4.0\nFN:Ann Okafor\nTEL;TYPE=cell:tel:+12125550123\nEND:VCARD\n"
        >>> mapping.read_vcards(card).to_dicts()
        [{'FN': 'Ann Okafor', 'TEL.cell': '+12125550123'}]

    Source:
        RFC 6350 (4.0), RFC 2426 (3.0).

    .. versionadded:: 0.1.0
    """
    vobject = require("vobject", extra="vcard", what="read_vcards")
    cards = _cards(_text(source, encoding))
    rows = [_read(vobject, card, place) for place, card in enumerate(cards, 1)]
    names = dict.fromkeys(name for row in rows for name in row)
    return RecordSet({name: [row.get(name) for row in rows] for name in names})


def to_vcards(frame: Frame, *, version: Literal["3.0", "4.0"] = "4.0") -> str:
    r"""Write a table as vCards: what :func:`read_vcards` reads, or ``preset("vcard").inverse()`` makes.

    Args:
        frame: Columns named as the preset names them; others, that are no names of properties, become ``X-`` ones.
        version: Of the cards.

    Returns:
        One card a row, lines ended by CRLF. A card without ``FN`` gets it from the parts of the name, the company or
        the e-mail, because the standard demands one.

    Raises:
        MissingDependencyError: vobject is not installed.
        NotFoundError: Unknown version.
        SchemaError: Not a frame.

    Example:
        >>> from crmkit import mapping
        >>> people = [{"given_name": "Ann", "family_name": "Okafor", "birth_date": "1990-04-12"}]
        >>> rows, _ = mapping.preset("vcard").inverse().apply(people)
        >>> print(mapping.to_vcards(rows).replace("\r", ""))
        BEGIN:VCARD
        VERSION:4.0
        BDAY:19900412
        FN:Ann Okafor
        N:Okafor;Ann;;;
        END:VCARD
        <BLANKLINE>

    .. versionadded:: 0.1.0
    """
    vobject = require("vobject", extra="vcard", what="to_vcards")
    if version not in ("3.0", "4.0"):
        raise NotFoundError.of("version of vCard", version, ("3.0", "4.0"))
    table = frames.read(frame)
    columns = {name: table.texts(name).rows() for name in table.columns}
    cards = []
    for row in range(len(table)):
        cells = {name: str(cells[row]) for name, cells in columns.items() if cells[row] not in (None, "")}
        cards.append(_write(vobject, cells, version))
    return "".join(cards)


# -- reading ----------------------------------------------------------------------------------------------------------


def _text(source: str | bytes | Path, encoding: str) -> str:
    if isinstance(source, Path):
        source = source.read_bytes()
    if isinstance(source, bytes):
        try:
            return source.decode(encoding)
        except UnicodeDecodeError:
            raise FormatError(f"the bytes are not {encoding}; name another encoding", location="vCard") from None
    return source.removeprefix("\ufeff")


def _cards(text: str) -> list[str]:
    """Return the cards of a text, each with its lines unfolded, in one pass."""
    cards: list[list[str]] = []
    is_open = False
    for line in _unfolded(text):
        mark = line.rstrip().upper()
        if mark == "BEGIN:VCARD":
            if is_open:
                break
            cards.append([])
            is_open = True
        if not is_open:
            continue
        if _HEAD.match(line) is None:
            raise FormatError("a vCard that cannot be read", location=f"card {len(cards)}")
        cards[-1].append(line)
        is_open = mark != "END:VCARD"
    if is_open or not cards:
        raise FormatError("no vCard, or one without an end", location=f"card {max(len(cards), 1)}")
    return ["\n".join(card) + "\n" for card in cards]


def _unfolded(text: str) -> Iterator[str]:
    """Yield the lines that are not blank, with those that continue them (RFC 6350, 3.2; in 2.1 a ``=`` at the end)."""
    parts: list[str] = []
    is_quoted = is_soft = False
    for line in _LINE_END.split(text):
        if is_soft:
            parts[-1] = parts[-1][:-1]
            parts.append(line)
        elif parts and line[:1] in (" ", "\t"):
            parts.append(line[1:])
        else:
            if parts:
                yield "".join(parts)
            parts = [line] if line.strip() else []
            is_quoted = "quoted-printable" in line.lower()
        is_soft = is_quoted and line.endswith("=")
    if parts:
        yield "".join(parts).removesuffix("=" if is_soft else "")


def _read(vobject: Any, card: str, place: int) -> dict[str, str]:
    try:
        [parsed] = list(vobject.readComponents(card, allowQP=True))
        lines = list(parsed.getChildren())
    except Exception:  # noqa: BLE001 - vobject lets many kinds through, and its messages hold values
        raise FormatError("a vCard that cannot be read", location=f"card {place}") from None
    row: dict[str, str] = {}
    for line in sorted(lines, key=_preference):
        name = str(line.name).upper()
        if name != "VERSION":
            _place(row, name, line)
    return row


def _preference(line: Any) -> int:
    """Put preferred values first: PREF=1 in 4.0, TYPE=pref in 3.0."""
    preferred = [str(value) for value in line.params.get("PREF", ())]
    if preferred and preferred[0].isdigit():
        return int(preferred[0])
    return 1 if "pref" in _types(line) else 101


def _types(line: Any) -> list[str]:
    given = [*line.params.get("TYPE", ()), *getattr(line, "singletonparams", ())]
    return [word.strip().lower() for value in given for word in str(value).split(",")]


def _place(row: dict[str, str], name: str, line: Any) -> None:
    value = line.value
    if name == "N" and hasattr(value, "family"):
        parts = {f"N.{part}": _joined(getattr(value, part)) for part in _NAME_PARTS}
        row.update({column: text for column, text in parts.items() if text and column not in row})
        return
    if name == "ADR" and hasattr(value, "street"):
        number = _free(row, lambda suffix: [f"ADR.{part}{suffix}" for part in _ADDRESS_PARTS])
        for part, theirs in _ADDRESS_PARTS.items():
            if text := _joined(getattr(value, theirs)):
                row[f"ADR.{part}{number}"] = text
        return
    if name == "ORG" and isinstance(value, list):
        number = _free(row, lambda suffix: [f"ORG{suffix}", f"ORG.unit{suffix}"])
        if value[0]:
            row[f"ORG{number}"] = str(value[0])
        if unit := "; ".join(str(part) for part in value[1:] if part):
            row[f"ORG.unit{number}"] = unit
        return
    if name == "TEL":
        kinds = _types(line)
        name = f"TEL.{next((kind for kind in _TYPES if kind in kinds), 'voice')}"
        value = str(value).removeprefix("tel:")
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    if text:
        row[f"{name}{_free(row, lambda suffix: [f'{name}{suffix}'])}"] = text


def _joined(value: object) -> str:
    return ", ".join(str(part) for part in value if part) if isinstance(value, list) else str(value or "")


def _free(row: Mapping[str, str], names: Any) -> str:
    """Return the first suffix under which the row has none of the names."""
    number = 1
    suffix = ""
    while any(name in row for name in names(suffix)):
        number += 1
        suffix = f".{number}"
    return suffix


# -- writing ----------------------------------------------------------------------------------------------------------


def _write(vobject: Any, cells: Mapping[str, str], version: str) -> str:
    card = vobject.vCard()
    card.add("version").value = version
    names = {part: cells.get(f"N.{part}", "") for part in _NAME_PARTS}
    card.add("n").value = vobject.vcard.Name(**names)
    if "FN" not in cells:
        whole = " ".join(part for part in (names["prefix"], names["given"], names["family"]) if part)
        card.add("fn").value = whole or cells.get("ORG") or cells.get("EMAIL") or ""
    for suffix in _suffixes(cells, "ADR"):
        parts = {theirs: cells.get(f"ADR.{part}{suffix}", "") for part, theirs in _ADDRESS_PARTS.items()}
        if any(parts.values()):
            card.add("adr").value = vobject.vcard.Address(**parts)
    for suffix in _suffixes(cells, "ORG"):
        parts_of = [cells.get(f"ORG{suffix}", ""), cells.get(f"ORG.unit{suffix}", "")]
        if any(parts_of):
            card.add("org").value = parts_of if parts_of[1] else parts_of[:1]
    for column, value in cells.items():
        match = _PART.match(column)
        name, part = (
            (match[1], match[2]) if match else ("X-" + re.sub(r"[^A-Z0-9]+", "-", column.upper()).strip("-"), None)
        )
        if name in ("N", "ADR", "ORG") and match:
            continue
        line = card.add(name.lower())
        line.value = _written(name, value, version)
        if name == "TEL" and part and part != "voice":
            line.type_param = part
    return str(card.serialize(validate=False)).replace("\r\n", "\n").replace("\n", "\r\n")


def _written(name: str, value: str, version: str) -> Any:
    if name == "CATEGORIES":
        return [part.strip() for part in value.split(",") if part.strip()]
    if version == "4.0" and name in ("BDAY", "ANNIVERSARY") and (day := _DAY.match(value)):
        return "".join(day.groups())
    if version == "4.0" and name == "REV" and (moment := _MOMENT.match(value)):
        year, month, day_of, hour, minute, second = moment.groups()
        return f"{year}{month}{day_of}T{hour}{minute}{second}Z"
    return value


def _suffixes(cells: Iterable[str], name: str) -> list[str]:
    found = {
        f".{match[3]}" if match[3] else "" for column in cells if (match := _PART.match(column)) and match[1] == name
    }
    return sorted(found, key=lambda suffix: (len(suffix), suffix))
