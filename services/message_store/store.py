"""The conversations and messages of a tenant. One statement a function."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from libs.postgres import Connection, Transaction
from schemas.message_analyzed import MessageAnalyzed
from schemas.message_received import MessageReceived
from schemas.message_status_changed import MessageStatusChanged
from schemas.reply_requested import ReplyRequested

CUSTOMER_SERVICE_WINDOW_HOURS = 24
"""Free-form replies are allowed this long after the customer's last message (WhatsApp)."""

ExternalId: TypeAlias = tuple[UUID, UUID, str]
"""Distributor, integration, and the provider's id of the message."""


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


async def claim_external_ids(tx: Transaction, events: Sequence[MessageReceived]) -> dict[ExternalId, UUID]:
    """Give each external id that was never seen a message id. Returns the new ones: their unique key is what stores a message once."""
    rows = await tx.fetch(
        """
        insert into external_message_mappings
               (distributor_id, integration_id, direction, external_id, message_id, external_conversation_id, status, status_at)
        select distributor_id, integration_id, 'INBOUND', external_id, uuidv7(), external_conversation_id, 'RECEIVED', sent_at
          from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
            as e (distributor_id, integration_id, external_id, external_conversation_id, sent_at)
            on conflict do nothing
        returning distributor_id, integration_id, external_id, message_id
        """,
        [e.distributor_id for e in events],
        [e.integration_id for e in events],
        [e.external_message_id for e in events],
        [e.external_conversation_id for e in events],
        [e.sent_at for e in events],
    )
    return {(row["distributor_id"], row["integration_id"], row["external_id"]): row["message_id"] for row in rows}


async def upsert_conversations(tx: Transaction, newest: Sequence[MessageReceived], counts: Sequence[int]) -> dict[UUID, int]:
    """Make room for new messages: `newest` is the last message of each conversation, `counts` how many there are.

    Returns the last place that was taken before, by conversation. The rows stay locked, so places are gapless whoever writes at the same time.
    """
    rows = await tx.fetch(
        """
        insert into conversations as c
               (distributor_id, id, customer_id, contact_id, channel, integration_id, channel_account, external_thread_id, contact_address,
                last_message_at, window_expires_at, unread_count, last_thread_position)
        select distributor_id, id, customer_id, contact_id, channel, integration_id, channel_account, external_thread_id, contact_address,
               sent_at, sent_at + make_interval(hours => $12), messages, messages
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::timestamptz[],
                      $11::integer[])
            as e (distributor_id, id, customer_id, contact_id, channel, integration_id, channel_account, external_thread_id, contact_address,
                  sent_at, messages)
         order by distributor_id, id
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
        returning id, last_thread_position
        """,
        [e.distributor_id for e in newest],
        [e.conversation_id for e in newest],
        [e.customer_id for e in newest],
        [e.contact_id for e in newest],
        [e.channel for e in newest],
        [e.integration_id for e in newest],
        [e.channel_account for e in newest],
        [e.external_conversation_id for e in newest],
        [e.sender.address for e in newest],
        [e.sent_at for e in newest],
        counts,
        CUSTOMER_SERVICE_WINDOW_HOURS,
    )
    added = {event.conversation_id: count for event, count in zip(newest, counts, strict=True)}
    return {row["id"]: row["last_thread_position"] - added[row["id"]] for row in rows}


async def insert_messages(tx: Transaction, events: Sequence[MessageReceived], places: Sequence[StoredMessage]) -> None:
    """Store messages in their places."""
    await tx.execute(
        """
        insert into messages (distributor_id, id, conversation_id, content, is_from_customer, message_type, status, attachments, thread_position,
                              sender_contact_id, integration_id, external_message_id, external_metadata, sent_at)
        select distributor_id, id, conversation_id, content, true, message_type, 'RECEIVED', attachments, thread_position, contact_id,
               integration_id, external_message_id, external_metadata, sent_at
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[]::jsonb[], $7::integer[], $8::uuid[], $9::uuid[],
                      $10::text[], $11::text[]::jsonb[], $12::timestamptz[])
            as e (distributor_id, id, conversation_id, content, message_type, attachments, thread_position, contact_id, integration_id,
                  external_message_id, external_metadata, sent_at)
        """,
        [e.distributor_id for e in events],
        [place.message_id for place in places],
        [e.conversation_id for e in events],
        [e.content for e in events],
        [e.message_type for e in events],
        [_json_array(e.attachments) for e in events],
        [place.thread_position for place in places],
        [e.contact_id for e in events],
        [e.integration_id for e in events],
        [e.external_message_id for e in events],
        [json.dumps(e.external_metadata) if e.external_metadata else "{}" for e in events],
        [e.sent_at for e in events],
    )


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
