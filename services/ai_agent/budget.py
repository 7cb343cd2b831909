"""Who may call: what is left of budgets, shared out among the calls that are to be made. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A call that is to be made, and what it can cost at most."""

    distributor_id: UUID
    call_id: UUID
    model: str
    most_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What is left of a tenant's month beside what is spent and set aside; None is no limit."""

    usd: Decimal | None
    requests: int | None
    in_flight: int

    def less(self, wanted: Wanted) -> "Room | None":
        """Return what is left beside a call as well; None where it has no room."""
        if (self.usd is not None and wanted.most_usd > self.usd) or (self.requests is not None and self.requests < 1):
            return None
        return Room(
            usd=None if self.usd is None else self.usd - wanted.most_usd,
            requests=None if self.requests is None else self.requests - 1,
            in_flight=self.in_flight + 1,
        )


def share_out(rooms: Mapping[UUID, Room], wanted: Sequence[Wanted]) -> dict[UUID, int]:
    """Return the calls that may be made, each with how many of its tenant are then in flight: first come, first served."""
    left = dict(rooms)
    granted: dict[UUID, int] = {}
    for call in wanted:
        room = left.get(call.distributor_id)
        if room and (rest := room.less(call)):
            left[call.distributor_id] = rest
            granted[call.call_id] = rest.in_flight
    return granted
