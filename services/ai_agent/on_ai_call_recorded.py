"""Calls of models that other services made are booked with our own."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.ai_call_recorded import AiCallRecorded
from services.ai_agent import budget_store, store, usage_store
from services.ai_agent.usage_store import Used

OURSELVES = "ai_agent"


def is_of_another(event: AiCallRecorded) -> bool:
    """Tell whether another service made the call: ours are booked as they are made."""
    return event.envelope.source != OURSELVES


async def on_ai_calls_recorded(events: Sequence[AiCallRecorded], tx: Transaction) -> None:
    """Book what the calls have cost, and keep those about a message with its other answers."""
    await usage_store.add_usage(tx, [_used(event) for event in events])
    await budget_store.add_spent(tx, events)
    await store.insert_recorded_calls(tx, events)


def _used(event: AiCallRecorded) -> Used:
    return Used(
        distributor_id=event.distributor_id,
        at=event.occurred_at,
        agent_type=event.agent_type,
        model=event.model,
        succeeded=event.succeeded,
        input_tokens=event.input_tokens,
        cached_tokens=event.cached_tokens,
        output_tokens=event.output_tokens,
        reasoning_tokens=event.reasoning_tokens,
        cost_usd=event.cost_usd,
        confidence=None,
        milliseconds=event.processing_time,
        in_flight=1,
    )
