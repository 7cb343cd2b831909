"""What we answer, on its way out. One statement a function."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from libs.postgres import Connection, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is to be said in a conversation; `reply_id` becomes the message's id."""

    distributor_id: UUID
    conversation_id: UUID
    reply_id: UUID
    content: str
    reply_to_message_id: UUID | None = None
    order_session_id: UUID | None = None
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class StoredReply:
    """Where a reply came to stand, and where it goes."""

    message_id: UUID
    thread_position: int
    reply_to_message_id: UUID | None
    channel: str
    customer_id: UUID | None
    contact_id: UUID
    address: str
    integration_id: UUID
    channel_account: str | None


async def insert_replies(tx: Transaction, replies: Sequence[Reply]) -> dict[UUID, StoredReply]:
    """Store replies that are to be sent, each once, with the next places of their conversations.

    Each goes to whoever wrote the message that it answers, as long as they write for the customer; others go to whoever wrote last.
    Returns the new ones by reply id. A reply to a conversation that does not exist is left out as well.
    """
    rows = await tx.fetch(
        """
        with incoming as (
            select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::uuid[], $7::timestamptz[])
                with ordinality as e (distributor_id, conversation_id, message_id, content, reply_to_message_id, order_session_id, sent_at, place)
        ),
        fresh as materialized (
            select i.*, row_number() over (partition by distributor_id, conversation_id order by place) as nth
              from incoming i
             where not exists (select from messages m where (m.distributor_id, m.id) = (i.distributor_id, i.message_id))
        ),
        counted as (
            select distributor_id, conversation_id, max(nth) as new_messages, max(sent_at) as sent_at from fresh group by 1, 2 order by 1, 2
        ),
        placed as (
            update conversations c
               set last_thread_position = c.last_thread_position + n.new_messages,
                   last_message_at = greatest(c.last_message_at, n.sent_at)
              from counted n
             where (c.distributor_id, c.id) = (n.distributor_id, n.conversation_id)
            returning c.distributor_id, c.id as conversation_id, c.last_thread_position - n.new_messages as before,
                      c.channel, c.customer_id, c.contact_id, c.contact_address as address, c.integration_id, c.channel_account,
                      clock_timestamp() as placed_at
        ),
        addressed as materialized (
            select f.*, p.before + f.nth as thread_position, p.channel, p.customer_id, p.placed_at, quoted.id as quoted_id,
                   coalesce(k.id, p.contact_id) as contact_id, coalesce(k.address, p.address) as address,
                   case when k.id is null then p.integration_id else quoted.integration_id end as integration_id,
                   case when k.id is null or quoted.integration_id = p.integration_id then p.channel_account end as channel_account
              from fresh f
              join placed p using (distributor_id, conversation_id)
              left join messages quoted on (quoted.distributor_id, quoted.id) = (f.distributor_id, f.reply_to_message_id)
              -- Another contact of the customer may have written since: whoever asked is answered.
              left join contacts k on (k.distributor_id, k.id, k.customer_id) = (p.distributor_id, quoted.sender_contact_id, p.customer_id)
                                  and k.id <> p.contact_id
        ),
        stored as (
            insert into messages (distributor_id, id, conversation_id, content, is_from_customer, status, thread_position, reply_to_message_id,
                                  order_session_id, order_context_id, integration_id, language, sent_at, created_at)
            select a.distributor_id, a.message_id, a.conversation_id, a.content, false, 'QUEUED', a.thread_position, a.quoted_id,
                   a.order_session_id, session.order_context_id, a.integration_id, coalesce(k.language, d.locale, 'simple'), a.sent_at, a.placed_at
              from addressed a
              left join customers k on (k.distributor_id, k.id) = (a.distributor_id, a.customer_id)
              left join distributors d on d.distributor_id = a.distributor_id
              left join lateral (
                    select m.order_context_id from messages m
                     where (m.distributor_id, m.order_session_id) = (a.distributor_id, a.order_session_id) and m.order_context_id is not null
                     limit 1) session on true
             order by a.place
            returning distributor_id, id
        )
        select a.message_id, a.thread_position, a.quoted_id as reply_to_message_id, a.channel, a.customer_id, a.contact_id, a.address,
               a.integration_id, a.channel_account
          from stored s
          join addressed a on (a.distributor_id, a.message_id) = (s.distributor_id, s.id)
        """,
        [r.distributor_id for r in replies],
        [r.conversation_id for r in replies],
        [r.reply_id for r in replies],
        [r.content for r in replies],
        [r.reply_to_message_id for r in replies],
        [r.order_session_id for r in replies],
        [r.sent_at for r in replies],
    )
    return {row["message_id"]: StoredReply(**row) for row in rows}


async def select_existing(connection: Connection, distributor_ids: Sequence[UUID], message_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the messages, each named with its tenant, that exist."""
    rows = await connection.fetch(
        """
        select m.id from messages m
          join unnest($1::uuid[], $2::uuid[]) as e (distributor_id, message_id) on (m.distributor_id, m.id) = (e.distributor_id, e.message_id)
        """,
        distributor_ids,
        message_ids,
    )
    return {row["id"] for row in rows}
