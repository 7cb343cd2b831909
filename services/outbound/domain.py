"""What becomes of a message that we are to send, before and after the provider was asked: pure decisions."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from libs.channels.send_result import Accepted, Rejected, SendResult, TryLater, Unconfirmed
from schemas.contact import Channel
from schemas.integration_changed import IntegrationStatus, Provider

MOST_ATTEMPTS = 6
FIRST_PAUSE = timedelta(seconds=1)
PAUSE_GROWS_BY = 4
LONGEST_PAUSE_ON_REQUEST = timedelta(minutes=5)
WAIT_FOR_STATUS = timedelta(minutes=2)
"""After a lost answer: the provider's word on the message, if it was taken, arrives sooner than that."""
WINDOW = timedelta(hours=24) - timedelta(minutes=1)
"""For so long after the customer's last message WhatsApp takes a free text; a minute less, for it is their clock that counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message that this process alone may send until its lease ends; `attempt` counts from 1, `error_code` is that of the attempt before."""

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
    error_code: str | None
    event_id: UUID
    correlation_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """The account at a provider that a message goes through; `sealed_credentials` as they came."""

    provider: str
    account: str
    status: str
    config: dict[str, Any] = field(default_factory=dict[str, Any])
    sealed_credentials: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What else decides on a message: all that is known, null where nothing is. The mail is the customer's last one."""

    integration: Integration | None = None
    may_write: bool = True
    last_inbound_at: datetime | None = None
    mail_id: str | None = None
    mail_subject: str | None = None


@dataclass(frozen=True, slots=True)
class MetaTemplate:
    """A text that Meta approved beforehand, with one place to fill in."""

    name: str
    language: str


@dataclass(frozen=True, slots=True)
class TwilioTemplate:
    """The same at Twilio."""

    content_sid: str


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


def objection(message: Claimed, known: Circumstances, now: datetime) -> Failed | None:
    """Return why `message` must not be sent, if so."""
    integration = known.integration
    if message.attempt > MOST_ATTEMPTS:
        return Failed(message.error_code or "NOT_CONFIRMED")
    if not message.address or not (integration or message.channel_account):
        return Failed("NO_ADDRESS")
    if not known.may_write:
        return Failed("OPTED_OUT")
    if integration and integration.status not in (IntegrationStatus.ACTIVE, IntegrationStatus.ERROR):
        return Failed("INTEGRATION_INACTIVE")
    if needs_template(message, known, now) and not (integration and template(integration)):
        return Failed("WINDOW_CLOSED")
    return None


def needs_template(message: Claimed, known: Circumstances, now: datetime) -> bool:
    """Tell whether WhatsApp would refuse a free text; a gateway keeps to its network's rules itself.

    Of an integration and an address that are both unknown nothing can be said.
    """
    if message.channel != Channel.WHATSAPP or (known.integration and known.integration.provider == Provider.GATEWAY):
        return False
    if known.last_inbound_at is None:
        return known.integration is not None
    return now - known.last_inbound_at >= WINDOW


def template(integration: Integration) -> MetaTemplate | TwilioTemplate | None:
    """Return the template that an integration names, in its config, for when the window is closed."""
    match integration.provider, integration.config.get("template"):
        case Provider.META, {"name": str(name), "language": str(language)}:
            return MetaTemplate(name, language)
        case Provider.TWILIO, {"content_sid": str(content_sid)}:
            return TwilioTemplate(content_sid)
        case _:
            return None


def decide(attempt: int, result: SendResult, jitter: float) -> Outcome:
    """Return what follows from the answer to attempt number `attempt` (1 is the first). `jitter` stretches the pause: 0.8 to 1.2."""
    pause = FIRST_PAUSE * PAUSE_GROWS_BY ** (attempt - 1) * jitter
    match result:
        case Accepted(external_message_id):
            return Sent(external_message_id)
        case Rejected(error_code):
            return Failed(error_code)
        case Unconfirmed(error_code):
            return RetryLater(max(pause, WAIT_FOR_STATUS), error_code)
        case TryLater(error_code) if attempt >= MOST_ATTEMPTS:
            return Failed(error_code)
        case TryLater(error_code, asked_pause):
            return RetryLater(max(pause, min(asked_pause, LONGEST_PAUSE_ON_REQUEST)), error_code)
