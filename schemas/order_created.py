"""`order.created`: an order exists; whether it is confirmed or in review follows at once."""

from schemas.order import OrderEvent


class OrderCreated(OrderEvent):
    """The order, whole."""

    topic = "order.created"
