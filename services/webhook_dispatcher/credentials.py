"""The endpoints' credentials at rest: sealed for their own row, so that a copied row opens nothing."""

from uuid import UUID

from pydantic import SecretStr

from libs import crypto


def seal(master_key: SecretStr, endpoint_id: UUID, plain: str) -> bytes:
    """Encrypt a credential or secret of an endpoint."""
    return crypto.seal(master_key, plain.encode(), _place(endpoint_id))


def unseal(master_key: SecretStr, endpoint_id: UUID, sealed: bytes) -> str:
    """Decrypt what `seal` returned for the same endpoint. Raises NotDecryptable."""
    return crypto.unseal(master_key, sealed, _place(endpoint_id)).decode()


def _place(endpoint_id: UUID) -> str:
    return f"webhook_endpoints/{endpoint_id}"
