"""What becomes of a file that we tried to fetch: pure decisions."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

MOST_ATTEMPTS = 6
FIRST_PAUSE = timedelta(seconds=5)
PAUSE_GROWS_BY = 4
PAUSE_FOR_OUR_OWN = timedelta(seconds=15)


class Kind(StrEnum):
    """What a file is to a person."""

    IMAGE = "IMAGE"
    AUDIO = "AUDIO"
    VIDEO = "VIDEO"
    DOCUMENT = "DOCUMENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A file that this process alone fetches until its lease ends; `attempt` counts from 1. Its type and hash are what the provider says."""

    distributor_id: UUID
    id: UUID
    message_id: UUID
    conversation_id: UUID
    place: int
    integration_id: UUID
    channel: str
    external_id: str | None
    url: str | None
    filename: str | None
    mime_type: str | None
    sha256: str | None
    attempt: int
    event_id: UUID
    correlation_id: UUID


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says. `truncated`: it says more. `error_code`: why nothing is known of that."""

    text: str | None = None
    truncated: bool = False
    error_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """It is in the storage under `storage_key`. `sha256` is in hexadecimal digits."""

    storage_key: str
    kind: Kind
    mime_type: str
    size_bytes: int
    sha256: str
    reading: Reading

    @property
    def error_code(self) -> str | None:
        """Why its text was not read, where it was not."""
        return self.reading.error_code


@dataclass(frozen=True, slots=True)
class RetryLater:
    """It is to be fetched again after `pause`; unless it `counts`, the attempt is as if it had not been."""

    pause: timedelta
    error_code: str
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Failed:
    """It will not be fetched any more."""

    error_code: str


Outcome = Stored | RetryLater | Failed


class NotFetched(Exception):
    """The file was not had; `for_ever` where another attempt cannot help."""

    def __init__(self, error_code: str, *, for_ever: bool = False) -> None:
        super().__init__(error_code)
        self.error_code = error_code
        self.for_ever = for_ever


def decide(attempt: int, error: NotFetched, jitter: float) -> RetryLater | Failed:
    """Return what follows from the failure of attempt number `attempt` (1 is the first). `jitter` stretches the pause: 0.8 to 1.2."""
    if error.for_ever or attempt >= MOST_ATTEMPTS:
        return Failed(error.error_code)
    return RetryLater(FIRST_PAUSE * PAUSE_GROWS_BY ** (attempt - 1) * jitter, error.error_code)


def declared_kind(mime_type: str | None) -> Kind:
    """Return the kind of file that a MIME type names."""
    family = (mime_type or "").partition("/")[0].strip().upper()
    return Kind(family) if family in ("IMAGE", "AUDIO", "VIDEO") else Kind.DOCUMENT


def put_off(jitter: float) -> RetryLater:
    """Return what follows where we cannot keep files: the provider is not to blame, so there is no end to it."""
    return RetryLater(PAUSE_FOR_OUR_OWN * jitter, "STORAGE_AWAY", counts=False)
