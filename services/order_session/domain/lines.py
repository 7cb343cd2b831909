"""What the lines of a message do to the items of a session."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from schemas.analysis import Line, Operation
from schemas.match import Match, MatchedLine
from schemas.message_matched import MessageMatched
from services.order_session.domain.session import EventType, Item, Session

Add = Callable[[EventType, dict[str, Any]], None]

ONE = Decimal(1)
DOUBTFUL = Decimal("0.5")
"""Readings of less confidence need a quantity or a product to count as a line."""
WORD = re.compile(r"[^\W_]+")


def sensible(lines: Iterable[MatchedLine]) -> tuple[MatchedLine, ...]:
    """Leave out what is hardly a line: words without a quantity that were read as a product with doubt, and that the catalog does not know."""
    return tuple(
        line
        for line in lines
        if line.line.quantity is not None or line.line.confidence >= DOUBTFUL or line.match.product or line.line.operation is not Operation.ADD
    )


def orders_something(lines: Iterable[MatchedLine]) -> bool:
    """Tell whether any of `lines` names a product to be delivered."""
    return any(line.line.product and line.line.operation is not Operation.REMOVE for line in sensible(lines))


class _Items:
    """The open items while the lines of one message are applied, in order."""

    def __init__(self, session: Session, add: Add) -> None:
        self._items = list(session.open_items)
        self._last = session.last_item_id
        self._add = add
        self.changed = False

    def add(self, item: Item) -> None:
        self._items.append(item)
        self._tell(EventType.ITEM_ADDED, {"item": item.model_dump(mode="json")}, item.item_id)

    def modify(self, item: Item) -> None:
        self._items = [item if each.item_id == item.item_id else each for each in self._items]
        self._tell(EventType.ITEM_MODIFIED, {"item": item.model_dump(mode="json")}, item.item_id)

    def remove(self, item: Item) -> None:
        self._items.remove(item)
        self._tell(EventType.ITEM_REMOVED, {"item_id": str(item.item_id)}, self._items[-1].item_id if self._items else None)

    def _tell(self, event_type: EventType, data: dict[str, Any], last: UUID | None) -> None:
        self._add(event_type, data)
        self._last = last
        self.changed = True

    def same_product(self, match: Match) -> Item | None:
        """The item with exactly that product."""
        product_id = match.product.product_id if match.product else None
        return next((item for item in self._items if product_id and item.product and item.product.product_id == product_id), None)

    def meant_by(self, phrase: str | None, match: Match | None) -> Item | None:
        """The item that the customer speaks of: the last one, that product, those words, or the likeliest of the candidates."""
        if phrase is None:
            return next((item for item in self._items if item.item_id == self._last), None)
        if match and (found := self.same_product(match)):
            return found
        words = _words(phrase)
        for item in reversed(self._items):
            if words and (words <= _words(item.phrase) or words <= _words(item.name)):
                return item
        candidates = [candidate.product.product_id for candidate in match.alternatives] if match else []
        by_product = {item.product.product_id: item for item in self._items if item.product}
        return next((by_product[product_id] for product_id in candidates if product_id in by_product), None)


def apply(message: MessageMatched, session: Session, add: Add, now: datetime) -> bool:
    """Apply the lines of `message`, telling each change to `add`. Returns whether anything changed."""
    items = _Items(session, add)
    for number, matched in enumerate(sensible(message.lines)):
        line, made = matched.line, uuid5(message.attachment_id or message.message_id, f"item/{number}")
        match line.operation:
            case Operation.ADD:
                _add(items, line, matched.match, _item(message, matched, made, now))
            case Operation.SET:
                _set(items, line, matched.match, _item(message, matched, made, now))
            case Operation.REMOVE:
                if item := items.meant_by(line.product, matched.match):
                    items.remove(item)
            case Operation.SWAP:
                _swap(items, matched, _item(message, matched, made, now))
    return items.changed


def _add(items: _Items, line: Line, match: Match, new: Item) -> None:
    """Add an item; more of a product that is there already is added to it."""
    present = items.meant_by(None, None) if line.product is None else items.same_product(match)
    if present and (line.unit is None or present.unit is None or line.unit == present.unit):
        items.modify(present.model_copy(update={"quantity": present.quantity + (line.quantity or ONE)}))
    elif line.product is not None:
        items.add(new)


def _set(items: _Items, line: Line, match: Match, new: Item) -> None:
    """Change the quantity or the unit of an item; one that is not there is added, one set to nothing goes."""
    present = items.meant_by(line.product, match)
    if present is None:
        if line.product is not None and new.quantity:
            items.add(new)
    elif line.quantity == 0:
        items.remove(present)
    else:
        change = {"quantity": line.quantity or present.quantity, "unit": line.unit or present.unit, "quantity_assumed": False}
        items.modify(present.model_copy(update=change))


def _swap(items: _Items, matched: MatchedLine, new: Item) -> None:
    """Put one product in the place of another, in the same quantity where none is named."""
    old = items.meant_by(matched.line.replaces, matched.replaces)
    if old is None:
        items.add(new)
        return
    items.remove(old)
    if matched.line.quantity is None:
        new = new.model_copy(update={"quantity": old.quantity, "unit": new.unit or old.unit, "quantity_assumed": False})
    items.add(new)


def _item(message: MessageMatched, matched: MatchedLine, item_id: UUID, now: datetime) -> Item:
    line, match = matched.line, matched.match
    return Item(
        item_id=item_id,
        phrase=line.product or "",
        product=match.product,
        quantity=line.quantity if line.quantity is not None else ONE,
        quantity_assumed=line.quantity is None,
        unit=line.unit,
        source_message_id=message.message_id,
        original_text=message.content[line.text_start : line.text_end],
        text_start=line.text_start,
        text_end=line.text_end,
        method=match.method,
        score=match.score,
        matching_confidence=match.confidence,
        ai_confidence=line.confidence,
        alternatives=match.alternatives,
        added_at=now,
    )


def _words(text: str) -> frozenset[str]:
    """The words of `text` that tell products apart, without plural endings."""
    words: Sequence[str] = WORD.findall(text.casefold())
    return frozenset(word.removesuffix("es") if word.endswith("oes") else word.removesuffix("s") for word in words if word not in {"the", "of", "a"})
