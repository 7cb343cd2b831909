"""The files of messages that were just stored wait here to be fetched."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from libs.postgres import Transaction
from schemas.message_received import MessageReceived
from services.message_store import media_store
from services.message_store.media.domain import declared_kind


async def enqueue_attachments(tx: Transaction, stored: Sequence[tuple[MessageReceived, UUID]]) -> None:
    """Queue every file of messages, each named with the id that it is stored under, in the transaction that stores them."""
    if waiting := [row for event, message_id in stored for row in _rows(event, message_id)]:
        await media_store.insert_attachments(tx, waiting)


def _rows(event: MessageReceived, message_id: UUID) -> Iterator[dict[str, Any]]:
    for place, attachment in enumerate(event.attachments):
        yield {
            "distributor_id": event.distributor_id,
            "message_id": message_id,
            "conversation_id": event.conversation_id,
            "place": place,
            "kind": declared_kind(attachment.mime_type),
            "integration_id": event.integration_id,
            "channel": event.channel,
            "event_id": event.envelope.id,
            "correlation_id": event.envelope.correlation_id,
            **attachment.model_dump(),
        }
