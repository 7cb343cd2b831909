"""Where pages of a conversation begin and end.

A conversation may have several parts, itself and those that were merged into it, and messages come to each at any moment. A boundary therefore says
for each part how many of its messages lie before it: what comes later never moves it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field

Boundary = Mapping[UUID, Annotated[int, Field(ge=0, le=2**31 - 1)]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a page begins and ends, and whether there is anything beyond."""

    start: Boundary
    end: Boundary
    anything_before: bool
    anything_after: bool


def first_boundary(parts: Mapping[UUID, int], given: Boundary) -> Boundary:
    """Return where a page begins that comes after `given`: a part that was merged since is shown from its first message on."""
    return {part: given.get(part, 0) for part in parts}


def last_boundary(parts: Mapping[UUID, int], given: Boundary) -> Boundary:
    """Return where a page ends that comes before `given`: a part that was merged since is shown from its last message on."""
    return {part: given.get(part, last) for part, last in parts.items()}


def after(parts: Mapping[UUID, int], start: Boundary, shown: Sequence[tuple[UUID, int]], limit: int) -> Bounds:
    """Return the bounds of a page that begins at `start` and shows these places of parts, in order of time."""
    end = {**start, **dict(shown)}
    more = len(shown) == limit and any(last > end[part] for part, last in parts.items())
    return Bounds(start, end, any(start.values()), more)


def before(parts: Mapping[UUID, int], end: Boundary, shown: Sequence[tuple[UUID, int]], limit: int) -> Bounds:
    """Return the bounds of a page that ends at `end` and shows these places of parts, in order of time."""
    start = {**end, **{part: place - 1 for part, place in reversed(shown)}}
    more = len(shown) == limit and any(start.values())
    return Bounds(start, end, more, any(last > end[part] for part, last in parts.items()))
