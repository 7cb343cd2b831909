"""An index follows its catalog, and holds nothing of another's."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs import postgres
from libs.postgres import Pool
from schemas.match import Match, Product
from services.catalog_matcher import catalogs
from services.catalog_matcher.domain.index import Index
from services.catalog_matcher.domain.matching import match
from services.catalog_matcher.domain.segment import Entry
from tests.catalog_matcher.conftest import AddProduct

WORDS = ["milk", "whole", "oat", "2%", "16/20", "shrimp", "1 l", "cups", "tomato", "chkn", "brst", "zucchini", "leche", "Ñame", "KX-14", "w/o", "&"]


def entry(name: str, tenant: UUID | None = None, product_id: UUID | None = None) -> Entry:
    number = product_id or uuid4()
    product = Product(product_id=number, sku=f"S{number.hex[:8]}", name=name, unit="case", unit_price=Decimal(1))
    return Entry(distributor_id=tenant or uuid4(), product=product)


def named(found: Match) -> set[UUID]:
    return {candidate.product.product_id for candidate in found.alternatives} | ({found.product.product_id} if found.product else set())


names = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)


@settings(max_examples=1_000, deadline=None)
@given(st.lists(names, max_size=6), st.lists(names, max_size=6), st.lists(names, min_size=1, max_size=4))
def test_nothing_of_another_tenant_is_ever_found(ours: Sequence[str], theirs: Sequence[str], phrases: Sequence[str]) -> None:
    own, other = [entry(name) for name in ours], [entry(name) for name in theirs]
    index, foreign = Index.of(own), Index.of(other)
    for phrase in phrases:
        match(foreign, phrase)
        assert named(match(index, phrase)) <= {each.product.product_id for each in own}
        assert named(match(foreign, phrase)) <= {each.product.product_id for each in other}


@settings(max_examples=200, deadline=None)
@given(st.lists(names, min_size=1, max_size=6), st.data())
def test_a_changed_index_offers_what_stands_in_the_catalog_and_nothing_else(first: Sequence[str], data: st.DataObject) -> None:
    standing = {each.product.product_id: each for each in map(entry, first)}
    index = Index.of(list(standing.values()))
    for name in data.draw(st.lists(names, max_size=4)):
        touched = data.draw(st.sampled_from([*standing, uuid4()]))
        standing.pop(touched, None)
        now = [entry(name, product_id=touched)] if data.draw(st.booleans()) else []
        standing |= {each.product.product_id: each for each in now}
        changed = index.changed(now, {touched})
        assert changed
        index = changed
        if not standing:
            break
    for each in standing.values():
        found = match(index, each.product.sku)
        assert found.product == each.product
    assert named(match(index, " ".join(first)[:100])) <= set(standing)


def test_with_very_many_changes_an_index_is_built_anew() -> None:
    index = Index.of([entry("Whole Milk")])
    many = [entry(f"Milk {number}") for number in range(501)]
    assert index.changed(many, {each.product.product_id for each in many}) is None


async def test_a_changed_product_is_found_though_only_it_is_read(pool: Pool, add_product: AddProduct, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = uuid4()
    milk = await add_product(tenant, "HF-1", "Whole Milk")
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        first = (await catalogs.current(tx, [tenant]))[tenant]
    await add_product(tenant, "HF-1", "Oat Drink", id=milk.id)
    await add_product(tenant, "HF-2", "Heavy Cream")

    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        second = (await catalogs.current(tx, [tenant]))[tenant]

    assert second.index.main is first.index.main
    found = [second.match(phrase).product for phrase in ("oat drink", "heavy cream")]
    assert [product.name for product in found if product] == ["Oat Drink", "Heavy Cream"]
    assert second.match("whole milk").product is None


async def test_indexes_are_let_go_above_their_budget_and_built_again(pool: Pool, add_product: AddProduct, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = uuid4(), uuid4()
    for tenant in (one, other):
        await add_product(tenant, "HF-1", "Whole Milk")
    monkeypatch.setattr(catalogs, "BYTES_HELD", 1)
    async with postgres.tenant_transaction(pool, [one, other]) as tx:
        first = (await catalogs.current(tx, [one]))[one]
        await catalogs.current(tx, [other])
        again = (await catalogs.current(tx, [one]))[one]
    assert again is not first
    assert again.match("whole milk") == first.match("whole milk")
