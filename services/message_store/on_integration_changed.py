"""What files are downloaded with: our copy follows the integrations."""

from libs.postgres import Transaction
from schemas.integration_changed import IntegrationChanged
from services.message_store import media_store


async def on_integration_changed(event: IntegrationChanged, tx: Transaction) -> None:
    """Keep the integration's credentials; an older word than the one we have changes nothing."""
    await media_store.upsert_integration(tx, event)
