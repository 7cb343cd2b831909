"""What a provider made of a message that we gave it."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it, under its own id (`wamid.…`)."""

    external_message_id: str


@dataclass(frozen=True, slots=True)
class TryLater:
    """It may work later; the provider asked for at least `pause`."""

    error_code: str
    pause: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """The answer got lost: the provider may have taken it, and then a status of the message will tell."""

    error_code: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider will never take it."""

    error_code: str


SendResult = Accepted | TryLater | Unconfirmed | Rejected
