"""What a distributor demands of an order: our copy follows."""

from libs.postgres import Transaction
from schemas.distributor_changed import DistributorChanged
from services.order_session import copies


async def on_distributor_changed(event: DistributorChanged, tx: Transaction) -> None:
    """Keep the tenant's terms; an older word than the one we have changes nothing."""
    await copies.upsert_distributor(tx, event)
