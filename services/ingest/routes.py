"""Which tenant a provider's account belongs to: remembered for some seconds, since it hardly ever changes."""

import time
from collections.abc import Iterable

from libs import postgres
from libs.postgres import Pool
from services.ingest import store
from services.ingest.store import Route

REMEMBERED_SECONDS = 5.0
MOST_REMEMBERED = 10_000


class Routes:
    """A short memory in front of external_integrations. Unknown accounts are not remembered."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[float, Route]] = {}

    async def find(self, pool: Pool, provider: str, accounts: Iterable[str]) -> dict[str, Route]:
        """Return the routes of those accounts that are connected."""
        now = time.monotonic()
        wanted = set(accounts)
        found = {account: known[1] for account in wanted if (known := self._known.get((provider, account))) and known[0] > now}
        missing = sorted(wanted - found.keys())
        if missing:
            async with postgres.worker_transaction(pool) as worker:
                fresh = await store.select_routes(worker, provider, missing)
            if len(self._known) > MOST_REMEMBERED:
                self._known.clear()
            self._known |= {(provider, account): (now + REMEMBERED_SECONDS, route) for account, route in fresh.items()}
            found |= fresh
        return found
