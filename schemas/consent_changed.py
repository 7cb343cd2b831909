"""`consent.changed`: a contact told us by a keyword to stop writing, or to go on. Compacted."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from schemas.contact import Channel
from schemas.event import Event


class ConsentChanged(Event):
    """Whether we may write to an address; without any word we may."""

    topic = "consent.changed"
    subject_field = "contact_id"
    key_fields = ("contact_id",)

    contact_id: UUID
    channel: Channel
    address: str = Field(min_length=1, max_length=320)
    integration_id: UUID
    may_write: bool
    changed_at: AwareDatetime
