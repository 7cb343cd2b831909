"""A customer who is to be forgotten is forgotten here too."""

from libs.postgres import Transaction
from schemas.customer_erased import CustomerErased
from services.catalog_matcher import aliases_store, copies, purchases_store


async def on_customer_erased(event: CustomerErased, tx: Transaction) -> None:
    """Delete what a customer bought, what they call things, and which prices they have."""
    await purchases_store.delete_customer(tx, event.distributor_id, event.customer_id)
    await aliases_store.delete_customer(tx, event.distributor_id, event.customer_id)
    await copies.delete_customer(tx, event.distributor_id, event.customer_id)
