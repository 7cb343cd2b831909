"""Which events were consumed: claimed in the transaction that does their work."""

from collections.abc import Sequence
from uuid import UUID

from libs.postgres import Transaction
from schemas.event import Event


async def claim(tx: Transaction, consumer: str, events: Sequence[Event]) -> set[UUID]:
    """Write the ids of `events` into the inbox. Returns those that were not there yet; waits for a transaction that is just claiming the same."""
    rows = await tx.fetch(
        """
        insert into inbox (distributor_id, consumer, event_id)
        select distributor_id, $1, event_id from unnest($2::uuid[], $3::uuid[]) as e (distributor_id, event_id)
            on conflict do nothing
        returning event_id
        """,
        consumer,
        [event.distributor_id for event in events],
        [event.envelope.id for event in events],
    )
    return {row["event_id"] for row in rows}
