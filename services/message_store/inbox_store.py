"""What the inbox shows of conversations, and what staff do with them. One statement a function.

A conversation that was merged into another is a part of that one: found by its own id as well, and counted in.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.postgres import Connection, Transaction
from schemas.contact import Channel
from services.message_store.conversation import Conversation, ConversationStatus

# Takes rows of `page`: id and what is summed over the parts. The index of places leads to the last message of each part.
_SHOWN = """
    select c.id, c.customer_id, c.contact_id, c.contact_address, c.channel, c.status, c.integration_id, page.unread_count, page.last_message_at,
           last.message as last_message, case when c.channel = 'WHATSAPP' then page.window_expires_at end as window_expires_at, c.ai_context_summary,
           c.ai_last_processed_at, page.merged_ids, c.created_at, page.updated_at
      from page
      join conversations c on (c.distributor_id, c.id) = ($1, page.id)
      left join lateral (
            select jsonb_build_object('id', m.id, 'is_from_customer', m.is_from_customer, 'message_type', m.message_type, 'status', m.status,
                                      'excerpt', left(m.content, 200), 'sent_at', m.sent_at) as message
              from unnest(page.merged_ids || page.id) as part (id)
             cross join lateral (
                   select * from messages m
                    where (m.distributor_id, m.conversation_id) = ($1, part.id)
                    order by m.thread_position desc
                    limit 1) m
             order by m.created_at desc
             limit 1) last on true
     order by page.last_message_at desc, page.id desc
"""

# The conversation that shows the one with the id $2, and those that were merged into it.
_PARTS = """
    select c.id, c.last_thread_position
      from (select coalesce(merged_into, id) as id from conversations where distributor_id = $1 and id = $2) shown
     cross join lateral (
           select shown.id
            union all
           select m.id from conversations m where m.distributor_id = $1 and m.merged_into = shown.id) part (id)
      join conversations c on (c.distributor_id, c.id) = ($1, part.id)
     order by c.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which conversations are wanted; None leaves a column alone."""

    channel: Channel | None = None
    status: ConversationStatus | None = None
    customer_id: UUID | None = None
    unread: bool | None = None
    needs_link: bool | None = None
    updated_since: datetime | None = None
    address: str | None = None
    """A part of the address, in whatever case."""


async def select_conversations(
    connection: Connection, distributor_id: UUID, wanted: Filters, before: tuple[datetime, UUID] | None, limit: int
) -> list[Conversation]:
    """Return conversations, the newest first, from those older than `before` on."""
    rows = await connection.fetch(
        f"""
        with merged as (
            select merged_into as id, array_agg(id order by id) as ids, sum(unread_count) as unread_count, max(last_message_at) as last_message_at,
                   max(window_expires_at) as window_expires_at, max(updated_at) as updated_at,
                   bool_or(strpos(lower(contact_address), lower($10)) > 0) as has_address
              from conversations
             where distributor_id = $1 and merged_into is not null
             group by merged_into
        ),
        one as (
            select c.id, c.channel, c.status, c.customer_id, c.unread_count + coalesce(m.unread_count, 0) as unread_count,
                   greatest(c.last_message_at, m.last_message_at) as last_message_at,
                   greatest(c.window_expires_at, m.window_expires_at) as window_expires_at, greatest(c.updated_at, m.updated_at) as updated_at,
                   coalesce(m.ids, '{{}}') as merged_ids, strpos(lower(c.contact_address), lower($10)) > 0 or m.has_address as has_address
              from conversations c
              left join merged m using (id)
             where c.distributor_id = $1 and c.merged_into is null
        ),
        page as (
            select * from one
             where ($2::timestamptz is null or (last_message_at, id) < ($2, $3::uuid))
               and ($4::text is null or channel = $4)
               and ($5::text is null or status = $5)
               and ($6::uuid is null or customer_id = $6)
               and ($7::boolean is null or (unread_count > 0) = $7)
               and ($8::boolean is null or (customer_id is null) = $8)
               and ($9::timestamptz is null or updated_at >= $9)
               and ($10::text is null or has_address)
             order by last_message_at desc, id desc
             limit $11
        )
        {_SHOWN}
        """,  # noqa: S608 - our own columns
        distributor_id,
        *(before or (None, None)),
        *asdict(wanted).values(),
        limit,
    )
    return [_conversation(row) for row in rows]


async def select_conversation(connection: Connection, distributor_id: UUID, conversation_id: UUID) -> Conversation | None:
    """Return the conversation that shows this one: itself, or the one that it was merged into."""
    row = await connection.fetchrow(
        f"""
        with page as (
            select coalesce(c.merged_into, c.id) as id, sum(c.unread_count) as unread_count, max(c.last_message_at) as last_message_at,
                   max(c.window_expires_at) as window_expires_at, max(c.updated_at) as updated_at,
                   coalesce(array_agg(c.id order by c.id) filter (where c.merged_into is not null), '{{}}') as merged_ids
              from ({_PARTS}) part
              join conversations c on (c.distributor_id, c.id) = ($1, part.id)
             group by 1
        )
        {_SHOWN}
        """,  # noqa: S608 - our own columns
        distributor_id,
        conversation_id,
    )
    return _conversation(row) if row else None


async def select_parts(connection: Connection, distributor_id: UUID, conversation_id: UUID) -> dict[UUID, int]:
    """Return the last place of each part of the conversation that shows this one: none where there is no such conversation."""
    rows = await connection.fetch(_PARTS, distributor_id, conversation_id)
    return {row["id"]: row["last_thread_position"] for row in rows}


async def lock_parts(tx: Transaction, distributor_id: UUID, conversation_id: UUID) -> list[UUID]:
    """Return the parts of the conversation that shows this one; nothing is added to them until the transaction ends."""
    rows = await tx.fetch(f"{_PARTS} for no key update of c", distributor_id, conversation_id)
    return [row["id"] for row in rows]


async def update_all_read(tx: Transaction, distributor_id: UUID, parts: list[UUID]) -> None:
    """Note that everything in these parts of a conversation was read."""
    await tx.execute(
        "update conversations set unread_count = 0 where distributor_id = $1 and id = any($2) and unread_count > 0", distributor_id, parts
    )


async def update_read_up_to(tx: Transaction, distributor_id: UUID, parts: list[UUID], message_id: UUID) -> bool:
    """Note that these locked parts of a conversation were read up to one of their messages. Returns False where it is none of theirs.

    What was read before stays read.
    """
    return bool(
        await tx.fetchval(
            """
            with last as (
                select conversation_id, thread_position, created_at from messages where distributor_id = $1 and id = $3 and conversation_id = any($2)
            ),
            read as (
                update conversations c
                   set unread_count = least(c.unread_count, (
                       select count(*)
                         from messages m
                        where (m.distributor_id, m.conversation_id) = (c.distributor_id, c.id) and m.is_from_customer
                          and m.thread_position > case when c.id = last.conversation_id then last.thread_position else 0 end
                          and (c.id = last.conversation_id or m.created_at > last.created_at)))
                  from last
                 where c.distributor_id = $1 and c.id = any($2) and c.unread_count > 0
            )
            select true from last
            """,
            distributor_id,
            parts,
            message_id,
        )
    )


async def update_status(tx: Transaction, distributor_id: UUID, parts: list[UUID], status: ConversationStatus) -> None:
    """Put all parts of a conversation away, or back into the inbox."""
    await tx.execute(
        "update conversations set status = $3 where distributor_id = $1 and id = any($2) and status <> $3", distributor_id, parts, status
    )


def _conversation(row: Any) -> Conversation:  # noqa: ANN401 - an asyncpg record
    return Conversation.model_validate(dict(row))
