"""AWS KMS through a stand-in that behaves like it (moto), and through clients that are down, slow or refuse."""

import pytest

from crmkit.encryption import AWSKeyWrapper, Field, Keyring
from crmkit.errors import KeyWrapperError, KMSRefusedError, KMSUnavailableError
from crmkit.typing import KeyWrapper


@pytest.fixture
def kms(monkeypatch):
    boto3 = pytest.importorskip("boto3", reason="needs boto3")
    moto = pytest.importorskip("moto", reason="needs moto, which stands in for AWS")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    with moto.mock_aws():
        yield boto3.client("kms", region_name="eu-west-1")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the stand-in, about its own parts
def test_a_keyring_in_kms_is_made_loaded_rotated_and_moved(kms, tmp_path):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/crm", TargetKeyId=key)
    wrapper = AWSKeyWrapper(kms, "alias/crm")
    assert isinstance(wrapper, KeyWrapper)
    ring = Keyring.create(tmp_path / "k", wrapper=wrapper, tenant="acme")
    field = Field("t.f")
    token = ring.box([field]).encrypt(field, "x", record=1)
    ring.rotate()
    again = Keyring.load(tmp_path / "k", wrapper=AWSKeyWrapper(kms, "alias/crm"))
    assert again.box([field]).decrypt(field, token, record=1) == "x"
    assert again.status().wrapped_by == ("aws-kms:alias/crm",)
    blob = wrapper.wrap(b"k" * 32, {"tenant": "acme"})
    assert wrapper.unwrap(blob, {"tenant": "acme"}) == b"k" * 32
    with pytest.raises(KMSRefusedError, match="InvalidCiphertextException"):
        wrapper.unwrap(blob, {"tenant": "globex"})
    with pytest.raises(KMSRefusedError, match="refused to encrypt"):
        AWSKeyWrapper(kms, "alias/absent").wrap(b"k" * 32, {})


class Client:
    """Raises what it was given."""

    def __init__(self, error):
        self.error = error

    def encrypt(self, **_):
        raise self.error

    decrypt = encrypt


def service_error(code):
    error = Exception(f"An error occurred ({code}): canary")
    error.response = {"Error": {"Code": code, "Message": "canary"}}
    return error


def test_a_service_that_is_busy_is_told_from_one_that_refuses():
    for code, wanted in (
        ("ThrottlingException", KMSUnavailableError),
        ("KMSInternalException", KMSUnavailableError),
        ("AccessDeniedException", KMSRefusedError),
        ("InvalidCiphertextException", KMSRefusedError),
        ("ExpiredTokenException", KMSRefusedError),
        ("DisabledException", KMSRefusedError),
    ):
        wrapper = AWSKeyWrapper(Client(service_error(code)), "k")
        for call in (lambda: wrapper.wrap(b"secret", {}), lambda: wrapper.unwrap(b"blob", {})):  # noqa: B023
            with pytest.raises(wanted, match=code) as caught:
                call()
            assert "canary" not in str(caught.value)
            assert caught.value.__cause__ is caught.value.__context__ is None
            assert caught.value.uri == "aws-kms:k"
    assert issubclass(KMSUnavailableError, ConnectionError)
    with pytest.raises(KMSRefusedError, match="alias pointed to another key"):
        AWSKeyWrapper(Client(service_error("IncorrectKeyException")), "alias/crm").unwrap(b"blob", {})
    assert issubclass(KMSRefusedError, PermissionError)


def test_a_service_that_is_down_or_slow_is_unavailable():
    exceptions = pytest.importorskip("botocore.exceptions", reason="needs boto3")
    for error, wanted in (
        (exceptions.EndpointConnectionError(endpoint_url="https://kms.example"), KMSUnavailableError),
        (exceptions.ReadTimeoutError(endpoint_url="https://kms.example"), KMSUnavailableError),
        (exceptions.ConnectTimeoutError(endpoint_url="https://kms.example"), KMSUnavailableError),
        (exceptions.NoCredentialsError(), KMSRefusedError),
    ):
        with pytest.raises(wanted):
            AWSKeyWrapper(Client(error), "k").wrap(b"x", {})


def test_an_error_that_is_not_of_aws_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        AWSKeyWrapper(Client(ZeroDivisionError()), "k").wrap(b"x", {})
    odd = Exception("x")
    odd.response = {}
    with pytest.raises(KeyWrapperError, match="refused to encrypt: Exception"):
        AWSKeyWrapper(Client(odd), "k").wrap(b"x", {})
