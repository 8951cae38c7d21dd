"""AWS KMS as the holder of the wrapping key. The client is the caller's: nothing of AWS is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from crmkit.errors import KMSRefusedError, KMSUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LATER: Final = frozenset(
    {
        "DependencyTimeoutException", "InternalFailure", "KMSInternalException", "KeyUnavailableException",
        "LimitExceededException", "RequestLimitExceeded", "RequestTimeout", "ServiceUnavailable", "SlowDown",
        "Throttling", "ThrottlingException", "TooManyRequestsException",
    }
)  # fmt: skip
"""Codes of the service after which a later call may succeed."""
_ON_THE_WAY: Final = frozenset(
    {
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "EndpointConnectionError",
        "HTTPClientError",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "ResponseStreamingError",
    }
)
"""Classes of botocore for what happened before the service could answer."""


@attrs.frozen
class AWSKeyWrapper:
    """A key in AWS Key Management Service.

    Tenant and generation go into the encryption context, so the service binds them to the wrapped key, shows them in
    CloudTrail, and a key policy may demand them. The data that is encrypted never leaves the process.

    Args:
        client: ``boto3.client("kms")``, with the timeouts and retries that you want
            (``botocore.config.Config(connect_timeout=2, read_timeout=5)``).
        key_id: Id or ARN of a symmetric key, or an alias. The key is named when it unwraps too, so that nobody can slip
            in a keyset under a key of their own; so an alias must not be pointed to another key before the keyring is
            rewrapped under the id of that one, or the keyset does not load until the alias is pointed back.

    Example:
        >>> AWSKeyWrapper(client=None, key_id="alias/crm").uri
        'aws-kms:alias/crm'

    .. versionadded:: 0.1.0
    """

    client: Any = attrs.field(repr=False)
    key_id: str

    @property
    def uri(self) -> str:
        """``aws-kms:`` and the key's id."""
        return f"aws-kms:{self.key_id}"

    def wrap(self, key: bytes, context: Mapping[str, str]) -> bytes:
        """Return ``key`` encrypted by the service."""
        return self._call("encrypt", "CiphertextBlob", Plaintext=key, EncryptionContext=dict(context))

    def unwrap(self, blob: bytes, context: Mapping[str, str]) -> bytes:
        """Return the key that :meth:`wrap` encrypted."""
        return self._call("decrypt", "Plaintext", CiphertextBlob=blob, EncryptionContext=dict(context))

    def _call(self, action: str, answer: str, **arguments: Any) -> bytes:
        try:
            return bytes(getattr(self.client, action)(KeyId=self.key_id, **arguments)[answer])
        except Exception as error:
            said = _code(error)
            if said is None:
                raise
        # Outside of the handler, because the service's own error may quote the request.
        if said in _LATER or said in _ON_THE_WAY:
            raise KMSUnavailableError(f"AWS KMS could not {action} now: {said}; try again", uri=self.uri)
        moved = ": was the alias pointed to another key? Point it back, load, and rewrap under the other key's id"
        hint = moved if said == "IncorrectKeyException" else ""
        raise KMSRefusedError(f"AWS KMS refused to {action}: {said}{hint}", uri=self.uri)


def _code(error: Exception) -> str | None:
    """Return the code of an error of botocore: the service's, or the class of one on the way there."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", type(error).__name__))
    return type(error).__name__ if type(error).__module__.startswith("botocore") else None
