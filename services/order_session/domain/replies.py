"""What the customer reads."""

from decimal import Decimal

from services.order_session.domain.messages import Answer
from services.order_session.domain.orders import Consolidated, line_price, total_of
from services.order_session.domain.session import Item, Session


def reply(answer: Answer, session: Session, currency: str, order: Consolidated | None, order_number: int | None) -> str:
    """Return the text of `answer`; for a confirmation `order` and its number are needed."""
    match answer:
        case Answer.SUMMARY:
            return summary(session.open_items, currency)
        case Answer.NOTHING_YET:
            return "There is nothing on your order at the moment. What would you like to order?"
        case Answer.WHAT_TO_CHANGE:
            return "All right, nothing is sent yet. What shall I change?"
        case Answer.CANCELLED:
            return "Your order is cancelled; nothing will be delivered."
        case Answer.CONFIRMED:
            amount = f"{order.total:,.2f} {currency}" if order else ""
            if order and order.reasons:
                return f"Thank you! We are checking order #{order_number} ({amount}) and will come back to you shortly."
            return f"Thank you! Order #{order_number} is confirmed ({amount})."


def summary(items: tuple[Item, ...], currency: str) -> str:
    """The order as it stands, line by line, and how to go on."""
    lines = [f"{number}. {_amount(item)} {item.name}{_price(item, currency)}" for number, item in enumerate(items, 1)]
    return "\n".join(["Your order:", *lines, f"Total: {total_of(items):,.2f} {currency}", "Reply YES to confirm, or tell me what to change."])


def _amount(item: Item) -> str:
    unit = item.unit or (item.product.unit if item.product else "")
    return f"{_plain(item.quantity)} {unit} ×" if unit else f"{_plain(item.quantity)} ×"


def _price(item: Item, currency: str) -> str:
    return f" — {line_price(item):,.2f} {currency}" if item.product else " (we will check this one)"


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"
