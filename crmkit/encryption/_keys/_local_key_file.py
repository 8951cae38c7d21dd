"""A wrapping key in a file of its own: random octets, or made of a passphrase."""

from __future__ import annotations

import base64
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from crmkit._canonical import json_bytes, parse_json
from crmkit._disk import creating
from crmkit.encryption._octets._frame import utf8
from crmkit.errors import FormatError, KMSRefusedError, RefusedError

from ._aead import siv
from ._derive import derive
from ._secret import SecretKey, check_material

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT: Final = "crmkit-kek/1"
SALT_BYTES: Final = 16
MEMORY_KIB: Final = 64 * 1024
ITERATIONS: Final = 3
LANES: Final = 1
_MOST_MEMORY_KIB: Final = 4 * 1024 * 1024
_MOST_ITERATIONS: Final = 100
_MOST_LANES: Final = 64


class LocalKeyFile:
    """A wrapping key in a file that only its owner may read.

    Put it on another disk than the keyset, and neither into a backup of the database: who has both has every value.
    A key management service is better, because it never hands its key out and logs each use.

    Args:
        path: The file; :meth:`create` makes one.
        passphrase: For a file that was made with one.

    Raises:
        RefusedError: Others may read the file, or what is in it is no random key.
        FormatError: It is something else, or needs a passphrase and got none, or the reverse.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> wrapper = LocalKeyFile.create(Path(tempfile.mkdtemp()) / "kek.key")
        >>> wrapper.unwrap(wrapper.wrap(b"a key", {"tenant": "acme"}), {"tenant": "acme"})
        b'a key'

    Source:
        RFC 5297 (AES-SIV as key wrap); RFC 9106 (Argon2id: 64 MiB, 3 passes, 1 lane here; the file says its own).

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_key", "_path", "uri")

    def __init__(self, path: str | os.PathLike[str], *, passphrase: str | None = None) -> None:
        self._path = Path(path)
        self._key = SecretKey(_read(self._path, passphrase))
        self.uri = f"local:{derive(self._key.reveal(), 8, 'local-uri').hex()}"

    @classmethod
    def create(cls, path: str | os.PathLike[str], *, passphrase: str | None = None) -> Self:
        """Make a new key file, readable by its owner only.

        Args:
            path: Where; nothing may be there yet.
            passphrase: Makes the key of this passphrase and of the salt in the file, which then is not secret itself.

        Raises:
            FileExistsError: A file is there. Overwriting it could lose every value for good.
            RefusedError: The passphrase has fewer than 12 characters.
        """
        if passphrase is None:
            data = os.urandom(32)
        else:
            if len(passphrase) < 12:
                raise RefusedError("a passphrase has 12 characters at least; several words are best", rule="passphrase")
            _octets(passphrase)  # before there is a file
            data = json_bytes(
                {
                    "format": FORMAT, "kdf": "argon2id", "iterations": ITERATIONS, "lanes": LANES,
                    "memory_kib": MEMORY_KIB, "salt": base64.b64encode(os.urandom(SALT_BYTES)).decode("ascii"),
                }
            )  # fmt: skip
        path = Path(path)
        if path.exists():
            raise FileExistsError(f"{path.name} is there already; LocalKeyFile(path) opens it, or choose another name")
        with creating(path, private=True) as stream:
            stream.write(data)
        return cls(path, passphrase=passphrase)

    def wrap(self, key: bytes, context: Mapping[str, str]) -> bytes:
        """Return ``key`` encrypted and bound to ``context``."""
        return siv(derive(self._key.reveal(), 64, "local-wrap")).encrypt(key, [json_bytes(dict(context))])

    def unwrap(self, blob: bytes, context: Mapping[str, str]) -> bytes:
        """Undo :meth:`wrap`.

        Raises:
            KMSRefusedError: Another key, another context, or changed octets.
        """
        try:
            return siv(derive(self._key.reveal(), 64, "local-wrap")).decrypt(blob, [json_bytes(dict(context))])
        except (InvalidTag, ValueError):
            raise KMSRefusedError("this key file did not wrap that keyset", uri=self.uri) from None

    def __repr__(self) -> str:
        return f"LocalKeyFile({self._path.name!r})"


def _read(path: Path, passphrase: str | None) -> bytes:
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    with os.fdopen(fd, "rb") as stream:
        mode = os.fstat(stream.fileno()).st_mode
        if sys.platform != "win32" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise RefusedError(
                f"{path.name} can be read by others than its owner; run: chmod 600 {path.name}",
                rule="key_file_readable",
            )
        data = stream.read(4096)
    if data.startswith(b"{") and len(data) != 32:  # so does every 256th key, and no document is as short
        return _stretched(data, passphrase, path.name)
    if passphrase is not None:
        raise FormatError("this key file was made without a passphrase", location=path.name)
    check_material(data)
    if len(data) != 32:
        raise FormatError("a key file has exactly 32 bytes", location=path.name)
    return data


def _stretched(data: bytes, passphrase: str | None, name: str) -> bytes:
    kdf = _kdf(data)
    if kdf is None:
        raise FormatError(f"not a {FORMAT} file, or one with weak parameters", location=name)
    if passphrase is None:
        raise FormatError("this key file needs its passphrase: LocalKeyFile(path, passphrase=...)", location=name)
    return kdf.derive(_octets(passphrase))


def _octets(passphrase: str) -> bytes:
    data = utf8(passphrase)
    if data is None:  # as the environment gives it where it is of another encoding
        raise RefusedError("a passphrase with a lone surrogate has no UTF-8 form", rule="passphrase")
    return data


def _kdf(data: bytes) -> Argon2id | None:
    """Return what the file says; weaker than here is refused, and so is what would hang or eat the machine."""
    try:
        said: Any = parse_json(data)
        salt = base64.b64decode(said["salt"], validate=True)
        memory, iterations, lanes = (int(said[what]) for what in ("memory_kib", "iterations", "lanes"))
        right = said["format"] == FORMAT and said["kdf"] == "argon2id" and len(salt) >= SALT_BYTES
        strong = MEMORY_KIB <= memory <= _MOST_MEMORY_KIB and ITERATIONS <= iterations <= _MOST_ITERATIONS
        if right and strong and 1 <= lanes <= _MOST_LANES:
            return Argon2id(salt=salt, length=32, iterations=iterations, lanes=lanes, memory_cost=memory)
    except (FormatError, KeyError, TypeError, ValueError):
        pass
    return None
