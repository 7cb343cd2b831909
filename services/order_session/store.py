"""Sessions, their items and events. One statement a function, for the conversations of a batch."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from libs.postgres import Connection, Transaction
from schemas.contact import Channel
from schemas.match import Candidate, MatchingMethod, Product
from schemas.order_session_changed import SessionOutcome, SessionStatus
from services.order_session.domain.session import Item, ItemStatus, Session, SessionEvent


async def lock_conversations(tx: Transaction, conversation_ids: Sequence[UUID]) -> None:
    """Let nobody else open or change a session of these conversations until this transaction ends."""
    await tx.execute(
        """
        select pg_advisory_xact_lock(hashtextextended(id::text, 0)) from (select distinct id from unnest($1::uuid[]) as id order by id) as ordered
        """,
        conversation_ids,
    )


async def select_open_sessions(tx: Transaction, distributor_ids: Sequence[UUID], conversation_ids: Sequence[UUID]) -> dict[UUID, Session]:
    """Return the open sessions of conversations, each named with its tenant, without their items, by conversation."""
    rows = await tx.fetch(
        """
        select s.* from conversation_order_sessions s
          join (select distinct * from unnest($1::uuid[], $2::uuid[]) as e (distributor_id, conversation_id)) e using (distributor_id,
              conversation_id)
         where s.status <> 'CLOSED'
        """,
        distributor_ids,
        conversation_ids,
    )
    return {row["conversation_id"]: _session(row) for row in rows}


async def select_items(tx: Transaction, distributor_ids: Sequence[UUID], session_ids: Sequence[UUID]) -> dict[UUID, tuple[Item, ...]]:
    """Return the items of sessions, each named with its tenant, in the order of their addition, by session."""
    rows = await tx.fetch(
        """
        select i.* from order_session_items i
          join unnest($1::uuid[], $2::uuid[]) as e (distributor_id, order_session_id) using (distributor_id, order_session_id)
         order by i.added_at, (i.item_metadata ->> 'place')::integer
        """,
        distributor_ids,
        session_ids,
    )
    found: dict[UUID, list[Item]] = {}
    for row in rows:
        found.setdefault(row["order_session_id"], []).append(_item(row))
    return {session_id: tuple(items) for session_id, items in found.items()}


async def upsert_sessions(tx: Transaction, sessions: Sequence[Session]) -> None:
    """Save sessions as they are now."""
    await tx.execute(
        """
        insert into conversation_order_sessions as s
               (distributor_id, id, conversation_id, customer_id, contact_id, channel, status, version, started_at, collecting_started_at,
                review_started_at, last_activity_at, closed_at, outcome, consolidated_order_id, session_metadata, ai_confidence_avg,
                ai_interactions_count)
        select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::integer[], $9::timestamptz[],
                             $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::text[], $15::uuid[],
                             $16::text[]::jsonb[], $17::numeric[], $18::integer[])
            on conflict (distributor_id, id) do update
           set status = excluded.status, version = excluded.version, collecting_started_at = excluded.collecting_started_at,
               review_started_at = excluded.review_started_at, last_activity_at = excluded.last_activity_at, closed_at = excluded.closed_at,
               outcome = excluded.outcome, consolidated_order_id = excluded.consolidated_order_id, session_metadata = excluded.session_metadata,
               ai_confidence_avg = excluded.ai_confidence_avg, ai_interactions_count = excluded.ai_interactions_count
        """,
        [s.distributor_id for s in sessions],
        [s.id for s in sessions],
        [s.conversation_id for s in sessions],
        [s.customer_id for s in sessions],
        [s.contact_id for s in sessions],
        [s.channel for s in sessions],
        [s.status for s in sessions],
        [s.version for s in sessions],
        [s.started_at for s in sessions],
        [s.collecting_started_at for s in sessions],
        [s.review_started_at for s in sessions],
        [s.last_activity_at for s in sessions],
        [s.closed_at for s in sessions],
        [s.outcome for s in sessions],
        [s.order_id for s in sessions],
        [_metadata(s) for s in sessions],
        [s.confidence for s in sessions],
        [s.interactions for s in sessions],
    )


async def upsert_items(tx: Transaction, sessions: Sequence[Session]) -> None:
    """Save the items of sessions as they are now."""
    rows = [(session, place, item) for session in sessions for place, item in enumerate(session.items)]
    await tx.execute(
        """
        insert into order_session_items as i
               (distributor_id, id, order_session_id, product_id, variant_id, product_name, product_code, quantity, unit, unit_price,
               source_message_id,
                original_text, text_start, text_end, ai_confidence, matching_method, matching_confidence, matching_score, alternatives, status,
                added_at,
                confirmed_at, removed_at, item_metadata)
        select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::numeric[], $9::text[],
                             $10::numeric[], $11::uuid[], $12::text[], $13::integer[], $14::integer[], $15::numeric[], $16::text[], $17::numeric[],
                             $18::numeric[], $19::text[]::jsonb[], $20::text[], $21::timestamptz[], $22::timestamptz[], $23::timestamptz[],
                             $24::text[]::jsonb[])
            on conflict (distributor_id, id) do update
           set quantity = excluded.quantity, unit = excluded.unit, status = excluded.status, confirmed_at = excluded.confirmed_at,
               removed_at = excluded.removed_at, item_metadata = excluded.item_metadata
         where (i.quantity, i.unit, i.status, i.item_metadata) is distinct from
               (excluded.quantity, excluded.unit, excluded.status, excluded.item_metadata)
        """,
        [s.distributor_id for s, _, _ in rows],
        [i.item_id for _, _, i in rows],
        [s.id for s, _, _ in rows],
        [i.product.product_id if i.product else None for _, _, i in rows],
        [i.product.variant_id if i.product else None for _, _, i in rows],
        [i.name for _, _, i in rows],
        [i.product.sku if i.product else None for _, _, i in rows],
        [i.quantity for _, _, i in rows],
        [i.unit for _, _, i in rows],
        [i.unit_price for _, _, i in rows],
        [i.source_message_id for _, _, i in rows],
        [i.original_text for _, _, i in rows],
        [i.text_start for _, _, i in rows],
        [i.text_end for _, _, i in rows],
        [i.ai_confidence for _, _, i in rows],
        [i.method for _, _, i in rows],
        [i.matching_confidence for _, _, i in rows],
        [i.score for _, _, i in rows],
        [to_json(i.alternatives).decode() for _, _, i in rows],
        [i.status for _, _, i in rows],
        [i.added_at for _, _, i in rows],
        [i.confirmed_at for _, _, i in rows],
        [i.removed_at for _, _, i in rows],
        [to_json(_item_metadata(place, i)).decode() for _, place, i in rows],
    )


async def insert_session_events(tx: Transaction, events: Sequence[tuple[Session, SessionEvent]]) -> None:
    """Write down what happened in sessions."""
    await tx.execute(
        """
        insert into order_session_events (distributor_id, order_session_id, sequence, event_type, event_data, triggered_by, message_id, created_at)
        select distributor_id, order_session_id, sequence, event_type, event_data, case when message_id is null then 'system' else 'customer' end,
               message_id, created_at
          from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[], $5::text[]::jsonb[], $6::uuid[], $7::timestamptz[])
            as e (distributor_id, order_session_id, sequence, event_type, event_data, message_id, created_at)
        """,
        [s.distributor_id for s, _ in events],
        [s.id for s, _ in events],
        [e.sequence for _, e in events],
        [e.type for _, e in events],
        [to_json(e.data).decode() for _, e in events],
        [e.message_id for _, e in events],
        [e.at for _, e in events],
    )


async def select_newest_session(connection: Connection, distributor_id: UUID, conversation_id: UUID) -> Session | None:
    """Return the newest session of a conversation with its items, open or closed."""
    row = await connection.fetchrow(
        "select * from conversation_order_sessions where distributor_id = $1 and conversation_id = $2 order by started_at desc limit 1",
        distributor_id,
        conversation_id,
    )
    if row is None:
        return None
    session = _session(row)
    items = await select_items(connection, [distributor_id], [session.id])
    return replace(session, items=items.get(session.id, ()))


async def select_session_events(connection: Connection, distributor_id: UUID, session_id: UUID) -> list[dict[str, Any]]:
    """Return what happened in a session, in order."""
    rows = await connection.fetch(
        """
        select sequence, event_type, event_data, triggered_by, message_id, created_at from order_session_events
         where distributor_id = $1 and order_session_id = $2 order by sequence
        """,
        distributor_id,
        session_id,
    )
    return [dict(row) for row in rows]


def _session(row: Any) -> Session:  # noqa: ANN401 - an asyncpg record
    metadata = row["session_metadata"]
    return Session(
        id=row["id"],
        distributor_id=row["distributor_id"],
        conversation_id=row["conversation_id"],
        customer_id=row["customer_id"],
        contact_id=row["contact_id"],
        channel=Channel(row["channel"]),
        status=SessionStatus(row["status"]),
        version=row["version"],
        started_at=row["started_at"],
        last_activity_at=row["last_activity_at"],
        collecting_started_at=row["collecting_started_at"],
        review_started_at=row["review_started_at"],
        closed_at=row["closed_at"],
        outcome=SessionOutcome(row["outcome"]) if row["outcome"] else None,
        order_id=row["consolidated_order_id"],
        last_item_id=UUID(metadata["last_item_id"]) if metadata.get("last_item_id") else None,
        confidence_sum=Decimal(metadata["confidence_sum"]),
        interactions=row["ai_interactions_count"],
    )


def _metadata(session: Session) -> str:
    return to_json({"last_item_id": session.last_item_id, "confidence_sum": session.confidence_sum}).decode()


def _item(row: Any) -> Item:  # noqa: ANN401 - an asyncpg record
    metadata = row["item_metadata"]
    return Item(
        item_id=row["id"],
        phrase=metadata["phrase"],
        product=Product.model_validate(metadata["product"]) if metadata["product"] else None,
        quantity=row["quantity"],
        quantity_assumed=metadata["quantity_assumed"],
        unit=row["unit"],
        source_message_id=row["source_message_id"],
        original_text=row["original_text"],
        text_start=row["text_start"],
        text_end=row["text_end"],
        method=MatchingMethod(row["matching_method"]),
        score=row["matching_score"],
        matching_confidence=row["matching_confidence"],
        ai_confidence=row["ai_confidence"],
        alternatives=tuple(Candidate.model_validate(candidate) for candidate in row["alternatives"]),
        status=ItemStatus(row["status"]),
        added_at=row["added_at"],
        confirmed_at=row["confirmed_at"],
        removed_at=row["removed_at"],
    )


def _item_metadata(place: int, item: Item) -> dict[str, Any]:
    return {"place": place, "phrase": item.phrase, "product": item.product, "quantity_assumed": item.quantity_assumed}
