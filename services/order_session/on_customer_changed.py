"""Whose orders they are: our copy follows the customers."""

from libs.postgres import Transaction
from schemas.customer_changed import CustomerChanged
from services.order_session import copies


async def on_customer_changed(event: CustomerChanged, tx: Transaction) -> None:
    """Keep the customer's name, code and address; an older word than the one we have changes nothing."""
    await copies.upsert_customer(tx, event)
