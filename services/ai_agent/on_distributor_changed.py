"""What a distributor allows and promises: our copy follows."""

from libs.postgres import Transaction
from schemas.distributor_changed import DistributorChanged
from services.ai_agent import known_store


async def on_distributor_changed(event: DistributorChanged, tx: Transaction) -> None:
    """Keep the tenant's terms; an older word than the one we have changes nothing."""
    await known_store.upsert_distributor(tx, event)
