"""Whose address it is: our copy follows the customers."""

from libs.postgres import Transaction
from schemas.customer_changed import CustomerChanged
from services.ingest import store


async def on_customer_changed(event: CustomerChanged, tx: Transaction) -> None:
    """Replace the customer's addresses; an older word than the one we have changes nothing."""
    if await store.upsert_customer(tx, event):
        await store.delete_contacts(tx, event)
        await store.upsert_contacts(tx, event)
