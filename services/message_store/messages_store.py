"""The messages of conversations, as they are read. One statement a function."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from libs.postgres import Connection
from services.message_store.message import AttachmentSummary, Message, Revision

_COLUMNS = """
    m.id, m.conversation_id, m.thread_position, m.is_from_customer, m.direction, m.message_type, m.status, m.error_code, m.content, m.parts,
    m.transcript, m.ai_processed, m.ai_confidence, m.ai_extracted_intent, m.ai_extracted_products, m.ai_suggested_responses, m.order_session_id,
    m.order_context_id, m.reply_to_message_id, m.sender_contact_id, m.external_message_id, m.sent_at, m.edited_at, m.revoked_at, m.created_at
"""


async def select_messages_after(connection: Connection, distributor_id: UUID, places: Mapping[UUID, int], limit: int) -> list[Message]:
    """Return the first messages behind these places of a conversation's parts, in order of time."""
    # A clock that was set back must not let a message overtake an earlier one of its own part: pages would skip it.
    rows = await connection.fetch(
        f"""
        select m.*
          from unnest($2::uuid[], $3::integer[]) as part (id, place)
         cross join lateral (
               select {_COLUMNS}, max(m.created_at) over (order by m.thread_position) as at
                 from messages m
                where m.distributor_id = $1 and m.conversation_id = part.id and m.thread_position > part.place
                order by m.thread_position
                limit $4) m
         order by m.at, m.conversation_id, m.thread_position
         limit $4
        """,  # noqa: S608 - our own columns
        distributor_id,
        list(places),
        list(places.values()),
        limit,
    )
    return [Message.model_validate(dict(row)) for row in rows]


async def select_messages_before(connection: Connection, distributor_id: UUID, places: Mapping[UUID, int], limit: int) -> list[Message]:
    """Return the last messages up to these places of a conversation's parts, in order of time."""
    rows = await connection.fetch(
        f"""
        select m.*
          from unnest($2::uuid[], $3::integer[]) as part (id, place)
         cross join lateral (
               select {_COLUMNS}, min(m.created_at) over (order by m.thread_position desc) as at
                 from messages m
                where m.distributor_id = $1 and m.conversation_id = part.id and m.thread_position <= part.place
                order by m.thread_position desc
                limit $4) m
         order by m.at desc, m.conversation_id desc, m.thread_position desc
         limit $4
        """,  # noqa: S608 - our own columns
        distributor_id,
        list(places),
        list(places.values()),
        limit,
    )
    return [Message.model_validate(dict(row)) for row in reversed(rows)]


async def select_message(connection: Connection, distributor_id: UUID, message_id: UUID) -> Message | None:
    """Return one message."""
    row = await connection.fetchrow(
        f"select {_COLUMNS} from messages m where distributor_id = $1 and id = $2",  # noqa: S608 - our own columns
        distributor_id,
        message_id,
    )
    return Message.model_validate(dict(row)) if row else None


async def select_attachments(connection: Connection, distributor_id: UUID, message_ids: Sequence[UUID]) -> dict[UUID, list[AttachmentSummary]]:
    """Return the files of messages, each message's in their order."""
    rows = await connection.fetch(
        """
        select message_id, id, kind, state, filename, mime_type, size_bytes, error_code
          from message_attachments
         where distributor_id = $1 and message_id = any($2)
         order by message_id, place
        """,
        distributor_id,
        message_ids,
    )
    found: defaultdict[UUID, list[AttachmentSummary]] = defaultdict(list)
    for row in rows:
        found[row["message_id"]].append(AttachmentSummary.model_validate(dict(row)))
    return found


async def select_revisions(connection: Connection, distributor_id: UUID, message_ids: Sequence[UUID]) -> dict[UUID, list[Revision]]:
    """Return what messages that were changed said, each message's first text first."""
    rows = await connection.fetch(
        """
        select message_id, content, amended_at
          from message_revisions
         where distributor_id = $1 and message_id = any($2)
         order by message_id, amended_at nulls first
        """,
        distributor_id,
        message_ids,
    )
    found: defaultdict[UUID, list[Revision]] = defaultdict(list)
    for row in rows:
        found[row["message_id"]].append(Revision.model_validate(dict(row)))
    return found
