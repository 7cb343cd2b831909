"""A message of ours is stored: it waits here to be sent."""

from collections.abc import Sequence

from libs.postgres import Transaction
from libs.refused import Refused
from schemas.message_created import MessageCreated
from services.outbound import store


class IntegrationUnknown(Refused):
    """A message of ours that names no integration cannot be sent, nor can anybody be told so."""


def is_ours(event: MessageCreated) -> bool:
    """Tell whether we wrote it; what customers wrote is not ours to send."""
    return not event.is_from_customer


async def on_messages_created(events: Sequence[MessageCreated], tx: Transaction) -> None:
    """Queue messages of ours. Raises IntegrationUnknown."""
    if any(event.integration_id is None for event in events):
        raise IntegrationUnknown("a message of ours must name the integration that sends it: integration_id is null")
    await store.insert_messages(tx, events)
