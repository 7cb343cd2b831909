"""The statements on the messages that are to be sent."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from libs.postgres import Connection, Transaction
from schemas.message_created import MessageCreated
from schemas.message_status_changed import MessageStatusChanged
from services.outbound.domain import Claimed, Failed, RetryLater, Sent

AT_ONCE_BY_AN_INTEGRATION = 16
"""With so many messages under way in a process an integration waits, so that a provider that hangs leaves room for others."""


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


async def claim_due(worker: Connection, limit: int, lease: timedelta, crowded: Sequence[UUID] = ()) -> list[Claimed]:
    """Claim at most `limit` messages of all tenants, each the first unsent one of its conversation, for as long as `lease`.

    A message that is being sent is unsent still, and so holds back the later ones of its conversation. Integrations take turns; those in `crowded`
    are left out, and each needs a token of its bucket for each message. A bucket that another process has its hand in is left to that process.
    """
    rows = await worker.fetch(
        """
        with recursive waiting as (
            (select distributor_id, integration_id from outbound_messages where state = 'PENDING' order by 1, 2 limit 1)
            union all
            select next.distributor_id, next.integration_id
              from waiting w
             cross join lateral (
                    select m.distributor_id, m.integration_id from outbound_messages m
                     where m.state = 'PENDING' and (m.distributor_id, m.integration_id) > (w.distributor_id, w.integration_id)
                     order by 1, 2 limit 1) next
        ), buckets as materialized (
            select r.distributor_id, r.integration_id,
                   least(greatest(r.messages_per_second, 1),
                         r.tokens + r.messages_per_second * greatest(extract(epoch from now() - r.tokens_at), 0)) as tokens
              from waiting w
              join send_rates r on r.distributor_id = w.distributor_id and r.integration_id = w.integration_id
               for update of r skip locked
        ), open_integrations as materialized (
            select w.distributor_id, w.integration_id,
                   least($3, greatest($1 / count(*) over (), 1), case when r.integration_id is not null then floor(b.tokens) end)::int as places
              from waiting w
              left join send_rates r on r.distributor_id = w.distributor_id and r.integration_id = w.integration_id
              left join buckets b on b.distributor_id = w.distributor_id and b.integration_id = w.integration_id
             where (r.integration_id is null or b.tokens >= 1) and w.integration_id <> all($4::uuid[])
        ), candidates as (
            select o.distributor_id, c.id, row_number() over (partition by o.distributor_id, o.integration_id order by c.run_after) as turn
              from open_integrations o
             cross join lateral (
                    select m.id, m.run_after from outbound_messages m
                     where m.distributor_id = o.distributor_id and m.integration_id = o.integration_id
                       and m.state = 'PENDING' and m.run_after <= now() and m.locked_until <= now()
                       -- Not as "not exists", which the planner may answer by reading the whole backlog.
                       and m.thread_position = (
                               select first.thread_position from outbound_messages first
                                where first.distributor_id = m.distributor_id and first.conversation_id = m.conversation_id
                                  and first.state = 'PENDING'
                                order by first.thread_position limit 1)
                     order by m.run_after
                     limit o.places) c
        ), due as (
            select m.distributor_id, m.id, m.integration_id
              from outbound_messages m
              join candidates c on c.distributor_id = m.distributor_id and c.id = m.id
             -- Said so that only the primary key can serve: the partial indexes grow with the backlog.
             where m.state not in ('SENT', 'FAILED') and m.run_after <= now() and m.locked_until <= now()
             order by c.turn, m.run_after
             limit $1
               for update of m skip locked
        ), taken as (
            update send_rates r
               set tokens = b.tokens - spent.count, tokens_at = greatest(r.tokens_at, now())
              from buckets b
              join (select distributor_id, integration_id, count(*) from due group by 1, 2) spent
                on spent.distributor_id = b.distributor_id and spent.integration_id = b.integration_id
             where r.distributor_id = b.distributor_id and r.integration_id = b.integration_id
        )
        update outbound_messages m
           set locked_until = now() + $2, attempt = m.attempt + 1
          from due
         where m.distributor_id = due.distributor_id and m.id = due.id
        returning m.distributor_id, m.id, m.message_id, m.conversation_id, m.integration_id, m.channel, m.channel_account, m.address, m.content,
                  m.attempt, m.error_code, m.event_id, m.correlation_id
        """,
        limit,
        lease,
        AT_ONCE_BY_AN_INTEGRATION,
        list(crowded),
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


async def update_confirmed(tx: Transaction, events: Sequence[MessageStatusChanged]) -> None:
    """Record that a provider has messages, by its own word, of those that were begun to be sent and are not known to be."""
    await tx.execute(
        """
        update outbound_messages m
           set state = 'SENT', external_message_id = r.external_message_id, error_code = null
          from unnest($1::uuid[], $2::uuid[], $3::text[]) as r (distributor_id, message_id, external_message_id)
         where m.distributor_id = r.distributor_id and m.message_id = r.message_id and m.state = 'PENDING' and m.attempt > 0
        """,
        [event.distributor_id for event in events],
        [event.message_id for event in events],
        [event.external_message_id for event in events],
    )
