"""`order.cancelled`: an order will not be delivered."""

from schemas.order import OrderEvent


class OrderCancelled(OrderEvent):
    """The order, whole, and why it ended."""

    topic = "order.cancelled"

    reason: str
