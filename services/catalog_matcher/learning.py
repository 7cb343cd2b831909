"""From orders as they stand: what their customers buy, and what they call it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from uuid import UUID

from libs.postgres import Transaction
from schemas.match import MatchingMethod
from schemas.order import OrderEvent, OrderLine
from schemas.order_cancelled import OrderCancelled
from schemas.order_corrected import OrderCorrected
from services.catalog_matcher import aliases_store, purchases_store
from services.catalog_matcher.domain.phrases import phrase_in, phrase_key
from services.catalog_matcher.purchases_store import Line


async def take_in(tx: Transaction, events: Sequence[OrderEvent]) -> None:
    """Remember each order in its newest version and learn from its lines. An order counts once, however often and in whatever order it is told of."""
    events = [event for event in events if event.customer_id]
    if not events:
        return
    await purchases_store.lock_customers(tx, {(event.distributor_id, event.customer_id) for event in events if event.customer_id})
    remembered = await purchases_store.select_order_versions(tx, {(event.distributor_id, event.order_id) for event in events})
    newest = _newest(event for event in events if event.version >= remembered.get(event.order_id, 0))
    keys = await _write(tx, newest)
    late = [line for event in events if event is not newest.get(event.order_id) for line in _lines(event) if line.corrected]
    if late:
        keys |= await purchases_store.update_corrections(tx, late)
    await _count_anew(tx, keys)


async def forget(tx: Transaction, events: Sequence[OrderCancelled]) -> None:
    """Forget orders and what was learned from them."""
    known = [event for event in events if event.customer_id]
    await purchases_store.lock_customers(tx, {(event.distributor_id, event.customer_id) for event in known if event.customer_id})
    orders = [{"distributor_id": event.distributor_id, "order_id": event.order_id, "line_ids": []} for event in known]
    await _count_anew(tx, await purchases_store.delete_lines_of(tx, orders))


async def _count_anew(tx: Transaction, keys: Collection[aliases_store.Key]) -> None:
    if keys:
        await aliases_store.upsert_learned(tx, keys)
        await aliases_store.delete_unsaid(tx, keys)


async def _write(tx: Transaction, newest: dict[UUID, OrderEvent]) -> set[aliases_store.Key]:
    lines: dict[UUID, list[Line]] = defaultdict(list)
    for order_id, event in newest.items():
        lines[order_id] = list(_lines(event))
    if not newest:
        return set()
    kept = [
        {"distributor_id": event.distributor_id, "order_id": order_id, "line_ids": [line.line_id for line in lines[order_id]]}
        for order_id, event in newest.items()
    ]
    gone = await purchases_store.delete_lines_of(tx, kept)
    return gone | await purchases_store.upsert_lines(tx, [line for of_order in lines.values() for line in of_order])


def _newest(events: Iterable[OrderEvent]) -> dict[UUID, OrderEvent]:
    return {event.order_id: event for event in sorted(events, key=lambda event: event.version)}


def _lines(event: OrderEvent) -> Iterator[Line]:
    """Yield the lines that have a product, with what their customer called it unless the catalog calls it so too."""
    before = {line.line_id: line for line in event.previous_lines} if isinstance(event, OrderCorrected) else {}
    for line in event.lines:
        if line.product_id is None or event.customer_id is None:
            continue
        old = before.get(line.line_id)
        was_wrong = old is not None and old.product_id != line.product_id
        corrected = was_wrong or line.matching_method is MatchingMethod.MANUAL_OVERRIDE
        phrase = _phrase(line, old) if corrected or line.matching_method is not MatchingMethod.EXACT_MATCH else None
        yield Line(
            distributor_id=event.distributor_id,
            order_id=event.order_id,
            line_id=line.line_id,
            customer_id=event.customer_id,
            order_version=event.version,
            line_order=line.line_order,
            product_id=line.product_id,
            variant_id=line.variant_id,
            product_name=line.product_name,
            unit=line.product_unit,
            quantity=line.quantity,
            phrase=phrase,
            phrase_key=phrase_key(phrase) if phrase else None,
            corrected=corrected,
            rejected_product_id=old.product_id if was_wrong and old else None,
            ordered_at=event.received_at,
            told_at=event.occurred_at,
        )


def _phrase(line: OrderLine, old: OrderLine | None) -> str | None:
    """Return what the customer called the product; None where nothing was written, or just the product's name."""
    written = [phrase for each in (line, old) if each for phrase in (each.phrase, phrase_in(each.original_text or "")) if phrase]
    phrase = next(iter(written), "")
    return phrase if phrase_key(phrase) and phrase_key(phrase) != phrase_key(line.product_name) else None
