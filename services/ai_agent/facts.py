"""What support may say: facts that we hold, each with an id; and whether a reply keeps to them. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.ai_agent.check import NotInTheText
from services.ai_agent.context_store import Context
from services.ai_agent.forms import Reply
from services.ai_agent.in_the_text import numbers_in
from services.ai_agent.terms import Terms

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NO_PLACE_IN_A_REPLY = re.compile(r"https?://|www\.|\S@\S", re.IGNORECASE)
LONGEST_REPLY = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownProduct:
    """A product as support may speak of it."""

    name: str
    unit: str
    unit_price: Decimal
    in_stock: bool
    stock_quantity: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOrder:
    """An order of the conversation as support may speak of it."""

    order_number: int
    status: str
    delivery_date: date | None
    total_amount: Decimal
    currency: str


def facts_of(terms: Terms, context: Context, products: Sequence[KnownProduct], orders: Sequence[KnownOrder]) -> dict[str, str]:
    """Return the facts by their ids."""
    sentences = [
        *_promises(terms),
        *(_product(product, terms.currency) for product in products),
        *(_order(order) for order in orders),
        *_open_order(context),
    ]
    return {f"F{number}": sentence for number, sentence in enumerate(sentences, start=1)}


def grounded(reply: Reply, facts: Mapping[str, str], question: str) -> str | None:
    """Return the text of a reply that rests on facts; None where it gives none. Raises NotInTheText where it says what they do not."""
    text = reply.reply.strip()
    if not reply.answerable or not text:
        return None
    if len(text) > LONGEST_REPLY:
        raise NotInTheText("a reply that is too long")
    if not reply.facts or not set(reply.facts) <= facts.keys():
        raise NotInTheText("a reply without a fact")
    if NO_PLACE_IN_A_REPLY.search(text):
        raise NotInTheText("an address in a reply")
    known = numbers_in(" ".join([*(facts[each] for each in reply.facts), question]))
    if not _digits(text) <= known:
        raise NotInTheText("a number in a reply")
    return text


def _digits(text: str) -> set[Decimal]:
    """The numbers that are written in digits: words such as "one" count nothing often enough."""
    return numbers_in(" x ".join(re.findall(r"\d+(?:[.,]\d+)*", text)))


def _promises(terms: Terms) -> list[str]:
    sentences: list[str] = []
    if terms.order_cutoff_time:
        sentences.append(f"Orders that are in by {terms.order_cutoff_time:%H:%M} ({terms.timezone}) count for the next delivery day.")
    if terms.delivery_weekdays:
        sentences.append(f"Delivery days: {', '.join(WEEKDAYS[day - 1] for day in terms.delivery_weekdays)}.")
    if terms.minimum_order_amount:
        sentences.append(f"The minimum order is {terms.minimum_order_amount:.2f} {terms.currency}.")
    return sentences


def _product(product: KnownProduct, currency: str) -> str:
    stock = "in stock" if product.in_stock else "out of stock"
    left = f", {product.stock_quantity.normalize():f} {product.unit} left" if product.in_stock and product.stock_quantity is not None else ""
    return f"{product.name}: {product.unit_price:.2f} {currency} a {product.unit} (standard price), {stock}{left}."


def _order(order: KnownOrder) -> str:
    delivery = f", delivery on {order.delivery_date.isoformat()}" if order.delivery_date else ""
    return f"Order {order.order_number} is {order.status.lower()}: {order.total_amount:.2f} {order.currency}{delivery}."


def _open_order(context: Context) -> list[str]:
    if not context.open_lines:
        return []
    lines = ", ".join(f"{line['quantity']:g} {line['unit'] or ''} {line['product']}".replace("  ", " ") for line in context.open_lines)
    return [f"An order is open and not confirmed yet: {lines}."]
