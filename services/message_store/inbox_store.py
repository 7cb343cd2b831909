"""What the inbox shows: conversations and their messages, read. One statement a function."""

from datetime import datetime
from typing import Any
from uuid import UUID

from libs.postgres import Connection


async def select_conversations(
    connection: Connection, distributor_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """Return conversations, the newest first, from those older than `before` on."""
    rows = await connection.fetch(
        """
        select id, customer_id, contact_id, contact_address, channel, status, last_message_at, unread_count, ai_context_summary, created_at
          from conversations
         where distributor_id = $1 and ($2::timestamptz is null or (last_message_at, id) < ($2, $3))
         order by last_message_at desc, id desc
         limit $4
        """,
        distributor_id,
        *(before or (None, None)),
        limit,
    )
    return [dict(row) for row in rows]


async def select_messages(connection: Connection, distributor_id: UUID, conversation_id: UUID, after: int, limit: int) -> list[dict[str, Any]]:
    """Return the messages of a conversation in their order, from the place after `after` on."""
    rows = await connection.fetch(
        """
        select id, thread_position, content, is_from_customer, message_type, status, attachments, ai_processed, ai_confidence, ai_extracted_intent,
               ai_extracted_products, order_session_id, reply_to_message_id, external_message_id, error_code, sent_at
          from messages
         where distributor_id = $1 and conversation_id = $2 and thread_position > $3
         order by thread_position
         limit $4
        """,
        distributor_id,
        conversation_id,
        after,
        limit,
    )
    return [dict(row) for row in rows]


async def conversation_exists(connection: Connection, distributor_id: UUID, conversation_id: UUID) -> bool:
    """Tell whether the tenant has this conversation."""
    return bool(await connection.fetchval("select true from conversations where distributor_id = $1 and id = $2", distributor_id, conversation_id))
