"""What the indexes in memory are built of. One statement a function."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from asyncpg import Record

from libs.postgres import Connection
from schemas.match import Product
from services.catalog_matcher.domain.segment import Entry

DESCRIBED = 200
"""Characters of a description that are looked at."""
READABLE = """
    p.distributor_id, p.id, p.sku, p.name, p.unit, p.unit_price, p.aliases, p.common_misspellings, p.ai_training_examples, p.keywords, p.brand,
    p.category, p.description, p.size_variants, p.in_stock, c.name as category_name, c.ai_keywords as category_keywords
"""


async def select_entries(connection: Connection, distributor_ids: Iterable[UUID]) -> Sequence[Entry]:
    """Return every product that these tenants offer, with all that customers call it."""
    rows = await connection.fetch(
        f"""
        select {READABLE}
          from products p left join product_categories c on c.distributor_id = p.distributor_id and c.id = p.category_id
         where p.distributor_id = any($1::uuid[]) and p.active
         order by p.distributor_id, p.sku
        """,  # noqa: S608 - column names of ours
        list(distributor_ids),
    )
    return [_entry(row) for row in rows]


async def select_entries_of(connection: Connection, products: Mapping[UUID, Iterable[UUID]]) -> Sequence[Entry]:
    """Return those of these products, by tenant, that are offered."""
    pairs = [(distributor_id, product_id) for distributor_id, product_ids in products.items() for product_id in product_ids]
    rows = await connection.fetch(
        f"""
        select {READABLE}
          from unnest($1::uuid[], $2::uuid[]) as wanted (distributor_id, id)
               join products p on p.distributor_id = wanted.distributor_id and p.id = wanted.id
               left join product_categories c on c.distributor_id = p.distributor_id and c.id = p.category_id
         where p.active
        """,  # noqa: S608 - column names of ours
        [distributor_id for distributor_id, _ in pairs],
        [product_id for _, product_id in pairs],
    )
    return [_entry(row) for row in rows]


async def select_changes(connection: Connection, versions: Mapping[UUID, int]) -> dict[UUID, dict[int, set[UUID]]]:
    """Return by tenant and version which products have changed since the versions given."""
    rows = await connection.fetch(
        """
        select c.distributor_id, c.version, c.product_id
          from unnest($1::uuid[], $2::bigint[]) as held (distributor_id, version)
               join catalog_changes c on c.distributor_id = held.distributor_id and c.version > held.version
        """,
        list(versions),
        list(versions.values()),
    )
    changes: dict[UUID, dict[int, set[UUID]]] = {}
    for row in rows:
        changes.setdefault(row["distributor_id"], defaultdict(set))[row["version"]].add(row["product_id"])
    return changes


def _entry(row: Record) -> Entry:
    category = (row["category_name"] or row["category"], *(row["category_keywords"] or ()))
    beside = (row["brand"], *category, *row["keywords"], (row["description"] or "")[:DESCRIBED], *_of_variants(row["size_variants"]))
    return Entry(
        distributor_id=row["distributor_id"],
        product=Product(product_id=row["id"], sku=row["sku"], name=row["name"], unit=row["unit"], unit_price=row["unit_price"]),
        aliases=tuple(row["aliases"]),
        misspellings=tuple(row["common_misspellings"]),
        examples=tuple(row["ai_training_examples"]),
        beside=tuple(text for text in beside if text),
        in_stock=row["in_stock"],
    )


def _of_variants(variants: Iterable[Any]) -> Iterable[str]:
    """What a product's variants are called."""
    for variant in variants:
        if isinstance(variant, dict):
            named: Any = variant
            yield from (str(named[key]) for key in ("name", "size", "variant_name") if named.get(key))
            yield from (str(alias) for alias in named.get("aliases") or ())
