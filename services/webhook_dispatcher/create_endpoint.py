"""A new endpoint: what its owner may ask for, and how it comes to be."""

from typing import Annotated, Any, Self
from uuid import UUID, uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from libs.postgres import Transaction
from schemas import topics
from schemas.topics import Visibility
from services.webhook_dispatcher import credentials, endpoint_store, signing
from services.webhook_dispatcher.endpoint_store import Endpoint
from services.webhook_dispatcher.signing import AuthType

PUBLIC_TYPES = frozenset(topic.name for topic in topics.load().values() if topic.visibility is Visibility.PUBLIC)
LONGEST_CREDENTIAL = 1_000


def _all_public(events: list[str]) -> list[str]:
    if unknown := sorted(set(events) - PUBLIC_TYPES):
        raise ValueError(f"no such public event: {', '.join(unknown)}; there are {', '.join(sorted(PUBLIC_TYPES))}")
    return sorted(set(events))


Name = Annotated[str, Field(min_length=1, max_length=200)]
Description = Annotated[str, Field(max_length=2_000)]
Address = Annotated[str, Field(min_length=1, max_length=2_000, description="https://…, at a public address")]
EventTypes = Annotated[list[str], Field(min_length=1, max_length=100), AfterValidator(_all_public)]
Retries = Annotated[int | None, Field(ge=0, le=20, description="Attempts after the first; null: seven, over 27 hours")]
RetryDelay = Annotated[int | None, Field(ge=1, le=86_400, description="The same pause before each retry; null: from 5 s to 10 h")]
TimeoutSeconds = Annotated[int, Field(ge=1, le=30)]
RateLimit = Annotated[int | None, Field(ge=1, le=1_000)]


class EndpointWanted(BaseModel):
    """An endpoint as its owner asks for it."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    description: Description = ""
    url: Address
    events: EventTypes
    auth_type: AuthType = AuthType.STANDARD_WEBHOOKS
    auth_value: SecretStr | None = Field(default=None, description="The API key or bearer token to send; or the signing secret, else we make one")
    retry_attempts: Retries = None
    retry_delay_seconds: RetryDelay = None
    timeout_seconds: TimeoutSeconds = 15
    rate_limit_per_second: RateLimit = None
    ordered: bool = Field(default=False, description="One delivery at a time, in the order of the events")
    active: bool = True

    @model_validator(mode="after")
    def _credential_fits(self) -> Self:
        credential = self.auth_value.get_secret_value() if self.auth_value else None
        if self.auth_type.shows_credential and not (
            credential and credential.isascii() and credential.isprintable() and len(credential) <= LONGEST_CREDENTIAL
        ):
            raise ValueError(f"{self.auth_type} needs auth_value: what is sent, printable ASCII of at most {LONGEST_CREDENTIAL} characters")
        if self.auth_type.signs and credential is not None and not signing.is_secret(credential):
            raise ValueError("auth_value must be a Standard Webhooks secret: whsec_ and base64 of 24 to 64 bytes")
        if self.auth_type is AuthType.NONE and credential is not None:
            raise ValueError("auth_value goes with another auth_type")
        return self


class EndpointChanges(BaseModel):
    """What is to become different about an endpoint; what is left out stays as it is. A default here is never used."""

    model_config = ConfigDict(extra="forbid")

    name: Name = "-"
    description: Description = ""
    url: Address = "-"
    events: EventTypes = []
    retry_attempts: Retries = None
    retry_delay_seconds: RetryDelay = None
    timeout_seconds: TimeoutSeconds = 15
    rate_limit_per_second: RateLimit = None
    ordered: bool = False
    active: bool = True

    def changes(self) -> dict[str, Any]:
        """The columns that were named, with their values."""
        return self.model_dump(exclude_unset=True)


async def create_endpoint(tx: Transaction, master_key: SecretStr, distributor_id: UUID, wanted: EndpointWanted) -> tuple[Endpoint, str | None]:
    """Insert the endpoint. Returns it and, where it signs, the secret that its receiver needs."""
    endpoint_id = uuid4()
    given = wanted.auth_value.get_secret_value() if wanted.auth_value else None
    secret = (given or signing.new_secret()) if wanted.auth_type.signs else None
    credential = credentials.seal(master_key, endpoint_id, given) if given and wanted.auth_type.shows_credential else None
    secrets = [credentials.seal(master_key, endpoint_id, secret)] if secret else []
    values = wanted.model_dump(exclude={"auth_value"})
    return await endpoint_store.insert_endpoint(tx, distributor_id, endpoint_id, values, credential, secrets), secret


async def secret_of(tx: Transaction, master_key: SecretStr, distributor_id: UUID, endpoint_id: UUID) -> str | None:
    """Return the current credential or signing secret of an endpoint in plain text: for the answer to its creation alone."""
    found = await endpoint_store.select_credentials(tx, distributor_id, endpoint_id)
    if found is None:
        return None
    credential, secrets = found
    sealed = secrets[0] if secrets else credential
    return credentials.unseal(master_key, endpoint_id, sealed) if sealed else None
