"""The statement: the few hundred octets that are signed, and whose presence says that a backup was finished.

It is wrapped in a DSSE envelope, so that other tools can check it and several people can sign it.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit import _notebook
from crmkit._canonical import json_bytes, parse_json
from crmkit.backup._tree._files import open_regular
from crmkit.errors import FormatError, IntegrityError, ManifestError

from ._entry import HEX64, KINDS
from ._keys import read_keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crmkit.typing import JSONValue, Signer, Verifier

TYPE: Final = "crmkit-statement/1"
PAYLOAD_TYPE: Final = "application/vnd.crmkit.statement+json"
MOST_BYTES: Final = 4 << 20
CLOCK_SKEW: Final = dt.timedelta(minutes=5)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


def check_moment(at: object) -> None:
    """Raise unless it is a moment that every reader takes for the same.

    Raises:
        ValueError: A naive moment, a date, or something else.
    """
    if not isinstance(at, dt.datetime):
        raise ValueError(f"at is {type(at).__name__}; give an aware moment, such as datetime.now(UTC)")  # noqa: TRY004  as below
    if at.tzinfo is None:
        raise ValueError("at is naive; give an aware moment, such as datetime.now(UTC)")


def moment_text(moment: dt.datetime) -> str:
    """Write an aware moment as this area does: UTC, with a Z.

    Raises:
        ValueError: The moment is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("a naive moment; give an aware one, such as datetime.now(UTC)")
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def moment_of(text: str) -> dt.datetime:
    """Read what `moment_text` wrote.

    Raises:
        FormatError: It is something else.
    """
    if not _MOMENT.fullmatch(text):
        raise FormatError("a moment is not ISO 8601 in UTC with a Z")
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise FormatError("a moment that no calendar has") from None


@attrs.frozen(kw_only=True)
class Statement:
    """What a backup is, in the words that are signed.

    Attributes:
        set: The series it belongs to.
        seq: Its number in the series; grows by one.
        backup_id: Its ULID.
        kind: ``"full"``, ``"incremental"`` or ``"differential"``.
        created: When it was made.
        expires: When it is no longer to be taken for the newest; ``None`` for never.
        prev: SHA-256 of the statement before it, 64 hexadecimal digits; ``None`` for the first.
        parent: Backup id of the backup that it builds on.
        parent_statement: SHA-256 of that backup's statement.
        root: Root over the lines of the manifest, hexadecimal.
        lines: How many lines are under the root.
        files: Number of files.
        size_bytes: Bytes in them.
        chunks: SHA-256 of ``chunks.bin``.
        buckets: SHA-256 of ``buckets.bin``.
        tables: Root of each table's rows, by name.

    .. versionadded:: 0.1.0
    """

    set: str
    seq: int
    backup_id: str
    kind: str
    created: dt.datetime
    expires: dt.datetime | None = None
    prev: str | None = None
    parent: str | None = None
    parent_statement: str | None = None
    root: str
    lines: int
    files: int
    size_bytes: int
    chunks: str
    buckets: str
    tables: Mapping[str, str] = attrs.field(factory=dict, hash=False)

    def __repr__(self) -> str:
        return f"<Statement {self.set} #{self.seq}: {self.kind}, {self.files:,} files, {self.created:%Y-%m-%d %H:%M}>"

    def _repr_html_(self) -> str:
        facts = {
            "backup": f"{self.backup_id} ({self.kind})",
            "made": self.created,
            "newest until": self.expires,
            "files": f"{self.files:,} with {self.size_bytes:,} bytes",
            "builds on": self.parent,
            "root": self.root,
            "tables": tuple(self.tables),
        }
        return _notebook.sheet("Statement", f"{self.set} #{self.seq}", _notebook.facts(facts))

    def payload(self) -> bytes:
        """Return the bytes that are signed."""
        said: dict[str, JSONValue] = {
            name: value for name, value in attrs.asdict(self, recurse=False).items() if value is not None
        }
        said["created"] = moment_text(self.created)
        if self.expires is not None:
            said["expires"] = moment_text(self.expires)
        said["tables"] = dict(self.tables)
        return json_bytes({**said, "type": TYPE})

    @property
    def digest(self) -> str:
        """SHA-256 of the payload: what the next statement calls ``prev``."""
        return hashlib.sha256(self.payload()).hexdigest()


def parse_statement(payload: bytes) -> Statement:
    """Read the signed bytes.

    Raises:
        ManifestError: They are something else.
    """
    try:
        said: Any = parse_json(payload)
    except FormatError as error:
        raise ManifestError(str(error), location="statement") from None
    if not isinstance(said, dict) or said.pop("type", None) != TYPE:
        raise ManifestError(f"not a statement of {TYPE}", location="statement")
    wanted = {
        **dict.fromkeys(("set", "backup_id", "kind", "created", "expires", "parent"), str),
        **dict.fromkeys(("prev", "parent_statement", "root", "chunks", "buckets"), "hex"),
        **dict.fromkeys(("seq", "lines", "files", "size_bytes"), int),
        "tables": dict,
    }
    optional = {"expires", "prev", "parent", "parent_statement"}
    for name, value in said.items():
        if name not in wanted:
            raise ManifestError("a member that this version does not know", location="statement")
        kind = wanted[name]
        good = isinstance(value, str) and bool(HEX64.fullmatch(value)) if kind == "hex" else type(value) is kind
        if not good or (kind is int and value < 0):
            raise ManifestError(f"{name!r} is of another type", location="statement")
    missing = wanted.keys() - optional - said.keys()
    if missing:
        raise ManifestError(f"there is no {min(missing)!r}", location="statement")
    if said["kind"] not in KINDS or (said["kind"] == "full") == ("parent" in said):
        raise ManifestError("kind and parent do not go together", location="statement")
    if not all(isinstance(root, str) and HEX64.fullmatch(root) for root in said["tables"].values()):
        raise ManifestError("a table has no root", location="statement")
    try:
        for name in ("created", "expires"):
            if name in said:
                said[name] = moment_of(said[name])
    except FormatError as error:
        raise ManifestError(str(error), location="statement") from None
    return Statement(**said)


@attrs.frozen(kw_only=True)
class Envelope:
    """A DSSE envelope: bytes, what they are, and signatures of both.

    Attributes:
        payload: The signed bytes.
        payload_type: What they are.
        signatures: Pairs of key id and signature.

    Source:
        DSSE 1.0.2, protocol.md and envelope.md of secure-systems-lab/dsse.

    .. versionadded:: 0.1.0
    """

    payload: bytes = attrs.field(repr=False)
    payload_type: str = PAYLOAD_TYPE
    signatures: tuple[tuple[str, bytes], ...] = attrs.field(default=(), repr=False)

    def to_sign(self) -> bytes:
        """Return what each signature is over: DSSE's PAE of type and payload."""
        return pae(self.payload_type, self.payload)

    def signed_by(self, signer: Signer) -> Envelope:
        """Return the envelope with one more signature; a second one of the same key replaces the first."""
        others = tuple(pair for pair in self.signatures if pair[0] != signer.key_id)
        return attrs.evolve(self, signatures=(*others, (signer.key_id, signer.sign(self.to_sign()))))

    def to_json(self) -> bytes:
        """Return the envelope's file, as any DSSE tool reads it."""
        return json_bytes(
            {
                "payload": base64.b64encode(self.payload).decode(),
                "payloadType": self.payload_type,
                "signatures": [
                    {"keyid": key_id, "sig": base64.b64encode(signature).decode()}
                    for key_id, signature in self.signatures
                ],
            }
        )


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding.

    Example:
        >>> pae("http://example.com/HelloWorld", b"hello world")
        b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'

    .. versionadded:: 0.1.0
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def parse_envelope(data: bytes, *, payload_type: str = PAYLOAD_TYPE) -> Envelope:
    """Read an envelope; other tools may have written it, so any JSON form is taken.

    Raises:
        ManifestError: Not an envelope, or of another payload.
    """

    def fault(what: str) -> ManifestError:
        return ManifestError(what, location="statement.json")

    try:
        said = json.loads(data, object_pairs_hook=_no_twins)
    except (ValueError, RecursionError):
        raise fault("not JSON") from None
    if not isinstance(said, Mapping) or set(said) != {"payload", "payloadType", "signatures"}:
        raise fault("not a DSSE envelope")
    if said["payloadType"] != payload_type:
        raise fault(f"an envelope of another type than {payload_type}")
    pairs = []
    try:
        payload = _strict_base64(said["payload"])
        for signature in said["signatures"]:
            if not isinstance(signature, Mapping) or not set(signature) <= {"keyid", "sig"}:
                raise fault("a signature has other members than keyid and sig")
            key_id = signature.get("keyid", "")
            if not isinstance(key_id, str):
                raise fault("a keyid is not text")
            pairs.append((key_id, _strict_base64(signature["sig"])))
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise fault("not a DSSE envelope") from None
    return Envelope(payload=payload, payload_type=payload_type, signatures=tuple(pairs))


def _strict_base64(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError
    return data


def _no_twins(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError
    return said


def read_envelope(path: Path) -> Envelope:
    """Read a statement's file, at most four megabytes of it.

    Raises:
        ManifestError: Malformed.
        OSError: Not there, or it cannot be read.
    """
    with open_regular(path) as stream:
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ManifestError("larger than any statement", location=path.name)
    return parse_envelope(data)


def require_trusted(envelope: Envelope, keys: Sequence[Verifier]) -> None:
    """Check that one of the signatures is by one of the keys.

    Raises:
        IntegrityError: None is.
        InvalidValueError: One of the keys is no public key.
    """
    message = envelope.to_sign()
    for key in read_keys(keys):
        for key_id, signature in envelope.signatures:
            if key_id in (key.key_id, ""):
                with contextlib.suppress(IntegrityError):
                    key.verify(message, signature)
                    return
    raise IntegrityError("no signature is good and by a key that you trust")
