"""The indexes that this process holds in memory, each as new as its tenant's catalog."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from libs.postgres import Connection
from schemas.match import Match
from services.catalog_matcher import store
from services.catalog_matcher.domain.index import Entry, Index
from services.catalog_matcher.domain.matching import match

log = structlog.get_logger()

TENANTS_HELD = 500
PHRASES_HELD = 20_000
"""A tenant's; the same few hundred phrases are most of what customers write."""


@dataclass(slots=True)
class Catalog:
    """A tenant's products at one version, and the matches that were already found in them."""

    version: int
    index: Index
    _found: dict[str, Match] = field(default_factory=dict[str, Match])

    def match(self, phrase: str) -> Match:
        """Return the product that `phrase` means."""
        found = self._found.get(phrase)
        if found is None:
            if len(self._found) >= PHRASES_HELD:
                self._found.clear()
            found = self._found[phrase] = match(self.index, phrase)
        return found


_held: OrderedDict[UUID, Catalog] = OrderedDict()


async def current(connection: Connection, distributor_ids: Collection[UUID]) -> dict[UUID, Catalog]:
    """Return the catalogs of these tenants as they stand: one query, and another where some have changed since they were last asked for.

    The version is read before the products, so a change between the two can only make a catalog newer than its version says.
    """
    versions = await store.select_versions(connection, distributor_ids)
    catalogs = {each: held for each in distributor_ids if (held := _held.get(each)) and held.version == versions.get(each, 0)}
    if stale := [each for each in distributor_ids if each not in catalogs]:
        entries = await store.select_entries(connection, stale)
        indexes = await asyncio.to_thread(_build, entries, stale)
        catalogs |= {each: Catalog(versions.get(each, 0), index) for each, index in indexes.items()}
        log.info("catalogs_read", tenants=len(stale), products=len(entries))
    _hold(catalogs)
    return catalogs


def _build(entries: Sequence[Entry], distributor_ids: Collection[UUID]) -> dict[UUID, Index]:
    by_tenant: dict[UUID, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_tenant[entry.distributor_id].append(entry)
    return {each: Index(by_tenant[each]) for each in distributor_ids}


def _hold(catalogs: dict[UUID, Catalog]) -> None:
    for distributor_id, catalog in catalogs.items():
        _held[distributor_id] = catalog
        _held.move_to_end(distributor_id)
    while len(_held) > TENANTS_HELD:
        _held.popitem(last=False)
