"""What becomes of a message that we tried to send: pure decisions."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from libs.channels.send_result import Accepted, Rejected, SendResult, TryLater

MOST_ATTEMPTS = 6
FIRST_PAUSE = timedelta(seconds=1)
PAUSE_GROWS_BY = 4
LONGEST_PAUSE_ON_REQUEST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message that this process alone may send until its lease ends; `attempt` counts from 1."""

    distributor_id: UUID
    id: UUID
    message_id: UUID
    conversation_id: UUID
    integration_id: UUID
    channel: str
    channel_account: str | None
    address: str | None
    content: str
    attempt: int
    event_id: UUID
    correlation_id: UUID


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took it under this id."""

    external_message_id: str


@dataclass(frozen=True, slots=True)
class RetryLater:
    """It is to be sent again after `pause`."""

    pause: timedelta
    error_code: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It will not be sent any more."""

    error_code: str


Outcome = Sent | RetryLater | Failed


def decide(attempt: int, result: SendResult, jitter: float) -> Outcome:
    """Return what follows from the answer to attempt number `attempt` (1 is the first). `jitter` stretches the pause: 0.8 to 1.2."""
    match result:
        case Accepted(external_message_id):
            return Sent(external_message_id)
        case Rejected(error_code):
            return Failed(error_code)
        case TryLater(error_code) if attempt >= MOST_ATTEMPTS:
            return Failed(error_code)
        case TryLater(error_code, asked_pause):
            pause = FIRST_PAUSE * PAUSE_GROWS_BY ** (attempt - 1) * jitter
            return RetryLater(max(pause, min(asked_pause, LONGEST_PAUSE_ON_REQUEST)), error_code)
