"""The conversations and messages of a tenant. One statement a function."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from libs import postgres
from libs.postgres import Connection, Transaction
from schemas.message_analyzed import MessageAnalyzed
from schemas.message_received import MessageReceived
from schemas.message_status_changed import MessageStatusChanged
from schemas.reply_requested import ReplyRequested

CUSTOMER_SERVICE_WINDOW_HOURS = 24
"""Free-form replies are allowed this long after the customer's last message (WhatsApp)."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """Where a message came to stand."""

    message_id: UUID
    thread_position: int


@dataclass(frozen=True, slots=True)
class Addressee:
    """Where a conversation's replies go."""

    conversation_id: UUID
    channel: str
    customer_id: UUID | None
    contact_id: UUID
    address: str
    integration_id: UUID
    channel_account: str | None


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
                      external_conversation_id text, sender json, customer_id uuid, message_type text, content text, attachments jsonb,
                      sent_at timestamptz, external_metadata jsonb),
                  unnest($2::uuid[])
              ) with ordinality as e (
                  distributor_id, conversation_id, channel, integration_id, channel_account, external_message_id, external_conversation_id, sender,
                  customer_id, message_type, content, attachments, sent_at, external_metadata, contact_id, place)
        ),
        claimed as (
            insert into external_message_mappings
                   (distributor_id, integration_id, direction, external_id, message_id, external_conversation_id, status, status_at)
            select distributor_id, integration_id, 'INBOUND', external_message_id, message_id, external_conversation_id, 'RECEIVED', sent_at
              from incoming
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
                   sender ->> 'address', sent_at, sent_at + make_interval(hours => $3), nth, nth
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
                   status = 'ACTIVE'
            returning c.id as conversation_id, c.last_thread_position
        ),
        stored as (
            insert into messages (distributor_id, id, conversation_id, content, is_from_customer, message_type, status, attachments, thread_position,
                                  sender_contact_id, integration_id, external_message_id, external_metadata, sent_at)
            select f.distributor_id, f.message_id, conversation_id, f.content, true, f.message_type, 'RECEIVED', f.attachments,
                   p.last_thread_position - n.messages + f.nth, f.contact_id, f.integration_id, f.external_message_id, f.external_metadata, f.sent_at
              from fresh f
              join placed p using (conversation_id)
              join (select conversation_id, count(*) as messages from fresh group by 1) n using (conversation_id)
            returning id, thread_position
        )
        select f.place, s.id, s.thread_position from stored s join fresh f on f.message_id = s.id
        """,
        postgres.to_json_text(events),
        [e.contact_id for e in events],
        CUSTOMER_SERVICE_WINDOW_HOURS,
    )
    return {row["place"] - 1: StoredMessage(row["id"], row["thread_position"]) for row in rows}


async def insert_replies(tx: Transaction, events: Sequence[ReplyRequested]) -> dict[UUID, tuple[StoredMessage, Addressee]]:
    """Store replies that are to be sent, each once, with the next places of their conversations.

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
                      c.channel, c.customer_id, c.contact_id, c.contact_address, c.integration_id, c.channel_account
        ),
        stored as (
            insert into messages (distributor_id, id, conversation_id, content, is_from_customer, status, thread_position, reply_to_message_id,
                                  order_session_id, sender_contact_id, integration_id, sent_at)
            select f.distributor_id, f.message_id, f.conversation_id, f.content, false, 'QUEUED', p.before + f.nth, f.reply_to_message_id,
                   f.order_session_id, null, p.integration_id, f.sent_at
              from fresh f join placed p using (distributor_id, conversation_id)
             order by f.place
            returning distributor_id, conversation_id, id, thread_position
        )
        select s.id, s.thread_position, p.* from stored s join placed p using (distributor_id, conversation_id)
        """,
        [e.distributor_id for e in events],
        [e.conversation_id for e in events],
        [e.reply_id for e in events],
        [e.content for e in events],
        [e.reply_to_message_id for e in events],
        [e.order_session_id for e in events],
        [e.occurred_at for e in events],
    )
    return {row["id"]: (StoredMessage(row["id"], row["thread_position"]), _addressee(row)) for row in rows}


async def update_analyzed(tx: Transaction, events: Sequence[MessageAnalyzed]) -> None:
    """Fill in what the AI understood."""
    await tx.execute(
        """
        update messages m
           set ai_processed = true, ai_confidence = e.confidence, ai_extracted_intent = e.intent, ai_extracted_products = e.products,
               ai_suggested_responses = e.replies
          from unnest($1::uuid[], $2::uuid[], $3::numeric[], $4::text[], $5::text[]::jsonb[], $6::text[]::jsonb[])
            as e (distributor_id, message_id, confidence, intent, products, replies)
         where (m.distributor_id, m.id) = (e.distributor_id, e.message_id)
        """,
        [e.distributor_id for e in events],
        [e.message_id for e in events],
        [e.analysis.confidence for e in events],
        [e.analysis.intent for e in events],
        [_json_array(e.analysis.lines) for e in events],
        [json.dumps(e.analysis.suggested_replies) for e in events],
    )


async def update_processed_conversations(tx: Transaction, events: Sequence[MessageAnalyzed]) -> None:
    """Note when the AI last looked at each conversation."""
    await tx.execute(
        """
        update conversations c set ai_last_processed_at = e.at
          from (select distributor_id, conversation_id, max(at) as at from unnest($1::uuid[], $2::uuid[], $3::timestamptz[])
                    as e (distributor_id, conversation_id, at) group by 1, 2 order by 1, 2) e
         where (c.distributor_id, c.id) = (e.distributor_id, e.conversation_id)
        """,
        [e.distributor_id for e in events],
        [e.conversation_id for e in events],
        [e.occurred_at for e in events],
    )


async def update_statuses(tx: Transaction, events: Sequence[MessageStatusChanged]) -> None:
    """Move the status of sent messages forward; a late word about an earlier step changes nothing."""
    await tx.execute(
        """
        with newest as (
            select distinct on (distributor_id, message_id) *
              from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::text[])
                as e (distributor_id, message_id, integration_id, external_id, status, status_at, error_code)
             order by distributor_id, message_id, message_status_rank(status) desc
        ),
        mapped as (
            insert into external_message_mappings as x
                   (distributor_id, integration_id, direction, external_id, message_id, status, status_at, error_code)
            select n.distributor_id, n.integration_id, 'OUTBOUND', n.external_id, n.message_id, n.status, n.status_at, n.error_code
              from newest n join messages m on (m.distributor_id, m.id) = (n.distributor_id, n.message_id)
             where n.external_id is not null
             order by 1, 2, 4
                on conflict (distributor_id, integration_id, direction, external_id) do update
               set status = excluded.status, status_at = excluded.status_at, error_code = excluded.error_code
             where message_status_rank(excluded.status) > message_status_rank(x.status)
        )
        update messages m
           set status = n.status, error_code = n.error_code, external_message_id = coalesce(m.external_message_id, n.external_id)
          from newest n
         where (m.distributor_id, m.id) = (n.distributor_id, n.message_id)
           and message_status_rank(n.status) > message_status_rank(m.status)
        """,
        [e.distributor_id for e in events],
        [e.message_id for e in events],
        [e.integration_id for e in events],
        [e.external_message_id for e in events],
        [e.status for e in events],
        [e.status_at for e in events],
        [e.error_code for e in events],
    )


async def update_order_sessions(tx: Transaction, distributor_ids: Sequence[UUID], message_ids: Sequence[UUID], session_ids: Sequence[UUID]) -> None:
    """Link messages to the order session that they moved."""
    await tx.execute(
        """
        update messages m set order_session_id = e.session_id
          from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as e (distributor_id, message_id, session_id)
         where (m.distributor_id, m.id) = (e.distributor_id, e.message_id)
        """,
        distributor_ids,
        message_ids,
        session_ids,
    )


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


def _addressee(row: Any) -> Addressee:  # noqa: ANN401 - an asyncpg record
    return Addressee(
        row["conversation_id"],
        row["channel"],
        row["customer_id"],
        row["contact_id"],
        row["contact_address"],
        row["integration_id"],
        row["channel_account"],
    )


def _json_array(items: Sequence[Any]) -> str:
    return "[" + ",".join(item.model_dump_json() for item in items) + "]" if items else "[]"
