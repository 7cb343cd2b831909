"""A tenant's account at a provider, as it is kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.contact import Channel
from schemas.integration_changed import IntegrationChanged, IntegrationStatus, Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """An integration as its owner sees it: everything but its secrets. `version` counts what the owner changed."""

    id: UUID
    integration_type: str
    provider: str
    provider_version: str | None
    channel: str
    external_account_id: str
    display_name: str
    config: dict[str, Any]
    has_credentials: bool
    webhook_url: str | None
    status: str
    last_sync_at: datetime | None
    sync_frequency_minutes: int | None
    error_count: int
    last_error_message: str | None
    capabilities: list[str]
    rate_limit_remaining: int | None
    rate_limit_reset_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    def changed(self, distributor_id: UUID, at: datetime, sealed_credentials: str | None = None, *, deleted: bool = False) -> IntegrationChanged:
        """Return the event that tells others of this integration."""
        return IntegrationChanged(
            distributor_id=distributor_id,
            occurred_at=at,
            integration_id=self.id,
            provider=Provider(self.provider),
            channel=Channel(self.channel),
            external_account_id=self.external_account_id,
            status=IntegrationStatus(self.status),
            config=self.config,
            sealed_credentials=sealed_credentials,
            deleted=deleted,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationWithSecret(Integration):
    """An integration in the answer to the request that set its webhook secret, which nothing shows again; null in other answers."""

    webhook_secret: str | None


def webhook_url(public_url: str, provider: str, integration_id: UUID) -> str:
    """Return the address that the provider is to call. Meta has one for all numbers of an app."""
    return f"{public_url.rstrip('/')}/webhooks/" + ("whatsapp" if provider == Provider.META else f"{provider.lower()}/{integration_id}")
