"""Names that stand for people in an export, and that no other export shares."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from crmkit.encryption._fields import _normalizers
from crmkit.encryption._fields._index import as_text
from crmkit.encryption._keys._derive import derive
from crmkit.errors import RefusedError

if TYPE_CHECKING:
    from crmkit.encryption._keys._keyset import Keyset


def pseudonym(keyset: Keyset, value: object, *, export: str, normalizer: str) -> str | None:
    """Return 26 characters of base32, or ``None`` for a missing value."""
    if not export:
        raise RefusedError("a pseudonym is of one export: give it a name", rule="export")
    _normalizers.check_name(normalizer, None)
    if value is None:
        return None
    key = derive(keyset.active("index").reveal(), 32, "pseudonym", keyset.tenant, export, normalizer)
    mac = HMAC(key, SHA256())
    mac.update(_normalizers.normalize(normalizer, as_text(value)).encode("utf-8", "surrogatepass"))
    return base64.b32encode(mac.finalize()[:16]).decode("ascii").rstrip("=").lower()
