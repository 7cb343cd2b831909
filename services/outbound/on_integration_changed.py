"""Through which account messages go: our copy follows the integrations."""

from libs.postgres import Transaction
from schemas.integration_changed import IntegrationChanged
from services.outbound import copies
from services.outbound.send_rate import messages_per_second


async def on_integration_changed(event: IntegrationChanged, tx: Transaction) -> None:
    """Keep the integration, and how fast it may send; an older word than the one we have changes nothing."""
    if await copies.upsert_integration(tx, event):
        await copies.upsert_send_rate(tx, event.distributor_id, event.integration_id, messages_per_second(event.provider, event.config))
