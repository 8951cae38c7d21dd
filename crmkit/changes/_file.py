"""The log as a file: a journal whose chain covers everything but the values, which stand beside it.

Specified byte by byte in ``docs/reference/formats.md``.
"""

from __future__ import annotations

import json
import re
import secrets
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from crmkit import _journal
from crmkit.errors import FormatError, SchemaError, TamperedLogError
from crmkit.frames import StoredRow, StoredRows, decode_cell

from ._columns import KINDS, VERSION, Codes, Header, Lines, confidences
from ._seal import Seal, digest, parsed_sides, sides, text

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from crmkit._journal import Line
    from crmkit.typing import JSONValue

JOURNAL: Final = "changes"
_BATCH: Final = 4096
_BODY: Final = frozenset(
    {
        "at", "by", "change_id", "confidence", "digest", "kind", "path", "reason", "record_id", "row", "rule",
        "rule_version", "run_id", "survivor", "type",
    }
)  # fmt: skip
_KEPT: Final = (
    "kind", "row", "path", "type", "record_id", "survivor", "rule", "rule_version", "confidence", "reason",
)  # fmt: skip
_TYPES: Final[dict[str, frozenset[type]]] = {
    **dict.fromkeys(_KEPT, frozenset({str, type(None)})),
    **dict.fromkeys(("kind", "type"), frozenset({str})),
    "row": frozenset({int}),
    "survivor": frozenset({int, type(None)}),
}
"""What JSON may hold in each member that is kept; ``bool`` is none of them."""
_SALT: Final = re.compile(r"[0-9a-f]{32}")


Parts: TypeAlias = "tuple[Header, Lines, Seal]"
"""What a log is made of."""


def write_file(
    path: str | os.PathLike[str],
    logs: Sequence[Parts],
    *,
    kind: str = JOURNAL,
    about: Mapping[str, JSONValue] | None = None,
    rest: Sequence[bytes] = (),
) -> str:
    """Write logs under one chain and return the hash of the last line; the file is there whole or not at all.

    Args:
        path: The file.
        logs: The logs.
        kind: What the journal is of.
        about: More for the header.
        rest: Bodies of lines that follow the logs.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        more = {**(about or {}), **({"rest": len(rest)} if kind != JOURNAL else {})}
        with _journal.Journal.open(partial, kind=kind, about=_about(logs, more)) as journal:
            written = chain(chain.from_iterable(_written(*parts) for parts in logs), ((body, b"") for body in rest))
            while batch := list(islice(written, _BATCH)):
                journal.extend(batch)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
        partial.with_name(partial.name + ".lock").unlink(missing_ok=True)
    return journal.head.hash


def _about(logs: Sequence[Parts], more: Mapping[str, JSONValue]) -> bytes:
    about = [
        {
            "at": header.at,
            "by": header.by,
            "key": header.key,
            "layout": header.layout,
            "lines": len(lines),
            "reason": header.reason,
            "run_id": header.run_id,
            "twins": header.twins,
            "unique_key": header.unique_key,
        }
        for header, lines, _ in logs
    ]
    document = {"logs": about, "version": VERSION, **more}
    try:
        return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        message = "a column name, the key or the reason has a lone surrogate, which no file can hold"
        raise SchemaError(message) from None


def _written(header: Header, lines: Lines, sealed: Seal) -> Iterator[tuple[bytes, bytes]]:
    """Yield body and side of every line. Bodies are put together by hand: most of a line repeats."""
    run = text(header.run_id)[1:-1]
    first = b'{"at":%b,"by":%b,"change_id":"%b-' % (text(header.at), text(header.by), run)
    kinds, paths, rules, versions, reasons = (
        [text(value) for value in column.values]
        for column in (lines.kind, lines.path, lines.rule, lines.rule_version, lines.reason)
    )
    for line in range(len(lines)):
        salt = sealed.salts[line]
        kind, before, after = sides(lines, line) if salt is not None else (lines.type_of(line), b"", b"")
        confidence, survivor = float(lines.confidence[line]), int(lines.survivor[line])
        body = (
            b'%b%d","confidence":%b,"digest":"%b","kind":%b,"path":%b,"reason":%b,"record_id":%b,"row":%d,"rule":%b,'
            b'"rule_version":%b,"run_id":"%b","survivor":%b,"type":%b}'
        ) % (
            first,
            line,
            b"null" if np.isnan(confidence) else b'"%b"' % repr(confidence).encode(),
            sealed.digests[line].encode(),
            kinds[lines.kind.codes[line]],
            paths[lines.path.codes[line]],
            reasons[lines.reason.codes[line]],
            text(lines.record_id[line]),
            lines.row[line],
            rules[lines.rule.codes[line]],
            versions[lines.rule_version.codes[line]],
            run,
            b"null" if survivor < 0 else b"%d" % survivor,
            text(kind),
        )
        yield body, b"" if salt is None else _side(before, after, salt.hex())


def _side(before: bytes, after: bytes, salt: str) -> bytes:
    return b'{"after":%b,"before":%b,"salt":"%b"}' % (after, before, salt.encode())


def read_file(path: str | os.PathLike[str], *, expect: str | None = None) -> list[Parts]:
    """Read all logs of a file and check all of it."""
    return read_whole(path, expect=expect)[0]


def read_whole(
    path: str | os.PathLike[str], *, expect: str | None = None, kind: str = JOURNAL
) -> tuple[list[Parts], Mapping[str, Any], list[Mapping[str, Any]]]:
    """Read all logs of a file and check all of it; also return the header and the bodies that follow the logs."""
    target = Path(path)
    about = _journal.header_of(target)
    if about.get("kind") != kind:
        raise FormatError(f"a journal of {about.get('kind')!r}, not of {kind}", location=target.name)
    if about.get("version") != VERSION:
        raise FormatError(f"changes of version {about.get('version')!r}; this reads {VERSION}", location=target.name)
    told = about.get("logs")
    if not isinstance(told, list):
        raise FormatError("the header is not one of a change log", location=target.name)
    count = about.get("rest", 0)
    if type(count) is not int or count < 0:
        raise FormatError("the header is not one of a change log", location=target.name)
    rest: list[Mapping[str, Any]] = []
    readers = [_Reader(*_header(one, target.name), target.name) for one in told]
    waiting = iter(readers)
    reader = next(waiting, None)
    last = None
    with target.open("rb") as file:
        next(file)
        for line, raw in zip(_journal.read(target, kind=kind), file, strict=False):
            while reader is not None and len(reader.digests) == reader.count:
                reader = next(waiting, None)
            if reader is not None:
                reader.add(line, raw)
            elif len(rest) < count:
                rest.append(line.body)
            else:
                raise TamperedLogError("there are more changes than were written", location=target.name)
            last = line.hash
    for reader in readers:
        if len(reader.digests) != reader.count:
            found = f"{reader.count} changes were written, {len(reader.digests)} are there"
            raise TamperedLogError(found, location=target.name)
    if len(rest) != count:
        raise TamperedLogError(f"{count} lines follow the changes, {len(rest)} are there", location=target.name)
    if expect is not None and last != expect:
        raise TamperedLogError("not the log that the expected hash is of", location=target.name)
    return [(reader.header, reader.lines(), Seal(reader.salts, reader.digests)) for reader in readers], about, rest


def _header(about: Any, name: str) -> tuple[Header, int]:
    try:
        layout = about["layout"]
        whole = (
            type(layout["rows"]) is int
            and layout["rows"] >= 0
            and type(layout["kind"]) is str
            and all(type(pair) is list and type(pair[0]) is str and len(pair) == 2 for pair in layout["columns"])
            and all(type(about[name]) is str for name in ("run_id", "at"))
            and all(about[name] is None or type(about[name]) is str for name in ("by", "reason", "key"))
            and type(about["unique_key"]) is bool
        )
        header = Header(
            run_id=about["run_id"],
            at=about["at"],
            by=about["by"],
            reason=about["reason"],
            key=about["key"],
            unique_key=about["unique_key"],
            layout=layout,
            twins=tuple((int(row), int(loser)) for row, loser in about["twins"]),
        )
        count = about["lines"]
    except (LookupError, TypeError, ValueError):
        whole, count = False, None
    if not whole or type(count) is not int or count < 0:
        raise FormatError("the header is not one of a change log", location=name)
    return header, count


class _Reader:
    """Checks lines one by one and keeps their columns."""

    def __init__(self, header: Header, count: int, name: str) -> None:
        self.header = header
        self.count = count
        self.name = name
        self.salts: list[bytes | None] = []
        self.digests: list[str] = []
        self._columns: dict[str, list[Any]] = {name: [] for name in _KEPT}
        self._befores: list[Any] = []
        self._afters: list[Any] = []
        self._rows: list[StoredRow] = []

    def add(self, line: Line, raw: bytes) -> None:
        """Check the values of one line against its digest; the journal has checked the rest."""
        body: Any = line.body
        side: Any = line.side
        if body.keys() != _BODY or body["kind"] not in KINDS or body["run_id"] != self.header.run_id:
            raise FormatError("not a change", location=f"{self.name}, line {line.number}")
        salt = _salt(side, body, raw) if side else None
        if side and salt is None:
            where = f"{self.name}, line {line.number}"
            raise TamperedLogError("the values are not the ones that were written down", location=where)
        try:
            self._keep(body, side)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            found = str(error) if isinstance(error, FormatError) else "a value is not what its type says"
            raise FormatError(found, location=f"{self.name}, line {line.number}") from None
        self.salts.append(salt)
        self.digests.append(body["digest"])
        for name, column in self._columns.items():
            column.append(body[name])

    def _keep(self, body: Any, side: Any) -> None:
        if not side:
            self._befores.append(None)
            self._afters.append(None)
        elif body["kind"] == "merge":
            self._befores.append(len(self._rows))
            self._afters.append(side["after"])
            self._rows.append(_row(side["before"]))
        else:
            before_type, _, after_type = body["type"].partition(">")
            self._befores.append(decode_cell(before_type, side["before"]))
            self._afters.append(decode_cell(after_type or before_type, side["after"]))

    def lines(self) -> Lines:
        """Return all lines.

        Raises:
            FormatError: A member is of another type, or a row or certainty that cannot be.
        """
        columns, n = self._columns, len(self.digests)
        layout: Any = self.header.layout["columns"]
        wrong = [name for name, column in columns.items() if not set(map(type, column)) <= _TYPES[name]]
        if wrong or set(map(type, self.digests)) - {str}:
            raise FormatError(f"{(wrong or ['digest'])[0]!r} of a change is of another type", location=self.name)
        survivors = [-1 if row is None else row for row in columns["survivor"]]
        total: Any = self.header.layout["rows"]
        rows = [*columns["row"], *(row for row in columns["survivor"] if row is not None)]
        if rows and not (min(rows) >= 0 and max(rows) < total):
            raise FormatError("a change is about a row that the frame did not have", location=self.name)
        try:
            certainties = [None if value is None else float(value) for value in columns["confidence"]]
        except ValueError:
            raise FormatError("'confidence' of a change is no number", location=self.name) from None
        return Lines(
            kind=Codes(columns["kind"]),
            row=np.fromiter(columns["row"], dtype=np.int64, count=n),
            path=Codes(columns["path"]),
            before=self._befores,
            after=self._afters,
            record_id=columns["record_id"],
            survivor=np.fromiter(survivors, dtype=np.int64, count=n),
            rule=Codes(columns["rule"]),
            rule_version=Codes(columns["rule_version"]),
            confidence=confidences(certainties, n),
            reason=Codes(columns["reason"]),
            redacted=np.fromiter((salt is None for salt in self.salts), dtype=bool, count=n),
            types=columns["type"],
            rows=StoredRows.of(self._rows, names=[name for name, _ in layout]),
        )


def _salt(side: dict[str, Any], body: dict[str, Any], raw: bytes) -> bytes | None:
    """Return the salt if the values are those that the digest was made of, to the byte; else ``None``."""
    salt = side.get("salt")
    if side.keys() != {"after", "before", "salt"} or not isinstance(salt, str) or _SALT.fullmatch(salt) is None:
        return None
    try:
        before, after = parsed_sides(side, body["type"])
    except (TypeError, ValueError):
        return None
    key = bytes.fromhex(salt)
    whole = raw.endswith(b',"side":%b}\n' % _side(before, after, salt))
    return key if whole and digest(key, before, after) == body["digest"] else None


def _row(before: dict[str, Any]) -> StoredRow:
    label = before.get("label")
    return StoredRow(
        {name: decode_cell(kind, cell) for name, kind, cell in before["cells"]},
        None if label is None else decode_cell(*label),
    )
