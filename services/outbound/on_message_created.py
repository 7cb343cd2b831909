"""A message of ours is stored: it waits here to be sent."""

from collections.abc import Sequence

from libs.postgres import Transaction
from libs.refused import Refused
from schemas.message_created import MessageCreated
from services.outbound import store


class IntegrationUnknown(Refused):
    """A message of ours that names no integration cannot be sent, nor can anybody be told so."""


async def on_messages_created(events: Sequence[MessageCreated], tx: Transaction) -> None:
    """Queue those that are ours. Raises IntegrationUnknown."""
    ours = [event for event in events if not event.is_from_customer]
    for event in ours:
        if event.integration_id is None:
            raise IntegrationUnknown("a message of ours must name the integration that sends it: integration_id is null")
    if ours:
        await store.insert_messages(tx, ours)
