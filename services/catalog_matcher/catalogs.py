"""The indexes that this process holds in memory, each as new as its tenant's catalog."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import structlog

from libs.postgres import Connection
from schemas.match import Match
from services.catalog_matcher import index_store, store
from services.catalog_matcher.domain.history import Aliases, History
from services.catalog_matcher.domain.index import Index
from services.catalog_matcher.domain.matching import Wanted, match, match_many
from services.catalog_matcher.domain.segment import Entry

log = structlog.get_logger()

BYTES_HELD = 768 * 1024 * 1024
"""Of all indexes together. Those that were not asked for the longest are let go, and built again when they are."""
PHRASES_HELD = 1_000
"""A tenant's; the same few hundred phrases are most of what customers write."""
BYTES_A_MATCH = 4_000
BUILT_IN_LOOP = 50
"""Products that are indexed on the spot: a thread would take longer to start than they take."""


@dataclass(slots=True)
class Catalog:
    """A tenant's products at one version, and the matches that were already found in them."""

    version: int
    index: Index
    _found: dict[str, Match] = field(default_factory=dict[str, Match])

    def match(self, phrase: str) -> Match:
        """Return the product that `phrase` means, whoever writes it."""
        found = self._found.get(phrase)
        if found is None:
            if len(self._found) >= PHRASES_HELD:
                self._found.clear()
            found = self._found[phrase] = match(self.index, phrase)
        return found

    def match_many(self, wanted: Iterable[Wanted], history: History, aliases: Aliases, today: date) -> list[Match]:
        """Return the products of one customer's lines, in their order."""
        return match_many(self.index, wanted, history=history, aliases=aliases, today=today)

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return self.index.size + len(self._found) * BYTES_A_MATCH


_held: OrderedDict[UUID, Catalog] = OrderedDict()


async def current(connection: Connection, distributor_ids: Collection[UUID]) -> dict[UUID, Catalog]:
    """Return the catalogs of these tenants as they stand: one query, and others where some have changed since they were last asked for.

    The version is read before the products, so a change between the two can only make a catalog newer than its version says.
    """
    versions = await store.select_versions(connection, distributor_ids)
    held = {each: catalog for each in distributor_ids if (catalog := _held.get(each))}
    catalogs = {each: catalog for each, catalog in held.items() if catalog.version == versions.get(each, 0)}
    if outdated := {each: catalog for each, catalog in held.items() if each not in catalogs}:
        catalogs |= await _brought_up_to_date(connection, outdated, versions)
    if missing := [each for each in distributor_ids if each not in catalogs]:
        catalogs |= await _read(connection, missing, versions)
    _hold(catalogs)
    return catalogs


async def _brought_up_to_date(connection: Connection, outdated: Mapping[UUID, Catalog], versions: Mapping[UUID, int]) -> dict[UUID, Catalog]:
    """Return the catalogs of which it is known what has changed in them, and is little."""
    changes = await index_store.select_changes(connection, {each: catalog.version for each, catalog in outdated.items()})
    told: dict[UUID, set[UUID]] = {}
    for each, catalog in outdated.items():
        by_version = changes.get(each, {})
        if all(version in by_version for version in range(catalog.version + 1, versions.get(each, 0) + 1)):
            told[each] = set().union(*by_version.values())
    if not told:
        return {}
    entries = _by_tenant(await index_store.select_entries_of(connection, told))
    updated = {each: outdated[each].index.changed(entries[each], product_ids) for each, product_ids in told.items()}
    return {each: Catalog(versions[each], index) for each, index in updated.items() if index}


async def _read(connection: Connection, distributor_ids: Collection[UUID], versions: Mapping[UUID, int]) -> dict[UUID, Catalog]:
    entries = await index_store.select_entries(connection, distributor_ids)
    of_tenant = _by_tenant(entries)
    if len(entries) > BUILT_IN_LOOP:
        indexes = await asyncio.to_thread(lambda: {each: Index.of(of_tenant[each]) for each in distributor_ids})
    else:
        indexes = {each: Index.of(of_tenant[each]) for each in distributor_ids}
    log.info("catalogs_read", tenants=len(distributor_ids), products=len(entries))
    return {each: Catalog(versions.get(each, 0), index) for each, index in indexes.items()}


def _by_tenant(entries: Sequence[Entry]) -> defaultdict[UUID, list[Entry]]:
    of_tenant: defaultdict[UUID, list[Entry]] = defaultdict(list)
    for entry in entries:
        of_tenant[entry.distributor_id].append(entry)
    return of_tenant


def _hold(catalogs: Mapping[UUID, Catalog]) -> None:
    for distributor_id, catalog in catalogs.items():
        _held[distributor_id] = catalog
        _held.move_to_end(distributor_id)
    size = sum(catalog.size for catalog in _held.values())
    while size > BYTES_HELD and len(_held) > 1:
        _, let_go = _held.popitem(last=False)
        size -= let_go.size
