"""`integration.changed`: how a tenant's account at a provider is reached, as it is now. Compacted."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import Field

from schemas.contact import Channel
from schemas.event import Event


class Provider(StrEnum):
    """Who carries messages for us."""

    META = "Meta"
    TWILIO = "Twilio"
    SENDGRID = "SendGrid"
    MAILGUN = "Mailgun"
    POSTMARK = "Postmark"
    GATEWAY = "Gateway"


class IntegrationStatus(StrEnum):
    """Whether an integration is used."""

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    ERROR = "ERROR"
    PENDING_AUTH = "PENDING_AUTH"


class IntegrationChanged(Event):
    """One account at a provider. `external_account_id` is the provider's name of our side: a phone_number_id, a number, a mailbox."""

    topic = "integration.changed"
    subject_field = "integration_id"
    key_fields = ("integration_id",)

    integration_id: UUID
    provider: Provider
    channel: Channel
    external_account_id: str = Field(min_length=1, max_length=320)
    status: IntegrationStatus
    config: dict[str, Any] = Field(default_factory=dict)
    sealed_credentials: str | None = Field(
        default=None,
        max_length=20_000,
        description="Base64 of a JSON object sealed with the installation's master key for integration.changed/<integration_id>",
    )
    deleted: bool = False
