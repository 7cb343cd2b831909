"""A public event: each of its tenant's endpoints that subscribed to its type gets a delivery."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.event import Event
from services.webhook_dispatcher import delivery_store, endpoint_store


async def on_public_events(events: Sequence[Event], tx: Transaction) -> None:
    """Queue deliveries of `events`, all of one type. One query where nobody subscribed to it."""
    subscribers = await endpoint_store.select_subscribers(tx, {event.distributor_id for event in events}, events[0].topic)
    if wanted := [event for event in events if event.distributor_id in subscribers]:
        await delivery_store.insert_deliveries(tx, wanted)
