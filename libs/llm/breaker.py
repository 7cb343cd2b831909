"""A circuit breaker: a server that keeps failing is left alone for a while, then tried with one call. Pure; time comes in."""

from dataclasses import dataclass

FAILURES_TO_OPEN = 5
PAUSE_SECONDS = 15.0


@dataclass(slots=True)
class Breaker:
    """Of one model at one server."""

    failures: int = 0
    closed_from: float = 0.0
    """While calls are held back: when the next one is let through to see."""

    def allows(self, now: float) -> bool:
        """Tell whether a call may be made. After the pause one is, and the others wait for what becomes of it."""
        if self.failures < FAILURES_TO_OPEN:
            return True
        if now < self.closed_from:
            return False
        self.closed_from = now + PAUSE_SECONDS
        return True

    def succeeded(self) -> None:
        """Let everything through again."""
        self.failures = 0

    def failed(self, now: float) -> None:
        """Count a failure that is the server's."""
        self.failures += 1
        self.closed_from = now + PAUSE_SECONDS
