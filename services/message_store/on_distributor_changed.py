"""How long messages are kept, and what is spoken: our copy follows the distributors."""

from libs.postgres import Transaction
from schemas.distributor_changed import DistributorChanged
from services.message_store import copies


async def on_distributor_changed(event: DistributorChanged, tx: Transaction) -> None:
    """Keep the tenant's settings; an older word than the one we have changes nothing."""
    await copies.upsert_distributor(tx, event)
