"""A message is stored: ours waits here to be sent, a customer's opens the window for ours."""

from collections.abc import Sequence

from libs.postgres import Transaction
from libs.refused import Refused
from schemas.contact import Channel
from schemas.message_created import MessageCreated
from services.outbound import copies, store


class IntegrationUnknown(Refused):
    """A message of ours that names no integration cannot be sent, nor can anybody be told so."""


def is_wanted(event: MessageCreated) -> bool:
    """Tell whether it is ours to send, or of a customer in a channel where it matters when and what they wrote last."""
    return not event.is_from_customer or event.channel is not Channel.SMS


async def on_messages_created(events: Sequence[MessageCreated], tx: Transaction) -> None:
    """Queue messages of ours and remember the customers' last ones. Raises IntegrationUnknown."""
    ours = [event for event in events if not event.is_from_customer]
    theirs = [event for event in events if event.is_from_customer]
    if any(event.integration_id is None for event in ours):
        raise IntegrationUnknown("a message of ours must name the integration that sends it: integration_id is null")
    if theirs:
        await copies.upsert_last_inbound(tx, theirs)
    if ours:
        await store.insert_messages(tx, ours)
