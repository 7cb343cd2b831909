"""Setting aside what calls may cost: those that wait at the same time together, in one transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from libs import postgres
from libs.postgres import Transaction
from libs.retry import until_it_works
from libs.service import Service
from services.ai_agent import budget_store
from services.ai_agent.budget import Wanted, share_out

Waiting = tuple[Wanted, "asyncio.Future[int | None]"]


@dataclass(slots=True)
class Reserver:
    """Reserves for one process. Hundreds of calls of a tenant would otherwise wait for each other's commits."""

    service: Service
    lease: timedelta
    _waiting: list[Waiting] = field(default_factory=list[Waiting])
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def reserve(self, wanted: Wanted) -> int | None:
        """Set aside what a call may cost. Returns how many of the tenant's calls are in flight with it; None where there is no room.

        Waits in place while the database is away. Raises Stopping.
        """
        answer: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, answer))
        async with self._one_at_a_time:
            if not answer.done():
                await self._reserve_all()
        return await answer

    async def _reserve_all(self) -> None:
        """Answer all who wait, whoever of them has come first."""
        batch, self._waiting = self._waiting, []

        async def in_one_transaction() -> dict[UUID, int]:
            wanted = [each for each, _ in batch]
            async with postgres.tenant_transaction(self.service.pool, {each.distributor_id for each in wanted}) as tx:
                return await reserve_all(tx, wanted, datetime.now(UTC).date().replace(day=1), self.lease)

        try:
            granted = await until_it_works(in_one_transaction, self.service.stopping, doing="reserving budgets")
        except BaseException:
            # Nobody will answer these: whoever waits ends with us.
            for _, answer in batch:
                answer.cancel()
            raise
        for wanted, answer in batch:
            if not answer.done():
                answer.set_result(granted.get(wanted.call_id))


async def reserve_all(tx: Transaction, wanted: Sequence[Wanted], month: date, lease: timedelta) -> dict[UUID, int]:
    """Set aside what calls of any of the transaction's tenants may cost, as far as there is room.

    Returns those that were granted, each with how many of its tenant are then in flight.
    """
    rooms = await budget_store.lock_months(tx, sorted({each.distributor_id for each in wanted}), month)
    granted = share_out(rooms, wanted)
    if granted:
        await budget_store.insert_reservations(tx, [each for each in wanted if each.call_id in granted], month, lease)
    return granted
