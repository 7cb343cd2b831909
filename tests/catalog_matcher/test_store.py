"""Every statement keeps to its tenant; products and categories keep their rules."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from libs import postgres
from libs.postgres import Pool, Transaction
from libs.refused import Conflict
from services.catalog_matcher import categories_store, store
from services.catalog_matcher.category import Category
from services.catalog_matcher.product import NewProduct
from services.catalog_matcher.store import CategoryUnknown, SkuTaken

VICTIM, STRANGER = uuid4(), uuid4()
DAIRY = Category(id=uuid4(), name="Dairy")
MILK = NewProduct(id=uuid4(), sku="HF-1", name="Whole Milk", unit="case", unit_price=Decimal("17.90"), category_id=DAIRY.id, aliases=("milk",))

Call = Callable[[Transaction, UUID], Awaitable[Any]]


@pytest.fixture
async def filled(pool: Pool) -> Pool:
    """A pool on a database that holds the victim's catalog."""
    async with postgres.tenant_transaction(pool, [VICTIM]) as tx:
        await categories_store.upsert_categories(tx, VICTIM, [DAIRY])
        await store.upsert_products(tx, VICTIM, [MILK])
    return pool


READS: dict[str, Call] = {
    "select_versions": lambda tx, tenant: store.select_versions(tx, [tenant]),
    "lock_product": lambda tx, tenant: store.lock_product(tx, tenant, MILK.id),
    "select_changed": lambda tx, tenant: store.select_changed(tx, tenant, [MILK.id]),
    "select_named": store.select_named,
    "select_product": lambda tx, tenant: store.select_product(tx, tenant, MILK.id),
    "select_products": lambda tx, tenant: store.select_products(tx, tenant, None, "", 10),
}
WRITES: dict[str, Call] = {
    "upsert_products": lambda tx, tenant: store.upsert_products(tx, tenant, [MILK.model_copy(update={"name": "Stolen"})]),
    "upsert_categories": lambda tx, tenant: categories_store.upsert_categories(tx, tenant, [DAIRY.model_copy(update={"name": "Stolen"})]),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_a_read_finds_what_its_tenant_has_and_nothing_for_another(filled: Pool, read: Call) -> None:
    async with postgres.tenant_transaction(filled, [VICTIM]) as tx:
        assert await read(tx, VICTIM)
    async with postgres.tenant_transaction(filled, [STRANGER]) as tx:
        assert not await read(tx, VICTIM)
        assert not await read(tx, STRANGER)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_a_write_into_another_tenant_is_refused(filled: Pool, write: Call) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with postgres.tenant_transaction(filled, [STRANGER]) as tx:
            await write(tx, VICTIM)
    async with postgres.tenant_transaction(filled, [VICTIM]) as tx:
        assert await write(tx, VICTIM)


async def test_a_product_is_read_as_it_was_written(filled: Pool) -> None:
    whole = MILK.model_copy(
        update={
            "id": uuid4(),
            "sku": "HF-2",
            "unit_price": Decimal("0.0001"),
            "stock_quantity": Decimal("12.500"),
            "maximum_order_quantity": Decimal(60),
            "seasonal_patterns": ({"months": [6, 7]},),
            "description": 'Quotes " and \\ and 牛乳',
        }
    )
    async with postgres.tenant_transaction(filled, [VICTIM]) as tx:
        [stored] = await store.upsert_products(tx, VICTIM, [whole])
        read = await store.select_product(tx, VICTIM, whole.id)

    assert read == stored
    assert stored.model_dump(include=set(NewProduct.model_fields)) == whole.model_dump()


async def test_a_product_written_again_unchanged_is_not_a_change(filled: Pool) -> None:
    async with postgres.tenant_transaction(filled, [VICTIM]) as tx:
        before = await store.select_versions(tx, [VICTIM])
        assert await store.upsert_products(tx, VICTIM, [MILK]) == []
        assert await categories_store.upsert_categories(tx, VICTIM, [DAIRY]) == 0
        [changed] = await store.upsert_products(tx, VICTIM, [MILK.model_copy(update={"unit_price": Decimal(18)})])
        after = await store.select_versions(tx, [VICTIM])

    assert changed.unit_price == 18
    assert after[VICTIM] > before[VICTIM]


async def test_a_sku_belongs_to_one_product_of_a_tenant(filled: Pool) -> None:
    async with postgres.tenant_transaction(filled, [STRANGER]) as tx:
        await store.upsert_products(tx, STRANGER, [MILK.model_copy(update={"category_id": None})])
    with pytest.raises(SkuTaken):
        async with postgres.tenant_transaction(filled, [VICTIM]) as tx:
            await store.upsert_products(tx, VICTIM, [MILK.model_copy(update={"id": uuid4()})])


async def test_a_product_cannot_stand_in_another_tenants_category(filled: Pool) -> None:
    with pytest.raises(CategoryUnknown):
        async with postgres.tenant_transaction(filled, [STRANGER]) as tx:
            await store.upsert_products(tx, STRANGER, [MILK])


async def test_a_category_cannot_stand_below_itself(filled: Pool) -> None:
    milk, skim = Category(id=uuid4(), name="Milk", parent_category_id=DAIRY.id), uuid4()
    async with postgres.tenant_transaction(filled, [VICTIM]) as tx:
        await categories_store.upsert_categories(tx, VICTIM, [milk])
        await categories_store.upsert_categories(tx, VICTIM, [Category(id=skim, name="Skim", parent_category_id=milk.id)])
    for parent in (DAIRY.id, milk.id, skim):
        with pytest.raises(Conflict, match="below itself"):
            async with postgres.tenant_transaction(filled, [VICTIM]) as tx:
                await categories_store.upsert_categories(tx, VICTIM, [DAIRY.model_copy(update={"parent_category_id": parent})])


async def test_a_category_without_its_parent_is_refused(filled: Pool) -> None:
    with pytest.raises(CategoryUnknown):
        async with postgres.tenant_transaction(filled, [STRANGER]) as tx:
            await categories_store.upsert_categories(tx, STRANGER, [Category(id=uuid4(), name="Milk", parent_category_id=DAIRY.id)])
