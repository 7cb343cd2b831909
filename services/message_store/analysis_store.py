"""What the AI understood, and the order that it became. One statement a function."""

from collections.abc import Sequence

from libs import postgres
from libs.postgres import Transaction
from schemas.message_analyzed import MessageAnalyzed
from schemas.order_session_changed import OrderSessionChanged


async def update_analyzed(tx: Transaction, events: Sequence[MessageAnalyzed]) -> None:
    """Fill in what the AI understood. From then on the message is found by its words, in its customer's language."""
    await tx.execute(
        """
        update messages m
           set ai_processed = true, ai_confidence = e.confidence, ai_extracted_intent = e.intent, ai_extracted_products = e.products,
               ai_suggested_responses = e.replies, language = coalesce(k.language, d.locale, 'simple')
          from unnest($1::uuid[], $2::uuid[], $3::numeric[], $4::text[], $5::text[]::jsonb[], $6::text[]::jsonb[])
            as e (distributor_id, message_id, confidence, intent, products, replies)
          join messages o on (o.distributor_id, o.id) = (e.distributor_id, e.message_id)
          join conversations c on (c.distributor_id, c.id) = (o.distributor_id, o.conversation_id)
          left join customers k on (k.distributor_id, k.id) = (c.distributor_id, c.customer_id)
          left join distributors d on d.distributor_id = e.distributor_id
         where (m.distributor_id, m.id) = (e.distributor_id, e.message_id)
        """,
        [e.distributor_id for e in events],
        [e.message_id for e in events],
        [e.analysis.confidence for e in events],
        [e.analysis.intent for e in events],
        [postgres.to_json_text(e.analysis.lines) for e in events],
        [postgres.to_json_text(e.analysis.suggested_replies) for e in events],
    )


async def update_processed_conversations(tx: Transaction, events: Sequence[MessageAnalyzed]) -> None:
    """Note when the AI last looked at each conversation."""
    await tx.execute(
        """
        update conversations c set ai_last_processed_at = greatest(c.ai_last_processed_at, e.at)
          from (select distributor_id, conversation_id, max(at) as at from unnest($1::uuid[], $2::uuid[], $3::timestamptz[])
                    as e (distributor_id, conversation_id, at) group by 1, 2 order by 1, 2) e
         where (c.distributor_id, c.id) = (e.distributor_id, e.conversation_id)
        """,
        [e.distributor_id for e in events],
        [e.conversation_id for e in events],
        [e.occurred_at for e in events],
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
