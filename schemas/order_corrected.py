"""`order.corrected`: a person changed an order. What the machine had understood is kept beside it, to learn from."""

from uuid import UUID

from schemas.order import OrderEvent, OrderLine


class OrderCorrected(OrderEvent):
    """The order after the correction; `previous_lines` are the lines before it."""

    topic = "order.corrected"

    corrected_by: UUID
    previous_lines: tuple[OrderLine, ...]
