"""What customers changed after they had sent it, or took back."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.message_amended import MessageAmended
from services.message_store import amending, amendments_store
from services.message_store.amendments_store import Amendment


async def on_messages_amended(events: Sequence[MessageAmended], tx: Transaction) -> None:
    """Change messages and keep what they said; a change that came before its message waits for it."""
    amendments = [
        Amendment(event.distributor_id, event.integration_id, event.external_message_id, event.content, event.amended_at) for event in events
    ]
    here = await amending.amend(tx, amendments)
    if early := [each for each in amendments if each.name not in here]:
        await amendments_store.insert_early(tx, early)
