"""What the AI understood, and the order that it became. One statement a function."""

from collections.abc import Sequence

from libs import postgres
from libs.postgres import Transaction
from schemas.conversation_summarized import ConversationSummarized
from schemas.message_analyzed import MessageAnalyzed
from schemas.order_session_changed import OrderSessionChanged


async def update_analyzed(tx: Transaction, events: Sequence[MessageAnalyzed]) -> None:
    """Fill in what the AI understood. From then on the message is found by its words, in the language that it is written in."""
    await tx.execute(
        """
        update messages m
           set ai_processed = true, ai_confidence = e.confidence, ai_extracted_intent = e.intent, ai_extracted_products = e.products,
               ai_suggested_responses = e.replies, language = e.language
          from unnest($1::uuid[], $2::uuid[], $3::numeric[], $4::text[], $5::text[]::jsonb[], $6::text[]::jsonb[], $7::text[])
            as e (distributor_id, message_id, confidence, intent, products, replies, language)
         where (m.distributor_id, m.id) = (e.distributor_id, e.message_id)
        """,
        [e.distributor_id for e in events],
        [e.message_id for e in events],
        [e.analysis.confidence for e in events],
        [e.analysis.intent for e in events],
        [postgres.to_json_text(e.analysis.lines) for e in events],
        [postgres.to_json_text(e.analysis.suggested_replies) for e in events],
        [e.analysis.language for e in events],
    )


async def update_processed_conversations(tx: Transaction, events: Sequence[MessageAnalyzed]) -> None:
    """Note when the AI last looked at each conversation, and at the one that shows it."""
    await tx.execute(
        """
        with looked_at as (
            select distributor_id, conversation_id, max(at) as at
              from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as e (distributor_id, conversation_id, at)
             group by 1, 2
        ),
        shown as (
            select l.distributor_id, shown.id, max(l.at) as at
              from looked_at l
              join conversations p on (p.distributor_id, p.id) = (l.distributor_id, l.conversation_id)
             cross join lateral (values (p.id), (p.merged_into)) as shown (id)
             where shown.id is not null
             group by 1, 2
             order by 1, 2
        )
        update conversations c set ai_last_processed_at = greatest(c.ai_last_processed_at, s.at)
          from shown s
         where (c.distributor_id, c.id) = (s.distributor_id, s.id)
        """,
        [e.distributor_id for e in events],
        [e.conversation_id for e in events],
        [e.occurred_at for e in events],
    )


async def update_summary(tx: Transaction, event: ConversationSummarized) -> None:
    """Keep what a conversation has been about."""
    await tx.execute(
        "update conversations set ai_context_summary = $3 where distributor_id = $1 and id = $2",
        event.distributor_id,
        event.conversation_id,
        event.summary,
    )


async def update_order_sessions(tx: Transaction, events: Sequence[OrderSessionChanged]) -> None:
    """Link the messages that moved a session to it; of several words on a message the last one holds."""
    moved = {(event.distributor_id, event.message_id): event for event in events if event.message_id}
    await tx.execute(
        """
        update messages m set order_session_id = e.session_id
          from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as e (distributor_id, message_id, session_id)
         where (m.distributor_id, m.id) = (e.distributor_id, e.message_id)
        """,
        [e.distributor_id for e in moved.values()],
        [e.message_id for e in moved.values()],
        [e.order_session_id for e in moved.values()],
    )


async def update_order_contexts(tx: Transaction, events: Sequence[OrderSessionChanged]) -> None:
    """Link every message of a session to the order that the session became."""
    ordered = {(event.distributor_id, event.order_session_id): event for event in events if event.order_id}
    await tx.execute(
        """
        update messages m set order_context_id = e.order_id
          from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as e (distributor_id, session_id, order_id)
         where (m.distributor_id, m.order_session_id) = (e.distributor_id, e.session_id) and m.order_context_id is distinct from e.order_id
        """,
        [e.distributor_id for e in ordered.values()],
        [e.order_session_id for e in ordered.values()],
        [e.order_id for e in ordered.values()],
    )
