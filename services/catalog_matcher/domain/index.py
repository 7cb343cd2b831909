"""A tenant's catalog in memory: what stood in it when it was read, and what has changed since."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from schemas.match import Product
from services.catalog_matcher.domain.normalise import Phrase
from services.catalog_matcher.domain.segment import Called, Entry, Segment

REBUILT_ABOVE, SHARE_REBUILT_ABOVE = 500, 0.05
"""Changed products, and their share of all, that are kept beside an index; with more of them it is worth building anew."""


@dataclass(frozen=True, slots=True)
class Part:
    """A segment, and which of its namings have gone or stand in a newer segment."""

    segment: Segment
    gone: NDArray[np.int32] | None = None
    lost: frozenset[UUID] = frozenset()

    def exactly(self, text: str, phrase: Phrase) -> dict[int, Called]:
        """Return the places of the products that are called just this, and what the phrase is to each."""
        found = self.segment.exactly(text, phrase)
        return {place: called for place, called in found.items() if self.segment.product_id(place) not in self.lost} if self.lost else found


@dataclass(frozen=True, slots=True)
class Index:
    """The products of one tenant, by every name they have. Never changes: `changed` gives the next one."""

    main: Segment
    gone: NDArray[np.int32]
    """Namings of `main`."""
    lost: frozenset[UUID] = frozenset()
    """Products of `main` that have changed or gone."""
    fresh: Segment | None = None
    newer: dict[UUID, Entry] = field(default_factory=dict[UUID, Entry])

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> "Index":
        """Build an index of these products alone."""
        main = Segment(entries)
        return cls(main, np.empty(0, np.int32))

    @property
    def parts(self) -> Iterator[Part]:
        """The segments to be searched."""
        yield Part(self.main, self.gone if len(self.gone) else None, self.lost)
        if self.fresh:
            yield Part(self.fresh)

    def product_of(self, product_id: UUID) -> Product | None:
        """Return a product that is offered."""
        if newer := self.newer.get(product_id):
            return newer.product
        if product_id in self.lost:
            return None
        places = self.main.places_of(product_id)
        return self.main.product(places[0]) if places else None

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        return self.main.size + (self.fresh.size if self.fresh else 0) + self.gone.nbytes

    def changed(self, entries: Collection[Entry], product_ids: Collection[UUID]) -> "Index | None":
        """Return the index after a change of `product_ids`, of which `entries` are offered now; None where it should be built anew."""
        newer = {number: entry for number, entry in self.newer.items() if number not in product_ids}
        newer |= {entry.product.product_id: entry for entry in entries}
        if len(newer) > max(REBUILT_ABOVE, SHARE_REBUILT_ABOVE * len(self.main)):
            return None
        places = [place for number in product_ids for place in self.main.places_of(number)]
        namings = [naming for place in places for naming in self.main.namings_of(place)]
        gone = np.union1d(self.gone, np.array(namings, np.int32)) if namings else self.gone
        return Index(self.main, gone, self.lost.union(product_ids), Segment(list(newer.values()), self.main) if newer else None, newer)
