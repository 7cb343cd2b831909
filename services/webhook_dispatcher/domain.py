"""What becomes of a delivery: the schedule of its attempts, and what each answer means. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

SCHEDULE = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=10),
)
"""The pauses after the first attempt, the second, and so on; after the attempt that has none the delivery is dead."""
LONGEST_PAUSE_ON_REQUEST = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=5)
"""An endpoint from which nothing but failures came for this long is disabled."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """What an endpoint's owner asked for instead of the schedule; None means the schedule."""

    attempts: int | None = None
    """Attempts after the first one."""
    delay: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An endpoint's answer; `pause` is what its Retry-After asks for."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    pause: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing came back, and why."""

    error: str


Response = Answer | NoAnswer


@dataclass(frozen=True, slots=True)
class Delivered:
    """The endpoint has it."""


@dataclass(frozen=True, slots=True)
class RetryLater:
    """It is to be tried again after `pause`."""

    pause: timedelta
    error: str


@dataclass(frozen=True, slots=True)
class Dead:
    """Every attempt failed; only somebody who asks for it sends it again."""

    error: str


@dataclass(frozen=True, slots=True)
class EndpointGone:
    """The endpoint says that it wants nothing any more (410)."""

    error: str


Outcome = Delivered | RetryLater | Dead | EndpointGone


def decide(attempt: int, policy: RetryPolicy, response: Response, jitter: float) -> Outcome:
    """Return what follows from the response to attempt number `attempt` (1 is the first). `jitter` stretches the pause: 0.8 to 1.2."""
    match response:
        case Answer(status) if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return Delivered()
        case Answer(HTTPStatus.GONE):
            return EndpointGone("the endpoint answered 410 Gone")
        case Answer(status, pause=asked_pause):
            return _later(attempt, policy, jitter, asked_pause, f"the endpoint answered {status}")
        case NoAnswer(error):
            return _later(attempt, policy, jitter, timedelta(), error)


def _later(attempt: int, policy: RetryPolicy, jitter: float, asked_pause: timedelta, error: str) -> RetryLater | Dead:
    retries = len(SCHEDULE) if policy.attempts is None else policy.attempts
    if attempt > retries:
        return Dead(error)
    pause = policy.delay or SCHEDULE[min(attempt, len(SCHEDULE)) - 1]
    return RetryLater(max(pause * jitter, min(asked_pause, LONGEST_PAUSE_ON_REQUEST)), error)


def is_given_up(failing_since: datetime | None, now: datetime) -> bool:
    """Tell whether an endpoint has failed, and only failed, for so long that it is disabled."""
    return failing_since is not None and now - failing_since > GIVE_UP_AFTER
