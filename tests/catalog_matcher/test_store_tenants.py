"""Every statement of the catalog's other stores keeps to its tenant."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from libs import postgres
from libs.postgres import Pool, Transaction
from schemas.customer_changed import CustomerChanged
from services.catalog_matcher import (
    aliases_store,
    bundles_store,
    categories_store,
    copies,
    imports_store,
    price_lists_store,
    purchases_store,
    store,
    terms_store,
    variants_store,
)
from services.catalog_matcher.bundle import BundleItem, NewBundle
from services.catalog_matcher.category import Category
from services.catalog_matcher.importing.merge import Pack
from services.catalog_matcher.imports_store import Claimed, Progress
from services.catalog_matcher.price_list import NewPriceList, Price
from services.catalog_matcher.product import NewProduct
from services.catalog_matcher.purchases_store import Line
from services.catalog_matcher.variant import NewUnit, NewVariant, VariantType

VICTIM, STRANGER = uuid4(), uuid4()
CUSTOMER, ORDER, LINE_ID, IMPORT = uuid4(), uuid4(), uuid4(), uuid4()
FIRST = UUID(int=0)
NOW = datetime.now(UTC)
LEASE = timedelta(minutes=1)
MILK = NewProduct(id=uuid4(), sku="A", name="Milk", unit="case", unit_price=Decimal(10))
DAIRY = Category(id=uuid4(), name="Dairy")
SMALL = NewVariant(id=uuid4(), product_id=MILK.id, variant_name="Small", variant_type=VariantType.SIZE, sku="A-S", unit_price=Decimal(5))
CASE = NewUnit(id=uuid4(), product_id=MILK.id, unit="case", factor=Decimal(4))
PACK = NewBundle(id=uuid4(), name="Pack", sku="P", items=(BundleItem(product_id=MILK.id, quantity=Decimal(1)),))
PRICES = NewPriceList(id=uuid4(), name="Bars")
PRICE = Price(product_id=MILK.id, unit_price=Decimal(9))
BOUGHT = Line(
    distributor_id=VICTIM,
    order_id=ORDER,
    line_id=LINE_ID,
    customer_id=CUSTOMER,
    order_version=1,
    line_order=1,
    product_id=MILK.id,
    variant_id=None,
    product_name="Milk",
    unit="case",
    quantity=Decimal(2),
    phrase="white",
    phrase_key="white",
    corrected=True,
    rejected_product_id=None,
    ordered_at=NOW,
    told_at=NOW,
)
WHITE = (VICTIM, CUSTOMER, "white")
CLAIMED = Claimed(distributor_id=VICTIM, id=IMPORT, storage_key="k", mapping={}, dry_run=False, rows_done=0, attempt=0)
SENT = {"id": IMPORT, "filename": "f", "storage_key": "k", "sha256": "0", "size_bytes": 1, "mapping": {}, "dry_run": False, "requested_by": uuid4()}
CHANGED = CustomerChanged(
    distributor_id=VICTIM,
    occurred_at=NOW,
    customer_id=CUSTOMER,
    business_name="C",
    customer_code="C",
    language=None,
    address=None,
    delivery_notes=None,
    price_list_id=PRICES.id,
    contacts=(),
)
UNKNOWN = {"distributor_id": VICTIM, "phrase_key": "kohlrabi", "phrase": "Kohlrabi", "times": 1}
PROBLEM = {"row_number": 2, "place": 0, "column_name": "sku", "problem": "is empty"}

Call = Callable[[Transaction, UUID], Awaitable[Any]]

FILL: dict[str, Call] = {
    "upsert_categories": lambda tx, tenant: categories_store.upsert_categories(tx, tenant, [DAIRY]),
    "write_products": lambda tx, tenant: store.write_products(tx, tenant, [MILK]),
    "upsert_variants": lambda tx, tenant: variants_store.upsert_variants(tx, tenant, [SMALL]),
    "upsert_units": lambda tx, tenant: variants_store.upsert_units(tx, tenant, [CASE]),
    "upsert_bundle": lambda tx, tenant: bundles_store.upsert_bundle(tx, tenant, PACK),
    "insert_items": lambda tx, tenant: bundles_store.insert_items(tx, tenant, PACK),
    "upsert_price_list": lambda tx, tenant: price_lists_store.upsert_price_list(tx, tenant, PRICES),
    "upsert_prices": lambda tx, tenant: price_lists_store.upsert_prices(tx, tenant, PRICES.id, [PRICE]),
    "upsert_lines": lambda tx, _: purchases_store.upsert_lines(tx, [BOUGHT]),
    "upsert_learned": lambda tx, _: aliases_store.upsert_learned(tx, [WHITE]),
    "upsert_unmatched": lambda tx, _: aliases_store.upsert_unmatched(tx, [UNKNOWN]),
    "upsert_customer": lambda tx, _: copies.upsert_customer(tx, CHANGED),
    "insert_import": lambda tx, tenant: imports_store.insert_import(tx, tenant, SENT),
    "insert_problems": lambda tx, _: imports_store.insert_problems(tx, CLAIMED, [PROBLEM]),
}
READS: dict[str, Call] = {
    "select_category": lambda tx, tenant: categories_store.select_category(tx, tenant, DAIRY.id),
    "select_categories": lambda tx, tenant: categories_store.select_categories(tx, tenant, FIRST, 9),
    "lock_products_by_sku": lambda tx, tenant: store.lock_products_by_sku(tx, tenant, ["A"]),
    "select_to_export": lambda tx, tenant: store.select_to_export(tx, tenant, "", 9),
    "select_variant": lambda tx, tenant: variants_store.select_variant(tx, tenant, MILK.id, SMALL.id, changing=True),
    "select_variants": lambda tx, tenant: variants_store.select_variants(tx, tenant, MILK.id, FIRST, 9),
    "select_variant_names": lambda tx, tenant: variants_store.select_named(tx, [(tenant, MILK.id)]),
    "select_unit": lambda tx, tenant: variants_store.select_unit(tx, tenant, MILK.id, CASE.id, changing=True),
    "select_units": lambda tx, tenant: variants_store.select_units(tx, tenant, MILK.id, FIRST, 9),
    "select_bundle": lambda tx, tenant: bundles_store.select_bundle(tx, tenant, PACK.id),
    "select_bundles": lambda tx, tenant: bundles_store.select_bundles(tx, tenant, FIRST, 9),
    "select_named_bundles": lambda tx, tenant: terms_store.select_bundles(tx, [tenant], ["pack"]),
    "select_price_list": lambda tx, tenant: price_lists_store.select_price_list(tx, tenant, PRICES.id, changing=True),
    "select_price_lists": lambda tx, tenant: price_lists_store.select_price_lists(tx, tenant, FIRST, 9),
    "select_prices": lambda tx, tenant: price_lists_store.select_prices(tx, tenant, PRICES.id, FIRST, 9),
    "select_offers": lambda tx, tenant: terms_store.select_offers(
        tx, [{"place": 0, "distributor_id": tenant, "customer_id": CUSTOMER, "product_id": MILK.id, "variant_id": None}]
    ),
    "select_order_versions": lambda tx, tenant: purchases_store.select_order_versions(tx, [(tenant, ORDER)]),
    "select_known": lambda tx, tenant: aliases_store.select_known(
        tx, [{"place": 0, "distributor_id": tenant, "customer_id": CUSTOMER, "phrase_key": "white"}]
    ),
    "select_aliases": lambda tx, tenant: aliases_store.select_aliases(tx, tenant, None, FIRST, 9),
    "select_unmatched": lambda tx, tenant: aliases_store.select_unmatched(tx, tenant, NOW - LEASE, 0, 9),
    "select_import": lambda tx, tenant: imports_store.select_import(tx, tenant, IMPORT),
    "select_imports": lambda tx, tenant: imports_store.select_imports(tx, tenant, FIRST, 9),
    "select_problems": lambda tx, tenant: imports_store.select_problems(tx, tenant, IMPORT, 0, 0, 9),
}
OTHER_WRITES: dict[str, Call] = {
    "insert_manual": lambda tx, tenant: aliases_store.insert_manual(tx, tenant, CUSTOMER, "w", "w", MILK.id, None),
    "upsert_packs": lambda tx, tenant: imports_store.upsert_packs(tx, tenant, [Pack(product_id=MILK.id, unit="case", factor=Decimal(6))]),
    "insert_paths": lambda tx, tenant: categories_store.insert_paths(tx, tenant, [None], ["Dry"]),
}
REFUSED_INTO_ANOTHER = FILL | OTHER_WRITES
CHANGES_NOTHING_OF_ANOTHER: dict[str, Call] = {
    "delete_category": lambda tx, tenant: categories_store.delete_category(tx, tenant, DAIRY.id),
    "delete_variant": lambda tx, tenant: variants_store.delete_variant(tx, tenant, SMALL.id),
    "delete_unit": lambda tx, tenant: variants_store.delete_unit(tx, tenant, CASE.id),
    "delete_items": lambda tx, tenant: bundles_store.delete_items(tx, tenant, PACK.id),
    "delete_bundle": lambda tx, tenant: bundles_store.delete_bundle(tx, tenant, PACK.id),
    "delete_price_list": lambda tx, tenant: price_lists_store.delete_price_list(tx, tenant, PRICES.id),
    "delete_lines_of": lambda tx, tenant: purchases_store.delete_lines_of(tx, [{"distributor_id": tenant, "order_id": ORDER, "line_ids": []}]),
    "update_corrections": lambda tx, _: purchases_store.update_corrections(tx, [BOUGHT]),
    "delete_purchases": lambda tx, tenant: purchases_store.delete_customer(tx, tenant, CUSTOMER),
    "delete_aliases": lambda tx, tenant: aliases_store.delete_customer(tx, tenant, CUSTOMER),
    "delete_unsaid": lambda tx, _: aliases_store.delete_unsaid(tx, [WHITE]),
    "delete_unmatched": lambda tx, tenant: aliases_store.delete_unmatched(tx, tenant, "kohlrabi"),
    "delete_copy": lambda tx, tenant: copies.delete_customer(tx, tenant, CUSTOMER),
    "update_columns": lambda tx, _: imports_store.update_columns(tx, CLAIMED, ["sku"], 7),
    "update_progress": lambda tx, _: imports_store.update_progress(tx, CLAIMED, Progress(rows_done=7), LEASE),
    "update_finished": lambda tx, _: imports_store.update_finished(tx, CLAIMED, None),
    "update_to_retry": lambda tx, _: imports_store.update_to_retry(tx, CLAIMED, LEASE),
}
TABLES = (
    "product_categories",
    "product_units",
    "product_variants",
    "product_bundles",
    "product_bundle_items",
    "price_lists",
    "price_list_items",
    "customers",
    "customer_purchases",
    "customer_product_aliases",
    "unmatched_phrases",
    "product_imports",
    "product_import_problems",
)


@pytest.fixture
async def filled(pool: Pool) -> Pool:
    """A pool on a database that holds one of everything of the victim's."""
    async with postgres.tenant_transaction(pool, [VICTIM]) as tx:
        for fill in FILL.values():
            await fill(tx, VICTIM)
    return pool


async def rows_of_victim(pool: Pool) -> dict[str, list[tuple[Any, ...]]]:
    async with postgres.tenant_transaction(pool, [VICTIM]) as tx:
        return {table: [tuple(row) for row in await tx.fetch(f"select * from {table} order by 1, 2")] for table in TABLES}


async def test_a_read_finds_what_its_tenant_has_and_nothing_for_another(filled: Pool) -> None:
    for name, read in READS.items():
        async with postgres.tenant_transaction(filled, [VICTIM]) as tx:
            assert await read(tx, VICTIM), name
        async with postgres.tenant_transaction(filled, [STRANGER]) as tx:
            assert not await read(tx, VICTIM), name
            assert not await read(tx, STRANGER), name


async def test_a_customers_purchases_are_found_by_their_tenant_alone(filled: Pool) -> None:
    async with postgres.tenant_transaction(filled, [VICTIM]) as tx:
        assert len((await purchases_store.select_purchases(tx, [(VICTIM, CUSTOMER)]))[CUSTOMER]) == 1
    async with postgres.tenant_transaction(filled, [STRANGER]) as tx:
        for tenant in (VICTIM, STRANGER):
            assert (await purchases_store.select_purchases(tx, [(tenant, CUSTOMER)]))[CUSTOMER] == []


async def test_a_write_into_another_tenant_is_refused(filled: Pool) -> None:
    before = await rows_of_victim(filled)
    for name, write in REFUSED_INTO_ANOTHER.items():
        try:
            async with postgres.tenant_transaction(filled, [STRANGER]) as tx:
                await write(tx, VICTIM)
        except asyncpg.InsufficientPrivilegeError:
            continue
        assert name == "upsert_learned", f"{name}: not refused; only what finds no purchases has nothing to write"
    assert await rows_of_victim(filled) == before


@pytest.mark.parametrize("change", CHANGES_NOTHING_OF_ANOTHER.values(), ids=CHANGES_NOTHING_OF_ANOTHER)
async def test_a_change_does_not_reach_another_tenant(filled: Pool, change: Call) -> None:
    before = await rows_of_victim(filled)
    async with postgres.tenant_transaction(filled, [STRANGER]) as tx:
        assert not await change(tx, VICTIM)
        assert not await change(tx, STRANGER)

    assert await rows_of_victim(filled) == before


async def test_what_a_price_or_an_alias_is_deleted_by_is_the_tenant_too(filled: Pool) -> None:
    async with postgres.tenant_transaction(filled, [VICTIM]) as tx:
        [price] = await price_lists_store.select_prices(tx, VICTIM, PRICES.id, FIRST, 9)
        [alias] = await aliases_store.select_aliases(tx, VICTIM, None, FIRST, 9)
    for actor, gone in ((STRANGER, False), (VICTIM, True)):
        async with postgres.tenant_transaction(filled, [actor]) as tx:
            assert await price_lists_store.delete_price(tx, VICTIM, PRICES.id, price.id) is gone
            assert await aliases_store.delete_alias(tx, VICTIM, alias.id) is gone
