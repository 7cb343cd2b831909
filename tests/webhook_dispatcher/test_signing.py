"""A receiver's own library accepts our signatures, and nothing else."""

import hashlib
import hmac
from base64 import b64decode
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.webhook_dispatcher import signing
from services.webhook_dispatcher.signing import AuthType

BODY = '{"id":"1","type":"order.confirmed","data":{"name":"Crème"}}'.encode()


@pytest.mark.parametrize("auth_type", [AuthType.STANDARD_WEBHOOKS, AuthType.HMAC_SHA256])
def test_a_receiver_verifies_with_the_current_and_with_the_previous_secret(auth_type: AuthType) -> None:
    current, previous = signing.new_secret(), signing.new_secret()
    headers = signing.headers(auth_type, None, [current, previous], uuid4(), datetime.now(UTC), BODY)
    for secret in (current, previous):
        assert Webhook(secret).verify(BODY, headers)["type"] == "order.confirmed"
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.new_secret()).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(current).verify(BODY + b" ", headers)


def test_hmac_sha256_also_carries_the_hexadecimal_form() -> None:
    secret = signing.new_secret()
    headers = signing.headers(AuthType.HMAC_SHA256, None, [secret], uuid4(), datetime.now(UTC), BODY)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + BODY
    expected = hmac.new(b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).hexdigest()
    assert headers["X-Comanda-Signature"] == f"sha256={expected}"


@pytest.mark.parametrize(
    ("auth_type", "shown"),
    [(AuthType.NONE, {}), (AuthType.API_KEY, {"X-API-Key": "k-1"}), (AuthType.BEARER_TOKEN, {"Authorization": "Bearer k-1"})],
)
def test_other_kinds_show_the_credential_and_sign_nothing(auth_type: AuthType, shown: dict[str, str]) -> None:
    headers = signing.headers(auth_type, "k-1", [], uuid4(), datetime.now(UTC), BODY)
    assert {name: value for name, value in headers.items() if name not in ("webhook-id", "webhook-timestamp")} == shown


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("whsec_" + "A" * 32, True),
        (signing.new_secret(), True),
        ("whsec_" + "A" * 28, False),
        ("A" * 32, False),
        ("whsec_é", False),
        ("whsec_%%%%" + "A" * 40, False),
    ],
)
def test_a_secret_is_base64_of_24_to_64_bytes(text: str, *, good: bool) -> None:
    assert signing.is_secret(text) is good
