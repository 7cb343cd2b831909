"""What a customer wrote gets its products, and goes on to the order."""

from collections.abc import Sequence
from datetime import UTC, datetime

from libs import outbox
from libs.postgres import Transaction
from schemas.analysis import Line
from schemas.match import MatchedLine
from schemas.message_analyzed import MessageAnalyzed
from schemas.message_matched import MessageMatched
from services.catalog_matcher import catalogs
from services.catalog_matcher.catalogs import Catalog
from services.catalog_matcher.domain.matching import UNMATCHED


async def on_messages_analyzed(events: Sequence[MessageAnalyzed], tx: Transaction) -> None:
    """Match every line of a batch. Messages without lines are passed on too: nothing may overtake within a conversation."""
    current = await catalogs.current(tx, {event.distributor_id for event in events})
    now = datetime.now(UTC)
    await outbox.enqueue(tx, *(_matched(event, current[event.distributor_id], now) for event in events))


def _matched(event: MessageAnalyzed, catalog: Catalog, now: datetime) -> MessageMatched:
    return MessageMatched(
        distributor_id=event.distributor_id,
        occurred_at=now,
        conversation_id=event.conversation_id,
        message_id=event.message_id,
        thread_position=event.thread_position,
        channel=event.channel,
        customer_id=event.customer_id,
        contact_id=event.contact_id,
        content=event.content,
        sent_at=event.sent_at,
        analysis=event.analysis,
        lines=tuple(_match_line(line, catalog) for line in event.analysis.lines),
    ).because_of(event)


def _match_line(line: Line, catalog: Catalog) -> MatchedLine:
    """Find the product, and with a swap the one that goes. A line of no product means the one spoken of last, which only the order knows."""
    return MatchedLine(
        line=line,
        match=catalog.match(line.product) if line.product else UNMATCHED,
        replaces=catalog.match(line.replaces) if line.replaces else None,
    )
