"""`customer.erased`: a customer asked to be forgotten; whoever keeps their data erases it."""

from uuid import UUID

from schemas.event import Event


class CustomerErased(Event):
    """The customer who is to be forgotten."""

    topic = "customer.erased"
    subject_field = "customer_id"
    key_fields = ("customer_id",)

    customer_id: UUID
