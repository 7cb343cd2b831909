"""A public event: each of its tenant's endpoints that subscribed to its type gets a delivery."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.event import Event
from services.webhook_dispatcher import delivery_store


async def on_public_events(events: Sequence[Event], tx: Transaction) -> None:
    """Queue deliveries of `events`."""
    await delivery_store.insert_deliveries(tx, events)
