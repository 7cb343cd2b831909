"""What customers pay: our copy follows them to their price lists."""

from libs.postgres import Transaction
from schemas.customer_changed import CustomerChanged
from services.catalog_matcher import copies


async def on_customer_changed(event: CustomerChanged, tx: Transaction) -> None:
    """Keep which price list holds for a customer; an older word than the one we have changes nothing."""
    await copies.upsert_customer(tx, event)
