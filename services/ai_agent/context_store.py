"""The statements on what agents see of a conversation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from libs.postgres import Transaction
from schemas.message_created import MessageCreated
from schemas.order_session_changed import OrderSessionChanged, SessionStatus

RECENT_MESSAGES = 12
LONGEST_REMEMBERED = 1_000
"""Characters of a message that others are read with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an agent sees of a conversation beside the message in hand."""

    recent_messages: tuple[dict[str, Any], ...] = ()
    summary: str | None = None
    summarized_to: int = 0
    open_lines: tuple[dict[str, Any], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summarized:
    """A new summary of a conversation, and the thread position up to which it reaches."""

    distributor_id: UUID
    conversation_id: UUID
    summary: str
    reaches_to: int


async def upsert_messages(tx: Transaction, events: Sequence[MessageCreated]) -> None:
    """Remember messages, theirs and ours, as the last of their conversations."""
    rows = [
        {
            "distributor_id": event.distributor_id,
            "conversation_id": event.conversation_id,
            "customer_id": event.customer_id,
            "position": event.thread_position,
            "from": "customer" if event.is_from_customer else "us",
            "text": event.content[:LONGEST_REMEMBERED],
        }
        for event in events
    ]
    await tx.execute(
        """
        insert into conversation_context as c (distributor_id, conversation_id, customer_id, recent_messages)
        select distributor_id, conversation_id, (array_agg(customer_id order by position desc))[1],
               jsonb_agg(jsonb_build_object('position', position, 'from', "from", 'text', text) order by position)
          from jsonb_to_recordset($1) as e (distributor_id uuid, conversation_id uuid, customer_id uuid, position int, "from" text, text text)
         group by 1, 2 order by 1, 2
            on conflict (distributor_id, conversation_id) do update
           set customer_id = coalesce(excluded.customer_id, c.customer_id),
               recent_messages = (
                   select jsonb_agg(last.message order by last.position)
                     from (select distinct on (position) message, (message ->> 'position')::int as position
                             from jsonb_array_elements(c.recent_messages || excluded.recent_messages) as m (message)
                            order by position desc limit $2) last)
        """,
        rows,
        RECENT_MESSAGES,
    )


async def upsert_open_orders(tx: Transaction, events: Sequence[OrderSessionChanged]) -> None:
    """Remember the open order of each conversation; an older word than the one we have changes nothing."""
    newest = {(event.distributor_id, event.conversation_id): event for event in sorted(events, key=lambda event: event.version)}
    rows = [
        {
            "distributor_id": event.distributor_id,
            "conversation_id": event.conversation_id,
            "customer_id": event.customer_id,
            "session_id": event.order_session_id,
            "version": event.version,
            "lines": None
            if event.status is SessionStatus.CLOSED
            else [{"quantity": float(item.quantity), "unit": item.unit, "product": item.product_name} for item in event.items],
        }
        for event in newest.values()
    ]
    await tx.execute(
        """
        insert into conversation_context as c (distributor_id, conversation_id, customer_id, order_session_id, order_session_version, open_lines)
        select distributor_id, conversation_id, customer_id, session_id, version, lines
          from jsonb_to_recordset($1)
            as e (distributor_id uuid, conversation_id uuid, customer_id uuid, session_id uuid, version int, lines jsonb)
         order by 1, 2
            on conflict (distributor_id, conversation_id) do update
           set order_session_id = excluded.order_session_id, order_session_version = excluded.order_session_version, open_lines = excluded.open_lines
         where c.order_session_id is distinct from excluded.order_session_id or c.order_session_version < excluded.order_session_version
        """,
        rows,
    )


async def select_contexts(tx: Transaction, distributor_ids: Sequence[UUID], conversation_ids: Sequence[UUID]) -> dict[UUID, Context]:
    """Return what is remembered of conversations, each named with its tenant."""
    rows = await tx.fetch(
        """
        select c.conversation_id, c.recent_messages, c.summary, c.summarized_to, c.open_lines from conversation_context c
          join (select distinct * from unnest($1::uuid[], $2::uuid[]) as e (distributor_id, conversation_id)) e
               using (distributor_id, conversation_id)
        """,
        distributor_ids,
        conversation_ids,
    )
    return {
        row["conversation_id"]: Context(
            recent_messages=tuple(row["recent_messages"]),
            summary=row["summary"],
            summarized_to=row["summarized_to"],
            open_lines=None if row["open_lines"] is None else tuple(row["open_lines"]),
        )
        for row in rows
    }


async def update_summaries(tx: Transaction, summaries: Sequence[Summarized]) -> set[UUID]:
    """Keep summaries, unless ones that reach further are there. Returns the conversations for which that is news."""
    rows = await tx.fetch(
        """
        update conversation_context c set summary = s.summary, summarized_to = s.reaches_to
          from unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[]) as s (distributor_id, conversation_id, summary, reaches_to)
         where c.distributor_id = s.distributor_id and c.conversation_id = s.conversation_id and c.summarized_to < s.reaches_to
        returning c.conversation_id
        """,
        [each.distributor_id for each in summaries],
        [each.conversation_id for each in summaries],
        [each.summary for each in summaries],
        [each.reaches_to for each in summaries],
    )
    return {row["conversation_id"] for row in rows}
