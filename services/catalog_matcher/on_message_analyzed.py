"""What a customer wrote gets its products, and goes on to the order."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from libs import outbox
from libs.postgres import Transaction
from schemas.analysis import Operation
from schemas.match import MatchingMethod
from schemas.message_analyzed import MessageAnalyzed
from schemas.message_matched import MessageMatched
from services.catalog_matcher import aliases_store
from services.catalog_matcher.domain.phrases import phrase_key
from services.catalog_matcher.match_lines import Found, Wanted, match_lines

DOUBTFUL = Decimal("0.5")
"""What was read as a product with less confidence may not be one at all."""


async def on_messages_analyzed(events: Sequence[MessageAnalyzed], tx: Transaction) -> None:
    """Match every line of a batch. Messages without lines are passed on too: nothing may overtake within a conversation."""
    found = await match_lines(tx, [_wanted(event) for event in events])
    if unmatched := _unmatched(events, found):
        await aliases_store.upsert_unmatched(tx, unmatched)
    now = datetime.now(UTC)
    await outbox.enqueue(tx, *(_matched(event, of_event, now) for event, of_event in zip(events, found, strict=True)))


def _wanted(event: MessageAnalyzed) -> Wanted:
    return Wanted(
        distributor_id=event.distributor_id,
        customer_id=event.customer_id,
        lines=event.analysis.lines,
        references=event.analysis.references,
        content=event.content,
        sent_at=event.sent_at,
        delivery_date=event.analysis.requested_delivery_date,
        confidence=event.analysis.confidence,
    )


def _matched(event: MessageAnalyzed, found: Found, now: datetime) -> MessageMatched:
    return MessageMatched(
        distributor_id=event.distributor_id,
        occurred_at=now,
        conversation_id=event.conversation_id,
        message_id=event.message_id,
        attachment_id=event.attachment_id,
        thread_position=event.thread_position,
        channel=event.channel,
        customer_id=event.customer_id,
        contact_id=event.contact_id,
        content=event.content,
        sent_at=event.sent_at,
        analysis=event.analysis,
        lines=found.lines,
        unresolved_references=found.unresolved_references,
    ).because_of(event)


def _unmatched(events: Sequence[MessageAnalyzed], found: Sequence[Found]) -> list[dict[str, Any]]:
    """Return the phrases that the catalogs do not know, each once for its tenant."""
    times: Counter[tuple[UUID, str]] = Counter()
    written: dict[tuple[UUID, str], str] = {}
    for event, of_event in zip(events, found, strict=True):
        for matched in of_event.lines:
            line = matched.line
            is_wanted = line.operation is not Operation.REMOVE and line.confidence >= DOUBTFUL
            if matched.match.method is MatchingMethod.UNMATCHED and is_wanted and line.product and (key := phrase_key(line.product)):
                times[event.distributor_id, key] += 1
                written[event.distributor_id, key] = line.product
    return [{"distributor_id": tenant, "phrase_key": key, "phrase": written[tenant, key], "times": count} for (tenant, key), count in times.items()]
