"""The log as a file: JSON Lines, chained, with values beside the chain so that they can be erased.

Specified byte by byte in ``docs/reference/formats.md``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from json.encoder import encode_basestring_ascii as _text
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmkit.errors import FormatError, SchemaError, TamperedLogError
from crmkit.frames import StoredRow, StoredRows, decode_cell, encode_cell

from ._columns import FORMAT, KINDS, VERSION, Codes, Header, Lines

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

_SALT: Final = 16
_START: Final = "0" * 64
_ENCODE: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode
_BODY: Final = (
    "change_id", "run_id", "kind", "record_id", "row", "path", "type", "rule", "rule_version", "confidence", "by", "at",
    "reason", "survivor", "digest", "prev",
)  # fmt: skip
_SIDE: Final = ("before", "after", "salt")


class Seal:
    """What was written down about each line: a salt, and the digest that the chain runs over."""

    __slots__ = ("digests", "salts")

    def __init__(self, salts: list[bytes | None], digests: list[str]) -> None:
        self.salts = salts
        self.digests = digests

    def erase(self, line: int) -> None:
        """Forget the salt of a line, without which its digest says nothing."""
        self.salts[line] = None

    def verify(self, lines: Lines) -> None:
        """Raise unless every value is the one that its digest was made of."""
        for line, (salt, digest) in enumerate(zip(self.salts, self.digests, strict=True)):
            if salt is not None and not hmac.compare_digest(_digest(salt, *_sides(lines, line)[1:]), digest):
                raise TamperedLogError("the value is not the one that was written down", location=f"line {line + 2}")


def seal(lines: Lines) -> Seal:
    """Draw salts and make digests of all lines; write down the types, which stay when values are erased."""
    noise = secrets.token_bytes(_SALT * len(lines))
    salts: list[bytes | None] = [noise[start : start + _SALT] for start in range(0, len(noise), _SALT)]
    digests, types = [], []
    for line in range(len(lines)):
        kind, before, after = _sides(lines, line)
        types.append(kind)
        digests.append(_digest(noise[_SALT * line : _SALT * (line + 1)], before, after))
    lines.types = types
    return Seal(salts, digests)


def _sides(lines: Lines, line: int) -> tuple[str, str, str]:
    """Return the type, and ``before`` and ``after`` as JSON."""
    before, after = lines.before_of(line), lines.after[line]
    try:
        if isinstance(before, StoredRow):
            row: dict[str, object] = {"cells": [[name, *encode_cell(cell)] for name, cell in before.cells.items()]}
            if before.label is not None:
                row["label"] = encode_cell(before.label)
            return "row", _ENCODE(row), _ENCODE(after)
        before_type, before_text = encode_cell(before)
        after_type, after_text = encode_cell(after)
    except SchemaError as error:
        where = f"row {lines.row[line]}" + (f", column {lines.path[line]!r}" if lines.path[line] else "")
        raise SchemaError(f"{where}: {error}") from None
    kind = before_type if before_type == after_type else f"{before_type}>{after_type}"
    return kind, _json(before_text), _json(after_text)


def _json(text: str | None) -> str:
    return "null" if text is None else _text(text)


def _digest(salt: bytes, before: str, after: str) -> str:
    first = before.encode("ascii")
    message = len(first).to_bytes(8, "big") + first + after.encode("ascii")
    return hmac.digest(salt, message, "sha256").hex()


def write_file(path: str | os.PathLike[str], header: Header, lines: Lines, sealed: Seal) -> None:
    """Write a log; the file is there whole or not at all."""
    target = Path(path)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("w", encoding="ascii", newline="\n") as file:
            file.writelines(_written(header, lines, sealed))
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _written(header: Header, lines: Lines, sealed: Seal) -> Iterator[str]:
    first = _ENCODE(
        {
            "format": FORMAT,
            "version": VERSION,
            "run_id": header.run_id,
            "at": header.at,
            "by": header.by,
            "reason": header.reason,
            "key": header.key,
            "unique_key": header.unique_key,
            "layout": header.layout,
            "twins": header.twins,
        }
    )
    yield first + "\n"
    previous = _hash(first)
    run = _text(header.run_id)[1:-1]
    who = f'"by":{_json(header.by)},"at":{_text(header.at)}'
    kinds, paths, rules, versions, reasons = (
        [_json(value) for value in column.values]
        for column in (lines.kind, lines.path, lines.rule, lines.rule_version, lines.reason)
    )
    for line in range(len(lines)):
        kind, before, after = _sides(lines, line) if not lines.redacted[line] else (lines.type_of(line), "", "")
        confidence, survivor = float(lines.confidence[line]), int(lines.survivor[line])
        body = (
            f'{{"change_id":"{run}-{line}","run_id":"{run}","kind":{kinds[lines.kind.codes[line]]},'
            f'"record_id":{_json(lines.record_id[line])},"row":{lines.row[line]},'
            f'"path":{paths[lines.path.codes[line]]},"type":{_text(kind)},"rule":{rules[lines.rule.codes[line]]},'
            f'"rule_version":{versions[lines.rule_version.codes[line]]},'
            f'"confidence":{"null" if confidence != confidence else repr(confidence)},{who},'
            f'"reason":{reasons[lines.reason.codes[line]]},"survivor":{"null" if survivor < 0 else survivor},'
            f'"digest":"{sealed.digests[line]}","prev":"{previous}"'
        )
        previous = _hash(body + "}")
        salt = sealed.salts[line]
        side = "" if salt is None else f',"before":{before},"after":{after},"salt":"{salt.hex()}"'
        yield f"{body}{side}}}\n"
    yield _last(len(lines), previous) + "\n"


def _last(count: int, previous: str) -> str:
    return _ENCODE({"end": FORMAT, "lines": count, "prev": previous})


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode("ascii")).hexdigest()


def read_file(path: str | os.PathLike[str]) -> tuple[Header, Lines, Seal]:
    """Read a log and check all of it."""
    with Path(path).open("rb") as file:
        header, first = _read_header(file.readline())
        records: list[dict[str, Any]] = []
        previous, ended = _hash(first), False
        for number, raw in enumerate(file, start=2):
            if ended:
                raise TamperedLogError("there is more after the end", location=f"line {number}")
            text, record = _parsed(raw, number)
            if "end" in record:
                if text != _last(len(records), previous):
                    raise TamperedLogError("the end does not close this chain", location=f"line {number}")
                ended = True
                continue
            previous = _checked(text, record, previous, number, header)
            records.append(record)
    if not ended:
        raise TamperedLogError("the log is cut off", location=f"line {len(records) + 2}")
    return (
        header,
        _lines(records, header),
        Seal(
            [bytes.fromhex(record["salt"]) if "salt" in record else None for record in records],
            [record["digest"] for record in records],
        ),
    )


def _read_header(raw: bytes) -> tuple[Header, str]:
    try:
        text, first = _parsed(raw, 1)
    except TamperedLogError:
        raise FormatError("not a change log: its first line is not the header of one", location="line 1") from None
    if first.get("format") != FORMAT:
        raise FormatError("not a change log: its first line is not the header of one", location="line 1")
    if first.get("version") != VERSION:
        raise FormatError(f"a change log of version {first.get('version')!r}; this is crmkit for version {VERSION}")
    if _ENCODE(first) != text:
        raise TamperedLogError("the header was edited", location="line 1")
    try:
        layout = first["layout"]
        if not isinstance(layout["rows"], int) or not all(isinstance(name, str) for name, _ in layout["columns"]):
            raise TypeError  # noqa: TRY301 - one way out for everything that is not whole
        return Header(
            run_id=first["run_id"],
            at=first["at"],
            by=first["by"],
            reason=first["reason"],
            key=first["key"],
            unique_key=first["unique_key"],
            layout=layout,
            twins=tuple((int(row), int(loser)) for row, loser in first["twins"]),
        ), text
    except (KeyError, TypeError, ValueError):
        raise TamperedLogError("the header is not whole", location="line 1") from None


def _parsed(raw: bytes, number: int) -> tuple[str, dict[str, Any]]:
    try:
        text = raw.decode("ascii")
        record = json.loads(text)
    except (ValueError, RecursionError):
        raise TamperedLogError("not a line of a change log", location=f"line {number}") from None
    if not text.endswith("\n") or not isinstance(record, dict):
        raise TamperedLogError("not a line of a change log", location=f"line {number}")
    return text[:-1], record


def _checked(text: str, record: dict[str, Any], previous: str, number: int, header: Header) -> str:
    """Check one line against the chain and its own digest; return what the next line must name."""
    names = tuple(record)
    body = {name: record[name] for name in _BODY if name in record}
    if names not in {_BODY, _BODY + _SIDE} or _ENCODE(record) != text or record["kind"] not in KINDS:
        raise TamperedLogError("not a line of a change log", location=f"line {number}")
    if record["prev"] != previous or record["run_id"] != header.run_id:
        raise TamperedLogError("does not follow the line before it", location=f"line {number}")
    if "salt" in record:
        try:
            salt = bytes.fromhex(record["salt"])
        except (ValueError, TypeError):
            raise TamperedLogError("not a line of a change log", location=f"line {number}") from None
        if _digest(salt, _ENCODE(record["before"]), _ENCODE(record["after"])) != record["digest"]:
            raise TamperedLogError("the value is not the one that was written down", location=f"line {number}")
    return _hash(_ENCODE(body))


def _lines(records: list[dict[str, Any]], header: Header) -> Lines:
    rows: list[StoredRow] = []
    befores: list[Any] = []
    afters: list[Any] = []
    try:
        for record in records:
            if "salt" not in record:
                befores.append(None)
                afters.append(None)
            elif record["kind"] == "merge":
                befores.append(len(rows))
                afters.append(record["after"])
                rows.append(_row(record["before"]))
            else:
                before_type, _, after_type = record["type"].partition(">")
                befores.append(decode_cell(before_type, record["before"]))
                afters.append(decode_cell(after_type or before_type, record["after"]))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError("a line of the change log holds something else than its type says") from None
    n = len(records)
    layout_columns: Any = header.layout["columns"]
    stored = StoredRows.of(rows, names=[name for name, _ in layout_columns])
    return Lines(
        kind=Codes(record["kind"] for record in records),
        row=np.fromiter((record["row"] for record in records), dtype=np.int64, count=n),
        path=Codes(record["path"] for record in records),
        before=befores,
        after=afters,
        record_id=[record["record_id"] for record in records],
        survivor=np.fromiter(
            (-1 if record["survivor"] is None else record["survivor"] for record in records), dtype=np.int64, count=n
        ),
        rule=Codes(record["rule"] for record in records),
        rule_version=Codes(record["rule_version"] for record in records),
        confidence=np.fromiter(
            (np.nan if record["confidence"] is None else record["confidence"] for record in records),
            dtype=np.float64,
            count=n,
        ),
        reason=Codes(record["reason"] for record in records),
        redacted=np.fromiter(("salt" not in record for record in records), dtype=bool, count=n),
        types=[record["type"] for record in records],
        rows=stored,
    )


def _row(before: dict[str, Any]) -> StoredRow:
    label = before.get("label")
    return StoredRow(
        {name: decode_cell(kind, text) for name, kind, text in before["cells"]},
        None if label is None else decode_cell(*label),
    )
