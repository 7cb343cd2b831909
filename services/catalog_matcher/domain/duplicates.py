"""Products of a catalog that look like one and the same."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from uuid import UUID

from rapidfuzz import fuzz

from services.catalog_matcher.domain.phrases import phrase_key

ALIKE = 92.0
"""Of 100: names from here on differ by a letter or two, or by the order of their words."""
RAREST_WORDS = 2
LARGEST_GROUP = 60
"""Products that share a word; more of them share it because it says little."""


class Reason(StrEnum):
    """What two products share."""

    SAME_GTIN = "SAME_GTIN"
    SAME_NAME = "SAME_NAME"
    SIMILAR_NAME = "SIMILAR_NAME"


@dataclass(frozen=True, slots=True)
class Named:
    """A product with what tells it apart."""

    product_id: UUID
    sku: str
    name: str
    gtins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two products that may be one; `likeness` is that of their names, 0 to 1."""

    one: Named
    other: Named
    reason: Reason
    likeness: float


def find(products: Sequence[Named], limit: int) -> list[Pair]:
    """Return the pairs that may be one product, the surest first. Names whose numbers differ (1 %, 2 %) are of different products."""
    found: dict[frozenset[UUID], Pair] = {}
    for pair in (*_by_gtin(products), *_by_name(products)):
        found.setdefault(frozenset((pair.one.product_id, pair.other.product_id)), pair)
    order = list(Reason)
    return sorted(found.values(), key=lambda pair: (order.index(pair.reason), -pair.likeness, pair.one.sku, pair.other.sku))[:limit]


def _by_gtin(products: Sequence[Named]) -> Iterator[Pair]:
    groups: dict[str, dict[UUID, Named]] = defaultdict(dict)
    for product in products:
        for gtin in product.gtins:
            groups[gtin.zfill(14)][product.product_id] = product
    for group in groups.values():
        for one, other in combinations(list(group.values())[:LARGEST_GROUP], 2):
            yield Pair(one, other, Reason.SAME_GTIN, round(fuzz.token_sort_ratio(one.name, other.name) / 100, 3))


def _by_name(products: Sequence[Named]) -> Iterator[Pair]:
    """Compare only products that share one of their rarest words: others are not alike enough."""
    keys = {product.product_id: " ".join(sorted(phrase_key(product.name).split())) for product in products}
    how_many = Counter(word for key in keys.values() for word in set(key.split()))
    groups: dict[str, list[Named]] = defaultdict(list)
    for product in products:
        words = sorted(set(keys[product.product_id].split()), key=lambda word: (how_many[word], word))
        for word in [each for each in words if how_many[each] > 1][:RAREST_WORDS]:
            groups[word].append(product)
    for group in groups.values():
        for one, other in combinations(group[:LARGEST_GROUP], 2):
            if (likeness := _likeness(keys[one.product_id], keys[other.product_id])) >= ALIKE:
                yield Pair(one, other, Reason.SAME_NAME if likeness == 100 else Reason.SIMILAR_NAME, round(likeness / 100, 3))  # noqa: PLR2004


def _likeness(one: str, other: str) -> float:
    return 0.0 if _numbers(one) != _numbers(other) else fuzz.ratio(one, other, score_cutoff=ALIKE)


def _numbers(key: str) -> tuple[str, ...]:
    return tuple(word for word in key.split() if any(each.isdigit() for each in word))
