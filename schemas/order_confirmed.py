"""`order.confirmed`: an order is firm and can be booked."""

from schemas.order import OrderEvent


class OrderConfirmed(OrderEvent):
    """The order, whole."""

    topic = "order.confirmed"
