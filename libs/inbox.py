"""Which events were consumed: claimed in the transaction that does their work."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.event import Event


async def claim(tx: Transaction, consumer: str, events: Sequence[Event]) -> list[Event]:
    """Write the ids of `events` into the inbox; waits for a transaction that is just claiming the same.

    Returns those that were not there yet, in their order, and once each.
    """
    ids = [event.envelope.id for event in events]
    rows = await tx.fetch(
        """
        insert into inbox (distributor_id, consumer, event_id)
        select distributor_id, $1, event_id from unnest($2::uuid[], $3::uuid[]) as e (distributor_id, event_id)
            on conflict do nothing
        returning event_id
        """,
        consumer,
        [event.distributor_id for event in events],
        ids,
    )
    claimed = {row["event_id"] for row in rows}
    return list({event_id: event for event_id, event in zip(ids, events, strict=True) if event_id in claimed}.values())
