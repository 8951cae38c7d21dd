"""Signed notes: text with Ed25519 signatures that Go's ``sumdb/note``, tessera and witnesses read too.

Source:
    C2SP signed-note (https://c2sp.org/signed-note); golang.org/x/mod/sumdb/note.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, NoReturn

import attrs

from crmkit.errors import FormatError, IntegrityError, InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Note", "NoteSignature", "NoteSigner", "NoteVerifier", "open_note", "parse_note", "sign_note"]

_ALGORITHM = b"\x01"  # Ed25519
_MARK = "— "
MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(character.isspace() for character in name)


def _key_hash(name: str, key: bytes) -> str:
    return hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8]


def _base64(text: str) -> bytes:
    """Read standard base64 with padding, and only that.

    Raises:
        ValueError: Something else.
    """
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError
    return data


def _read_key(text: str, size: int) -> tuple[str, str, bytes]:
    """Split ``name+hash+base64`` and return name, hash and the bytes behind the algorithm's."""
    try:
        name, digits, encoded = text.split("+", 2)
        data = _base64(encoded)
    except (ValueError, binascii.Error):
        raise FormatError("not a note key") from None
    if not _is_name(name) or data[:1] != _ALGORITHM or len(data) != size + 1 or len(digits) != 8:
        raise FormatError("not a note key")
    return name, digits, data[1:]


@attrs.frozen
class NoteSignature:
    """One line under a note.

    Attributes:
        name: Of the key.
        hash: First 4 bytes of the key's hash, 8 hexadecimal digits.
        base64: Hash and signature as the line has them.

    .. versionadded:: 0.1.0
    """

    name: str
    hash: str
    base64: str

    def signature(self) -> bytes:
        """Return the signature itself."""
        return base64.b64decode(self.base64)[4:]


@attrs.frozen
class Note:
    """A note that was opened.

    Attributes:
        text: What was signed.
        signatures: Those that were verified.
        unverified: Those of keys that the reader does not know.

    .. versionadded:: 0.1.0
    """

    text: str
    signatures: tuple[NoteSignature, ...]
    unverified: tuple[NoteSignature, ...]


@attrs.frozen
class NoteVerifier:
    """The public half of a key; satisfies `crmkit.typing.Verifier`.

    Example:
        >>> key = NoteVerifier.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
        >>> key.key_id
        'PeterNeumann+c74f20a3'

    .. versionadded:: 0.1.0
    """

    name: str
    public_key: bytes = attrs.field(repr=False)

    def __attrs_post_init__(self) -> None:
        if not _is_name(self.name):
            raise InvalidValueError("a key's name is text without blanks and plus signs")
        if len(self.public_key) != 32:
            raise InvalidValueError("an Ed25519 public key has 32 bytes")

    @classmethod
    def parse(cls, text: str) -> NoteVerifier:
        """Read ``name+hash+key``.

        Raises:
            FormatError: Something else, or the hash is not the key's.
        """
        name, digits, key = _read_key(text.strip(), 32)
        if _key_hash(name, _ALGORITHM + key) != digits:
            raise FormatError("not a note key: its hash is another one's")
        return cls(name, key)

    @property
    def hash(self) -> str:
        """First 4 bytes of the key's hash, 8 hexadecimal digits."""
        return _key_hash(self.name, _ALGORITHM + self.public_key)

    @property
    def key_id(self) -> str:
        """Name and hash."""
        return f"{self.name}+{self.hash}"

    def __str__(self) -> str:
        return f"{self.key_id}+{base64.b64encode(_ALGORITHM + self.public_key).decode()}"

    def verify(self, message: bytes, signature: bytes, /) -> None:
        """Return nothing if the signature is good.

        Raises:
            IntegrityError: It is not.
        """
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise IntegrityError("bad signature", location=self.key_id) from None


class NoteSigner:
    """The private half of a key; satisfies `crmkit.typing.Signer`. Nothing shows its secret but `secret`.

    Args:
        verifier: The public half.
        sign: Gives the Ed25519 signature of a message; a key in a hardware module is such a function.

    Example:
        >>> signer = NoteSigner.generate("crm.example.com/audit", seed=bytes(32))
        >>> str(signer.verifier)
        'crm.example.com/audit+08c75139+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop'
        >>> signer.key_id
        'crm.example.com/audit+08c75139'

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_show", "_sign", "verifier")  # no attrs class, and no text of the key: serializers write both out

    def __init__(self, verifier: NoteVerifier, sign: Callable[[bytes], bytes]) -> None:
        self.verifier = verifier
        self._sign = sign
        self._show: Callable[[], bytes] | None = None

    def __repr__(self) -> str:
        return f"NoteSigner({self.key_id!r})"

    @classmethod
    def generate(cls, name: str, *, seed: bytes | None = None) -> NoteSigner:
        """Make a key.

        Args:
            name: Who signs, as a host name with a path.
            seed: 32 bytes that are the private key; random by default.
        """
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        key = Ed25519PrivateKey.generate() if seed is None else Ed25519PrivateKey.from_private_bytes(seed)
        verifier = NoteVerifier(name, key.public_key().public_bytes_raw())
        signer = cls(verifier, key.sign)
        signer._show = key.private_bytes_raw
        return signer

    @classmethod
    def parse(cls, text: str) -> NoteSigner:
        """Read ``PRIVATE+KEY+name+hash+key``.

        Raises:
            FormatError: Something else, or the hash is not the key's.
        """
        mark = "PRIVATE+KEY+"
        if not text.startswith(mark):
            raise FormatError("not a private note key")
        name, digits, seed = _read_key(text.strip()[len(mark) :], 32)
        signer = cls.generate(name, seed=seed)
        if signer.verifier.hash != digits:
            raise FormatError("not a private note key: its hash is another one's")
        return signer

    @property
    def key_id(self) -> str:
        """Name and hash."""
        return self.verifier.key_id

    def sign(self, message: bytes, /) -> bytes:
        """Return the signature of ``message``."""
        return self._sign(message)

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a NoteSigner is neither pickled nor copied; secret() is for the place where secrets are kept")

    def secret(self) -> str:
        """Return the private key as text, to be kept where secrets are kept.

        Raises:
            InvalidValueError: The key is elsewhere and cannot be shown.
        """
        if self._show is None:
            raise InvalidValueError("this key cannot be shown")
        return f"PRIVATE+KEY+{self.key_id}+{base64.b64encode(_ALGORITHM + self._show()).decode()}"


def sign_note(text: str, signers: Iterable[NoteSigner], *, existing: Iterable[NoteSignature] = ()) -> bytes:
    r"""Return ``text`` with signatures; one of the same name and key that is there already is replaced.

    Raises:
        FormatError: The text does not end in a line feed, or an existing signature is malformed.

    Example:
        >>> signer = NoteSigner.generate("example.com/log")
        >>> open_note(sign_note("hello\n", [signer]), [signer.verifier]).text
        'hello\n'

    .. versionadded:: 0.1.0
    """
    if not text.endswith("\n"):
        raise FormatError("a note's text ends in a line feed")
    lines, own = [], set()
    for signer in signers:
        raw = bytes.fromhex(signer.verifier.hash) + signer.sign(text.encode())
        own.add((signer.verifier.name, signer.verifier.hash))
        lines.append(f"{_MARK}{signer.verifier.name} {base64.b64encode(raw).decode()}\n")
    kept = []
    for signature in existing:
        if not _is_name(signature.name):
            raise FormatError("a malformed signature")
        if (signature.name, signature.hash) not in own:
            _check_signature(signature)
            kept.append(f"{_MARK}{signature.name} {signature.base64}\n")
    return f"{text}\n{''.join(kept + lines)}".encode()


def _check_signature(signature: NoteSignature) -> None:
    try:
        raw = _base64(signature.base64)
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) < 5 or raw[:4].hex() != signature.hash:
        raise FormatError("a malformed signature")


def parse_note(message: bytes) -> tuple[str, tuple[NoteSignature, ...]]:
    r"""Split a note into text and signatures, none of them verified.

    Raises:
        FormatError: Not a signed note.
        InvalidValueError: Not bytes.

    Example:
        >>> signer = NoteSigner.generate("example.com/log")
        >>> parse_note(sign_note("hello\n", [signer]))[1][0].name
        'example.com/log'

    .. versionadded:: 0.1.0
    """
    given: object = message
    if not isinstance(given, bytes):
        raise InvalidValueError(
            f"the note comes first, as bytes, not as a {type(given).__name__}; then the public keys"
        )
    malformed = FormatError("not a signed note")
    if len(message) > MAX_NOTE_BYTES:
        raise malformed
    try:
        content = message.decode()
    except UnicodeDecodeError:
        raise malformed from None
    if any(character < " " and character != "\n" for character in content):
        raise malformed
    at = content.rfind("\n\n")
    block = content[at + 2 :]
    if at < 0 or not block.endswith("\n"):
        raise malformed
    found: list[NoteSignature] = []
    for line in block[:-1].split("\n"):
        name, _, encoded = line[len(_MARK) :].partition(" ")
        try:
            raw = _base64(encoded)
        except (ValueError, binascii.Error):
            raw = b""
        if not line.startswith(_MARK) or not _is_name(name) or len(raw) < 5 or len(found) >= MAX_SIGNATURES:
            raise malformed
        found.append(NoteSignature(name, raw[:4].hex(), encoded))
    return content[: at + 1], tuple(found)


def open_note(message: bytes, verifiers: Iterable[NoteVerifier]) -> Note:
    r"""Verify a note: at least one signature of a known key, and no bad one of any known key.

    Args:
        message: The note.
        verifiers: The known keys.

    Raises:
        FormatError: Not a signed note, or two known keys cannot be told apart.
        IntegrityError: A signature of a known key is bad, or there is none of a known key.

    Example:
        >>> signer = NoteSigner.generate("example.com/log")
        >>> open_note(sign_note("hello\n", [signer]), [])
        Traceback (most recent call last):
        crmkit.errors.IntegrityError: no signature of a known key

    .. versionadded:: 0.1.0
    """
    text, signatures = parse_note(message)
    known: dict[tuple[str, str], list[NoteVerifier]] = {}
    for verifier in verifiers:
        known.setdefault((verifier.name, verifier.hash), []).append(verifier)
    verified: dict[tuple[str, str], NoteSignature] = {}
    unverified: dict[NoteSignature, None] = {}
    for signature in signatures:
        key = (signature.name, signature.hash)
        found = known.get(key, [])
        if len(found) > 1:
            raise FormatError("two known keys have one name and hash")
        if not found:
            unverified.setdefault(signature)
        elif key not in verified:
            found[0].verify(text.encode(), signature.signature())
            verified[key] = signature
    if not verified:
        raise IntegrityError("no signature of a known key")
    return Note(text, tuple(verified.values()), tuple(unverified))
