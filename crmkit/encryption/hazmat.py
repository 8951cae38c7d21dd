"""Sharp tools: right in a test or a key ceremony, wrong in production.

What lies here does exactly what it says and protects nothing by itself.
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag

from crmkit._canonical import json_bytes
from crmkit.encryption._keys._aead import siv
from crmkit.encryption._keys._derive import derive
from crmkit.encryption._keys._secret import SecretKey
from crmkit.errors import CrmkitWarning, KMSRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["StaticKeyWrapper"]


class StaticKeyWrapper:
    """A wrapping key that stands in the program: for tests, and a warning anywhere else.

    Args:
        key: 32 octets or more.

    Example:
        >>> StaticKeyWrapper(bytes(range(32))).uri
        'static:c2fc5740f351c42d'

    .. versionadded:: 0.1.0
    """

    __slots__ = ("_key", "uri")

    def __init__(self, key: bytes) -> None:
        if "pytest" not in sys.modules:
            warnings.warn(
                "StaticKeyWrapper is for tests: whoever reads the program has the key", CrmkitWarning, stacklevel=2
            )
        self._key = SecretKey(key)
        self.uri = f"static:{derive(key, 8, 'static-uri').hex()}"

    def wrap(self, key: bytes, context: Mapping[str, str]) -> bytes:
        """Return ``key`` encrypted and bound to ``context``."""
        return siv(derive(self._key.reveal(), 64, "static-wrap")).encrypt(key, [json_bytes(dict(context))])

    def unwrap(self, blob: bytes, context: Mapping[str, str]) -> bytes:
        """Undo :meth:`wrap`, or raise `KMSRefusedError`."""
        try:
            return siv(derive(self._key.reveal(), 64, "static-wrap")).decrypt(blob, [json_bytes(dict(context))])
        except (InvalidTag, ValueError):
            raise KMSRefusedError("this key did not wrap that", uri=self.uri) from None

    def __repr__(self) -> str:
        return f"StaticKeyWrapper({self.uri!r})"
