"""The integrations' credentials: unsealed when a message is sent, and not kept."""

from base64 import b64decode
from uuid import UUID

from pydantic import SecretStr
from pydantic_core import from_json

from libs import crypto
from services.outbound.domain import Integration


class CredentialMissing(Exception):
    """The integration has no credential of this name."""


def unseal(master_key: SecretStr, integration_id: UUID, integration: Integration) -> dict[str, SecretStr]:
    """Return the integration's credentials by their names. Raises NotDecryptable, or ValueError for what is no JSON object."""
    if integration.sealed_credentials is None:
        return {}
    plain = crypto.unseal(master_key, b64decode(integration.sealed_credentials), f"integration.changed/{integration_id}")
    return {name: SecretStr(value) for name, value in from_json(plain).items() if isinstance(value, str)}


def named(credentials: dict[str, SecretStr], name: str) -> SecretStr:
    """Return one of `credentials`. Raises CredentialMissing."""
    if name not in credentials:
        raise CredentialMissing(name)
    return credentials[name]
