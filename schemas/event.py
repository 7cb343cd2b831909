"""What every event is: a fact about one tenant at one time, and the envelope that it travels in."""

from dataclasses import dataclass
from typing import ClassVar, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Fact(BaseModel):
    """Immutable values; fields that a reader does not know are ignored, so that writers can add some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The CloudEvents context of an event that was read from a topic.

    `correlation_id` is the event that began the whole story, `causation_id` the one that led to this one at once,
    `sequence` counts 1, 2, 3 … within a topic and key.
    """

    id: UUID
    source: str
    correlation_id: UUID
    causation_id: UUID | None = None
    sequence: int | None = None
    traceparent: str | None = None


class Event(Fact):
    """A fact that services tell each other. The class names its topic; the instance knows its partition key."""

    topic: ClassVar[str]
    subject_field: ClassVar[str]
    """The field that names the entity which the event is about."""
    key_fields: ClassVar[tuple[str, ...]] = ("conversation_id",)
    """The partition key is the first of these fields that is set."""

    distributor_id: UUID
    occurred_at: AwareDatetime

    # Kept beside the fields, where a cached_property keeps its value: a private attribute of pydantic's costs more than reading the whole event.

    @property
    def envelope(self) -> Envelope:
        """How this event arrived. Raises LookupError for one that was never on a topic."""
        envelope = vars(self).get("_envelope")
        if envelope is None:
            raise LookupError(f"this {self.topic} was made here, it did not arrive from a topic")
        return envelope

    @property
    def cause(self) -> Envelope | None:
        """The envelope of the event that led to this one."""
        return vars(self).get("_cause")

    @property
    def key(self) -> str:
        """The partition key: events of one key are never reordered."""
        for field in self.key_fields:
            if (value := getattr(self, field)) is not None:
                return str(value)
        raise LookupError(f"this {self.topic} has no partition key")

    @property
    def subject(self) -> str:
        """The id of the entity that the event is about."""
        return str(getattr(self, self.subject_field))

    def arrived_in(self, envelope: Envelope) -> Self:
        """Remember the envelope that this event was read from."""
        vars(self)["_envelope"] = envelope
        return self

    def because_of(self, event: "Event") -> Self:
        """Name the event that led to this one, so that both carry the same correlation id."""
        vars(self)["_cause"] = event.envelope
        return self
