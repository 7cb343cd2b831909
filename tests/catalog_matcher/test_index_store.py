"""What indexes are built of: each statement keeps to its tenant, and changes are told one by one."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs import postgres
from libs.postgres import Pool, Transaction
from services.catalog_matcher import categories_store, index_store
from services.catalog_matcher.category import Category
from tests.catalog_matcher.conftest import AddProduct

VICTIM, STRANGER = uuid4(), uuid4()
DAIRY = Category(id=uuid4(), name="Dairy", ai_keywords=("fridge",))
Call = Callable[[Transaction, UUID, UUID], Awaitable[Any]]
READS: dict[str, Call] = {
    "select_entries": lambda tx, tenant, _: index_store.select_entries(tx, [tenant]),
    "select_entries_of": lambda tx, tenant, product_id: index_store.select_entries_of(tx, {tenant: [product_id]}),
    "select_changes": lambda tx, tenant, _: index_store.select_changes(tx, {tenant: 0}),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_a_read_finds_what_its_tenant_has_and_nothing_for_another(pool: Pool, add_product: AddProduct, read: Call) -> None:
    milk = await add_product(VICTIM, "HF-1", "Whole Milk")
    async with postgres.tenant_transaction(pool, [VICTIM]) as tx:
        assert await read(tx, VICTIM, milk.id)
    async with postgres.tenant_transaction(pool, [STRANGER]) as tx:
        assert not await read(tx, VICTIM, milk.id)
        assert not await read(tx, STRANGER, milk.id)


async def test_an_entry_has_all_that_customers_may_say(pool: Pool, add_product: AddProduct) -> None:
    async with postgres.tenant_transaction(pool, [VICTIM]) as tx:
        await categories_store.upsert_categories(tx, VICTIM, [DAIRY])
    await add_product(
        VICTIM, "HF-1", "Whole Milk", category_id=DAIRY.id, brand="Meadow", keywords=("breakfast",), aliases=("milk",),
        common_misspellings=("mlik",), ai_training_examples=("the usual milk",), in_stock=False,
    )  # fmt: skip
    async with postgres.tenant_transaction(pool, [VICTIM]) as tx:
        [entry] = await index_store.select_entries(tx, [VICTIM])
    assert (entry.aliases, entry.misspellings, entry.examples, entry.in_stock) == (("milk",), ("mlik",), ("the usual milk",), False)
    assert set(entry.beside) == {"Meadow", "Dairy", "fridge", "breakfast"}


async def test_each_change_is_told_under_its_version_also_that_a_product_goes(pool: Pool, add_product: AddProduct) -> None:
    tenant = uuid4()
    milk = await add_product(tenant, "HF-1", "Whole Milk")
    oats = await add_product(tenant, "HF-2", "Oat Milk")
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute("delete from products where distributor_id = $1 and id = $2", tenant, milk.id)
        assert await index_store.select_changes(tx, {tenant: 0}) == {tenant: {1: {milk.id}, 2: {oats.id}, 3: {milk.id}}}
        assert await index_store.select_changes(tx, {tenant: 2}) == {tenant: {3: {milk.id}}}


async def test_a_change_of_very_many_products_is_not_told_one_by_one(pool: Pool) -> None:
    tenant = uuid4()
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute(
            "insert into products (distributor_id, sku, name, unit, unit_price) select $1, n::text, 'Milk', 'case', 1 from generate_series(1, 501) n",
            tenant,
        )
        assert await index_store.select_changes(tx, {tenant: 0}) == {}
