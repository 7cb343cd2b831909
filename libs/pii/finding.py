"""What a recognizer says it has found."""

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.pii_detected import PiiType

SURELY = 0.65


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data of one type at text[start:end], with how sure the recognizer is that says so, from 0 to 1."""

    start: int
    end: int
    type: PiiType
    confidence: float
    recognizer: str


def without(text: str, others: Iterable[Finding], least: float = SURELY) -> str:
    """Return the text, as long as it was, with the findings of at least this confidence made unreadable."""
    for other in others:
        if other.confidence >= least:
            text = text[: other.start] + "\0" * (other.end - other.start) + text[other.end :]
    return text
