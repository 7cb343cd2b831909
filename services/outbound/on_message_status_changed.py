"""The provider speaks of a message of ours: so it has it, even where its answer to us got lost."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.message_status_changed import MessageStatusChanged
from services.outbound import store


def is_of_provider(event: MessageStatusChanged) -> bool:
    """Tell whether a provider said it, naming both ids; what we said ourselves tells us nothing."""
    return event.envelope.source != "outbound" and event.message_id is not None and event.external_message_id is not None


async def on_message_statuses_changed(events: Sequence[MessageStatusChanged], tx: Transaction) -> None:
    """Take messages that were begun to be sent out of the queue: they are not sent again."""
    await store.update_confirmed(tx, events)
