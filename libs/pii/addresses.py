"""Postal addresses: what one begins with, and how it goes on from there."""

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter

from libs.pii.address_forms import cores
from libs.pii.address_parts import GOES_BEFORE, GOES_ON, LOWER_CITY_GOES_ON
from libs.pii.finding import Finding, without
from schemas.pii_detected import PiiType

MOST_PIECES = 8
LONGEST_BEFORE = 30
LEAST = 0.5


def addresses(text: str, others: Sequence[Finding] = ()) -> list[Finding]:
    """Find addresses, each with what belongs to it: unit, city, state, post code; what is surely one of the `others` does not."""
    text = without(text, others)
    found: list[Finding] = []
    for start, end, sure, recognizer in sorted(core for core in cores(text) if core[2] >= LEAST):
        before = GOES_BEFORE.search(text, max(0, start - LONGEST_BEFORE), start)
        begin = before.start() if before else start
        whole = begin + len(text[begin : _whole(text, end)].rstrip(" ,\n"))
        part = Finding(begin, whole, PiiType.ADDRESS, sure, recognizer)
        found.append(_together(found.pop(), part) if found and begin < found[-1].end else part)
    return found


def _together(one: Finding, other: Finding) -> Finding:
    """Return the address whose parts both are."""
    surer = max(one, other, key=attrgetter("confidence"))
    return replace(surer, start=one.start, end=max(one.end, other.end))


def _whole(text: str, end: int) -> int:
    """Return where an address ends that was recognized up to `end`."""
    for _ in range(MOST_PIECES):
        more = GOES_ON.match(text, end) or LOWER_CITY_GOES_ON.match(text, end)
        if not more:
            break
        end = more.end()
    return end
