"""DSSE envelopes of any payload: what other tools sign and this one can check, and the other way round."""

from __future__ import annotations

from crmkit.backup._manifest._statement import PAYLOAD_TYPE, Envelope, parse_envelope


def read_dsse(data: bytes, *, payload_type: str = PAYLOAD_TYPE) -> Envelope:
    """Read a DSSE envelope; a statement's file is one already, so exporting it is copying it.

    Args:
        data: The file.
        payload_type: What must be inside.

    Raises:
        ManifestError: Not an envelope, or of another payload.

    Example:
        >>> from crmkit.backup import Envelope, SigningKey
        >>> key = SigningKey(bytes(32))
        >>> signed = Envelope(payload=b"{}", payload_type="application/json").signed_by(key)
        >>> again = read_dsse(signed.to_json(), payload_type="application/json")
        >>> key.public.verify(again.to_sign(), dict(again.signatures)[key.key_id])

    Source:
        DSSE 1.0.2, envelope.md of secure-systems-lab/dsse.

    .. versionadded:: 0.1.0
    """
    return parse_envelope(data, payload_type=payload_type)
