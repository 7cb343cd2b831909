"""`order.review_requested`: a person has to look at an order before it is firm."""

from pydantic import Field

from schemas.order import OrderEvent


class OrderReviewRequested(OrderEvent):
    """The order, whole, and why a person is asked."""

    topic = "order.review_requested"

    reasons: tuple[str, ...] = Field(min_length=1, description="Codes such as UNMATCHED_LINE, LOW_CONFIDENCE, UNKNOWN_CUSTOMER")
