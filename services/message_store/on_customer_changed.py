"""Whose contacts they are: our copy follows the customers, and the conversations follow their contacts."""

from collections.abc import Sequence
from uuid import UUID

from libs.postgres import Transaction
from schemas.customer_changed import CustomerChanged
from services.message_store import copies, linking


async def on_customers_changed(events: Sequence[CustomerChanged], tx: Transaction) -> None:
    """Keep customers and link the contacts that changed hands; an older word than the one we have changes nothing."""
    newest = _newest(events)
    news = await copies.upsert_customers(tx, newest)
    fresh = [event for event in newest if (event.distributor_id, event.customer_id) in news]
    gone = await copies.update_contacts_gone(tx, fresh)
    gained = await copies.upsert_contacts(tx, fresh)
    links = {(link.distributor_id, link.contact_id): link for link in (*gone, *gained)}
    if links:
        await linking.follow(tx, list(links.values()))


def _newest(events: Sequence[CustomerChanged]) -> list[CustomerChanged]:
    newest: dict[tuple[UUID, UUID], CustomerChanged] = {}
    for event in events:
        known = newest.get((event.distributor_id, event.customer_id))
        if known is None or known.occurred_at <= event.occurred_at:
            newest[event.distributor_id, event.customer_id] = event
    return list(newest.values())
