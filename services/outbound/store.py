"""The statements on the messages that are to be sent."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from libs.postgres import Connection, Transaction
from schemas.message_created import MessageCreated
from services.outbound.domain import Claimed, Failed, RetryLater, Sent


async def insert_messages(tx: Transaction, events: Sequence[MessageCreated]) -> None:
    """Queue messages of any of the transaction's tenants; those that are there already stay as they are."""
    await tx.execute(
        """
        insert into outbound_messages (distributor_id, message_id, conversation_id, thread_position, integration_id,
                                       channel, channel_account, address, content, event_id, correlation_id)
        select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::uuid[],
                             $6::text[], $7::text[], $8::text[], $9::text[], $10::uuid[], $11::uuid[])
            on conflict (distributor_id, message_id) do nothing
        """,
        [event.distributor_id for event in events],
        [event.message_id for event in events],
        [event.conversation_id for event in events],
        [event.thread_position for event in events],
        [event.integration_id for event in events],
        [event.channel for event in events],
        [event.channel_account for event in events],
        [event.address for event in events],
        [event.content for event in events],
        [event.envelope.id for event in events],
        [event.envelope.correlation_id for event in events],
    )


async def claim_due(worker: Connection, limit: int, lease: timedelta) -> list[Claimed]:
    """Claim at most `limit` messages of all tenants, each the first unsent one of its conversation, for as long as `lease`.

    A message that is being sent is unsent still, and so holds back the later ones of its conversation.
    """
    rows = await worker.fetch(
        """
        with due as (
            select m.distributor_id, m.id
              from outbound_messages m
             where m.state = 'PENDING' and m.run_after <= now() and m.locked_until <= now()
               and not exists (
                       select from outbound_messages earlier
                        where earlier.distributor_id = m.distributor_id and earlier.conversation_id = m.conversation_id
                          and earlier.state = 'PENDING' and earlier.thread_position < m.thread_position)
             order by m.run_after
             limit $1
               for update skip locked
        )
        update outbound_messages m
           set locked_until = now() + $2, attempt = m.attempt + 1
          from due
         where m.distributor_id = due.distributor_id and m.id = due.id
        returning m.distributor_id, m.id, m.message_id, m.conversation_id, m.integration_id, m.channel, m.channel_account, m.address, m.content,
                  m.attempt, m.event_id, m.correlation_id
        """,
        limit,
        lease,
    )
    return [Claimed(**row) for row in rows]


async def update_sent(tx: Transaction, sent: Sequence[tuple[Claimed, Sent]]) -> set[UUID]:
    """Record what the provider took. Returns the ids of those for which that is news."""
    rows = await tx.fetch(
        """
        update outbound_messages m
           set state = 'SENT', external_message_id = r.external_message_id, error_code = null
          from unnest($1::uuid[], $2::uuid[], $3::text[]) as r (distributor_id, id, external_message_id)
         where m.distributor_id = r.distributor_id and m.id = r.id and m.state = 'PENDING'
        returning m.id
        """,
        [claimed.distributor_id for claimed, _ in sent],
        [claimed.id for claimed, _ in sent],
        [outcome.external_message_id for _, outcome in sent],
    )
    return {row["id"] for row in rows}


async def update_failed(tx: Transaction, failed: Sequence[tuple[Claimed, Failed]]) -> set[UUID]:
    """Record what will not be sent any more, unless another attempt has begun since. Returns the ids of those for which that is news."""
    rows = await tx.fetch(
        """
        update outbound_messages m
           set state = 'FAILED', error_code = r.error_code
          from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[]) as r (distributor_id, id, attempt, error_code)
         where m.distributor_id = r.distributor_id and m.id = r.id and m.attempt = r.attempt and m.state = 'PENDING'
        returning m.id
        """,
        [claimed.distributor_id for claimed, _ in failed],
        [claimed.id for claimed, _ in failed],
        [claimed.attempt for claimed, _ in failed],
        [outcome.error_code for _, outcome in failed],
    )
    return {row["id"] for row in rows}


async def update_to_retry(tx: Transaction, later: Sequence[tuple[Claimed, RetryLater]]) -> None:
    """Give messages back to the queue, unless another attempt has begun since."""
    await tx.execute(
        """
        update outbound_messages m
           set run_after = now() + r.pause, locked_until = '-infinity', error_code = r.error_code
          from unnest($1::uuid[], $2::uuid[], $3::int[], $4::interval[], $5::text[]) as r (distributor_id, id, attempt, pause, error_code)
         where m.distributor_id = r.distributor_id and m.id = r.id and m.attempt = r.attempt and m.state = 'PENDING'
        """,
        [claimed.distributor_id for claimed, _ in later],
        [claimed.id for claimed, _ in later],
        [claimed.attempt for claimed, _ in later],
        [outcome.pause for _, outcome in later],
        [outcome.error_code for _, outcome in later],
    )
