"""How a receiver knows that a webhook is ours: Standard Webhooks signatures, or a credential of the receiver's own."""

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public mark of a secret, not one
SECRET_BYTES = range(24, 65)


class AuthType(StrEnum):
    """What an endpoint gets to know us by."""

    NONE = "NONE"
    API_KEY = "API_KEY"
    BEARER_TOKEN = "BEARER_TOKEN"  # noqa: S105 - a name
    HMAC_SHA256 = "HMAC_SHA256"
    STANDARD_WEBHOOKS = "STANDARD_WEBHOOKS"

    @property
    def signs(self) -> bool:
        """Whether each webhook is signed."""
        return self in (AuthType.HMAC_SHA256, AuthType.STANDARD_WEBHOOKS)

    @property
    def shows_credential(self) -> bool:
        """Whether a credential that the owner gave is sent along."""
        return self in (AuthType.API_KEY, AuthType.BEARER_TOKEN)


def new_secret() -> str:
    """Return a fresh signing secret in its written form."""
    return SECRET_PREFIX + b64encode(os.urandom(32)).decode()


def is_secret(text: str) -> bool:
    """Tell whether `text` is a signing secret in its written form: whsec_ and base64 of 24 to 64 bytes."""
    try:
        return text.startswith(SECRET_PREFIX) and len(_key(text)) in SECRET_BYTES
    except ValueError:
        return False


def headers(auth_type: AuthType, credential: str | None, secrets: Sequence[str], event_id: UUID, now: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of one attempt. `secrets` are those in force, the newest first; each signs."""
    identity = {"webhook-id": str(event_id), "webhook-timestamp": str(int(now.timestamp()))}
    if auth_type is AuthType.API_KEY and credential:
        return identity | {"X-API-Key": credential}
    if auth_type is AuthType.BEARER_TOKEN and credential:
        return identity | {"Authorization": f"Bearer {credential}"}
    if not auth_type.signs:
        return identity
    signed = f"{identity['webhook-id']}.{identity['webhook-timestamp']}.".encode() + body
    digests = [hmac.new(_key(secret), signed, hashlib.sha256).digest() for secret in secrets]
    identity["webhook-signature"] = " ".join(f"v1,{b64encode(digest).decode()}" for digest in digests)
    if auth_type is AuthType.HMAC_SHA256:
        identity["X-Comanda-Signature"] = f"sha256={digests[0].hex()}"
    return identity


def _key(secret: str) -> bytes:
    return b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
