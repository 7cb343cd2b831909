"""What customers wrote, on its way in."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from libs import postgres
from libs.postgres import Transaction
from schemas.message_received import MessageReceived

CUSTOMER_SERVICE_WINDOW_HOURS = 24
"""Free-form replies are allowed this long after the customer's last message (WhatsApp)."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """Where a message came to stand, whose conversation that is, and what it answers."""

    message_id: UUID
    thread_position: int
    customer_id: UUID | None
    reply_to_message_id: UUID | None
    is_merged: bool
    """Another conversation shows it."""


async def insert_received(tx: Transaction, events: Sequence[MessageReceived]) -> dict[int, StoredMessage]:
    """Store customers' messages in the next places of their conversations, each external id once: its unique key is what stores a message once.

    Returns the new ones by their place in `events`. The conversations' rows stay locked, so places are gapless whoever writes at the same time.
    """
    rows = await tx.fetch(
        """
        with incoming as materialized (
            select *, uuidv7() as message_id
              from rows from (
                  json_to_recordset($1::json) as (
                      distributor_id uuid, conversation_id uuid, channel text, integration_id uuid, channel_account text, external_message_id text,
                      external_conversation_id text, sender json, customer_id uuid, message_type text, content text, attachments jsonb, parts jsonb,
                      reply_to_external_id text, sent_at timestamptz, external_metadata jsonb),
                  unnest($2::uuid[])
              ) with ordinality as e (
                  distributor_id, conversation_id, channel, integration_id, channel_account, external_message_id, external_conversation_id, sender,
                  customer_id, message_type, content, attachments, parts, reply_to_external_id, sent_at, external_metadata, contact_id, place)
        ),
        claimed as (
            insert into external_message_mappings
                   (distributor_id, integration_id, direction, external_id, message_id, external_conversation_id, status, status_at)
            select distributor_id, integration_id, 'INBOUND', external_message_id, message_id, external_conversation_id, 'RECEIVED', sent_at
              from incoming
             order by distributor_id, integration_id, external_message_id
                on conflict do nothing
            returning message_id
        ),
        fresh as materialized (
            select *, row_number() over (partition by conversation_id order by place) as nth from incoming join claimed using (message_id)
        ),
        placed as (
            insert into conversations as c
                   (distributor_id, id, customer_id, contact_id, channel, integration_id, channel_account, external_thread_id, contact_address,
                    last_message_at, window_expires_at, unread_count, last_thread_position)
            select distinct on (distributor_id, conversation_id)
                   distributor_id, conversation_id, customer_id, contact_id, channel, integration_id, channel_account, external_conversation_id,
                   sender ->> 'address', sent_at, case when channel = 'WHATSAPP' then sent_at + make_interval(hours => $3) end, nth, nth
              from fresh
             order by distributor_id, conversation_id, nth desc
                on conflict (distributor_id, id) do update
               set last_thread_position = c.last_thread_position + excluded.last_thread_position,
                   unread_count = c.unread_count + excluded.unread_count,
                   last_message_at = greatest(c.last_message_at, excluded.last_message_at),
                   window_expires_at = greatest(c.window_expires_at, excluded.window_expires_at),
                   contact_id = excluded.contact_id,
                   contact_address = excluded.contact_address,
                   integration_id = excluded.integration_id,
                   channel_account = excluded.channel_account,
                   external_thread_id = coalesce(excluded.external_thread_id, c.external_thread_id),
                   status = 'ACTIVE'
            returning c.id as conversation_id, c.last_thread_position, c.customer_id, c.merged_into, clock_timestamp() as placed_at
        ),
        quoting as (
            select f.message_id, coalesce(same.message_id, known.message_id) as quoted_id
              from fresh f
              left join fresh same on same.external_message_id = f.reply_to_external_id
                                  and (same.distributor_id, same.integration_id) = (f.distributor_id, f.integration_id)
              left join lateral (
                    select x.message_id from external_message_mappings x
                     where (x.distributor_id, x.integration_id, x.external_id) = (f.distributor_id, f.integration_id, f.reply_to_external_id)
                       and x.direction in ('INBOUND', 'OUTBOUND')
                     limit 1) known on true
             where f.reply_to_external_id is not null
        ),
        stored as (
            insert into messages (distributor_id, id, conversation_id, content, is_from_customer, message_type, status, attachments, parts,
                                  thread_position, reply_to_message_id, reply_to_external_id, sender_contact_id, integration_id, external_message_id,
                                  external_metadata, sent_at, created_at)
            select f.distributor_id, f.message_id, conversation_id, f.content, true, f.message_type, 'RECEIVED', f.attachments, f.parts,
                   p.last_thread_position - n.messages + f.nth, q.quoted_id, f.reply_to_external_id, f.contact_id, f.integration_id,
                   f.external_message_id, f.external_metadata, f.sent_at, p.placed_at
              from fresh f
              join placed p using (conversation_id)
              join (select conversation_id, count(*) as messages from fresh group by 1) n using (conversation_id)
              left join quoting q on q.message_id = f.message_id
            returning id, thread_position, reply_to_message_id
        )
        select f.place, s.id, s.thread_position, p.customer_id, s.reply_to_message_id, p.merged_into is not null
          from stored s
          join fresh f on f.message_id = s.id
          join placed p using (conversation_id)
        """,
        postgres.to_json_text(events),
        [e.contact_id for e in events],
        CUSTOMER_SERVICE_WINDOW_HOURS,
    )
    return {place - 1: StoredMessage(*stored) for place, *stored in rows}
