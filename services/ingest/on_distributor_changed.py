"""Who is served: our copy follows the distributors."""

from libs.postgres import Transaction
from schemas.distributor_changed import DistributorChanged
from services.ingest import store


async def on_distributor_changed(event: DistributorChanged, tx: Transaction) -> None:
    """Keep the tenant's status; an older word than the one we have changes nothing."""
    await store.upsert_distributor(tx, event)
