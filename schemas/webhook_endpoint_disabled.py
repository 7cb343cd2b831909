"""`webhook.endpoint_disabled`: a subscriber's endpoint gets nothing more until somebody enables it again."""

from uuid import UUID

from schemas.event import Event


class WebhookEndpointDisabled(Event):
    """The endpoint, and why it was disabled."""

    topic = "webhook.endpoint_disabled"
    subject_field = "webhook_endpoint_id"
    key_fields = ("webhook_endpoint_id",)

    webhook_endpoint_id: UUID
    name: str
    reason: str
