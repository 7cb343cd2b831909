"""Orders teach: what was corrected is found first the next time, for that customer, and for all only when several agree."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from libs import postgres
from libs.postgres import Pool
from schemas.analysis import Line
from schemas.match import Match, MatchedLine, MatchingMethod
from schemas.order_cancelled import OrderCancelled
from services.catalog_matcher import aliases_store
from services.catalog_matcher.__main__ import CONSUMES
from services.catalog_matcher.aliases_store import Alias
from services.catalog_matcher.domain.phrases import phrase_key
from services.catalog_matcher.match_lines import Wanted, match_lines
from services.catalog_matcher.product import NewProduct
from tests.catalog_matcher.conftest import AddProduct
from tests.catalog_matcher.making import NOW, confirmed, corrected, ordered
from tests.consuming import arrived, consume

SERVICE = "catalog_matcher"
CUSTOMERS = 200
PRODUCTS = 60
TWICE = 2


class Shop:
    """A tenant, its customers, and what their words match."""

    def __init__(self, pool: Pool, tenant: UUID) -> None:
        self.pool, self.tenant = pool, tenant

    async def match(self, customer: UUID | None, *phrases: str) -> list[Match]:
        [found] = await self._match([(customer, phrases)])
        return [line.match for line in found]

    async def match_all(self, asked: Sequence[tuple[UUID, str]]) -> list[Match]:
        return [lines[0].match for lines in await self._match([(customer, (phrase,)) for customer, phrase in asked])]

    async def _match(self, asked: Sequence[tuple[UUID | None, Sequence[str]]]) -> list[tuple[MatchedLine, ...]]:
        messages = [
            Wanted(distributor_id=self.tenant, customer_id=customer, lines=tuple(Line(product=phrase) for phrase in phrases), sent_at=NOW)
            for customer, phrases in asked
        ]
        async with postgres.tenant_transaction(self.pool, [self.tenant]) as tx:
            return [found.lines for found in await match_lines(tx, messages)]

    async def correct(self, customer: UUID, phrase: str, was: NewProduct | None, now: NewProduct) -> None:
        await consume(self.pool, SERVICE, CONSUMES, corrected(self.tenant, customer, [ordered(was, phrase)], [ordered(now, phrase)]))

    async def aliases(self, customer: UUID) -> list[Alias]:
        async with postgres.tenant_transaction(self.pool, [self.tenant]) as tx:
            return list(await aliases_store.select_aliases(tx, self.tenant, customer, UUID(int=0), 100))


def of(match: Match) -> tuple[MatchingMethod, UUID | None]:
    return match.method, match.product.product_id if match.product else None


@pytest.fixture
def shop(pool: Pool) -> Shop:
    """A tenant without products."""
    return Shop(pool, uuid4())


async def test_a_correction_is_found_first_the_next_time_by_that_customer_alone(shop: Shop, add_product: AddProduct) -> None:
    whole, oat = await add_product(shop.tenant, "A", "Whole Milk", aliases=("milk",)), await add_product(shop.tenant, "B", "Oat Drink")
    one, other = uuid4(), uuid4()
    before = await shop.match(other, "milk")

    await shop.correct(one, "milk", whole, oat)

    [mine] = await shop.match(one, "the MILK")
    assert of(mine) == (MatchingMethod.LEARNED, oat.id)
    assert await shop.match(other, "milk") == before
    assert of(before[0]) == (MatchingMethod.EXACT_MATCH, whole.id)


async def test_a_name_that_was_confirmed_counts_from_the_second_order_on(shop: Shop, add_product: AddProduct) -> None:
    oat, customer = await add_product(shop.tenant, "B", "Oat Drink"), uuid4()
    seen: list[MatchingMethod] = []
    for _ in range(TWICE):
        await consume(shop.pool, SERVICE, CONSUMES, confirmed(shop.tenant, customer, ordered(oat, "moo free")))
        seen.append((await shop.match(customer, "moo free"))[0].method)

    assert seen == [MatchingMethod.UNMATCHED, MatchingMethod.LEARNED]


async def test_what_the_catalog_calls_so_anyway_teaches_nothing(shop: Shop, add_product: AddProduct) -> None:
    milk, customer = await add_product(shop.tenant, "A", "Whole Milk"), uuid4()
    exact = ordered(milk, "milk whole", matching_method=MatchingMethod.EXACT_MATCH)

    await consume(shop.pool, SERVICE, CONSUMES, confirmed(shop.tenant, customer, exact, ordered(milk, "Whole Milk", line=2)))

    assert await shop.aliases(customer) == []


async def test_the_tenant_learns_when_three_customers_agree(shop: Shop, add_product: AddProduct) -> None:
    whole, oat = await add_product(shop.tenant, "A", "Whole Milk"), await add_product(shop.tenant, "B", "Oat Drink")
    stranger, seen = uuid4(), list[MatchingMethod]()
    for _ in range(3):
        await shop.correct(uuid4(), "barista", whole, oat)
        await shop.correct(uuid4(), "whole milk", None, oat)
        seen.append((await shop.match(stranger, "barista"))[0].method)

    assert seen == [MatchingMethod.UNMATCHED, MatchingMethod.UNMATCHED, MatchingMethod.LEARNED]
    assert of((await shop.match(stranger, "barista"))[0]) == (MatchingMethod.LEARNED, oat.id)
    assert of((await shop.match(stranger, "whole milk"))[0]) == (MatchingMethod.EXACT_MATCH, whole.id), "the catalog itself says so"


async def test_the_tenant_does_not_learn_what_customers_do_not_agree_on(shop: Shop, add_product: AddProduct) -> None:
    first, second = await add_product(shop.tenant, "A", "Whole Milk"), await add_product(shop.tenant, "B", "Oat Drink")
    for product in (first, first, first, second, second):
        await shop.correct(uuid4(), "the white stuff", None, product)

    assert (await shop.match(uuid4(), "the white stuff"))[0].method is MatchingMethod.UNMATCHED


async def test_a_rejected_name_fades_and_the_newer_correction_holds(shop: Shop, add_product: AddProduct) -> None:
    first, second = await add_product(shop.tenant, "A", "Whole Milk"), await add_product(shop.tenant, "B", "Oat Drink")
    customer = uuid4()
    await shop.correct(customer, "white", None, first)
    await consume(shop.pool, SERVICE, CONSUMES, confirmed(shop.tenant, customer, ordered(first, "white"), days_ago=1))

    order = confirmed(shop.tenant, customer, ordered(first, "white"), occurred_at=NOW.replace(year=NOW.year + 1))
    told = order.model_dump() | {"version": 2, "lines": [ordered(second, "white")], "previous_lines": order.lines, "corrected_by": uuid4()}
    await consume(shop.pool, SERVICE, CONSUMES, order, arrived(type(corrected(shop.tenant, customer, [], [])).model_validate(told)))

    assert of((await shop.match(customer, "white"))[0]) == (MatchingMethod.LEARNED, second.id)
    by_product = {alias.product_id: alias for alias in await shop.aliases(customer)}
    assert (by_product[first.id].times_confirmed, by_product[first.id].times_rejected) == (2, 1)
    assert (by_product[second.id].times_confirmed, by_product[second.id].times_rejected) == (1, 0)


@pytest.mark.parametrize("in_order", [True, False])
async def test_an_order_counts_once_in_whatever_order_it_is_told_of(shop: Shop, add_product: AddProduct, in_order: bool) -> None:
    first, second = await add_product(shop.tenant, "A", "Whole Milk"), await add_product(shop.tenant, "B", "Oat Drink")
    customer, order_id = uuid4(), uuid4()
    events = [
        confirmed(shop.tenant, customer, ordered(first, "white", quantity=2), order_id=order_id),
        corrected(shop.tenant, customer, [ordered(first, "white", quantity=2)], [ordered(second, "white", quantity=3)], order_id=order_id),
        confirmed(shop.tenant, customer, ordered(second, "white", quantity=4), version=3, order_id=order_id),
    ]

    for event in events if in_order else reversed(events):
        await consume(shop.pool, SERVICE, CONSUMES, event)
        await consume(shop.pool, SERVICE, CONSUMES, event)

    [rejected, right] = sorted(await shop.aliases(customer), key=lambda alias: alias.times_confirmed)
    assert (rejected.product_id, rejected.times_confirmed, rejected.times_rejected) == (first.id, 0, 1)
    assert (right.product_id, right.times_confirmed, right.times_rejected, right.source) == (second.id, 1, 0, "CORRECTION")
    async with postgres.tenant_transaction(shop.pool, [shop.tenant]) as tx:
        rows = await tx.fetch("select product_id, quantity, order_version from customer_purchases")
    assert [tuple(row) for row in rows] == [(second.id, Decimal(4), 3)]


async def test_a_line_that_a_person_took_out_was_not_bought(shop: Shop, add_product: AddProduct) -> None:
    milk, tea = await add_product(shop.tenant, "A", "Whole Milk"), await add_product(shop.tenant, "B", "Tea")
    customer, order_id = uuid4(), uuid4()
    lines = [ordered(milk, "white"), ordered(tea, "brown", line=2)]

    await consume(shop.pool, SERVICE, CONSUMES, confirmed(shop.tenant, customer, *lines, order_id=order_id))
    await consume(shop.pool, SERVICE, CONSUMES, corrected(shop.tenant, customer, lines, lines[:1], order_id=order_id))

    assert [alias.product_id for alias in await shop.aliases(customer)] == [milk.id]


async def test_what_is_cancelled_is_forgotten(shop: Shop, add_product: AddProduct) -> None:
    milk, customer, order_id = await add_product(shop.tenant, "A", "Whole Milk"), uuid4(), uuid4()
    order = confirmed(shop.tenant, customer, ordered(milk, "white"), order_id=order_id)
    cancelled = arrived(OrderCancelled.model_validate(order.model_dump() | {"version": 2, "status": "CANCELLED", "reason": "closed"}))
    await consume(shop.pool, SERVICE, CONSUMES, order, confirmed(shop.tenant, customer, ordered(milk, "white")))

    await consume(shop.pool, SERVICE, CONSUMES, cancelled)
    await consume(shop.pool, SERVICE, CONSUMES, cancelled)

    assert [alias.times_confirmed for alias in await shop.aliases(customer)] == [1]
    async with postgres.tenant_transaction(shop.pool, [shop.tenant]) as tx:
        assert await tx.fetchval("select count(*) from customer_purchases") == 1


async def test_an_order_of_nobody_we_know_teaches_nothing(shop: Shop, add_product: AddProduct) -> None:
    milk = await add_product(shop.tenant, "A", "Whole Milk")

    await consume(shop.pool, SERVICE, CONSUMES, confirmed(shop.tenant, uuid4(), ordered(milk, "white"), customer_id=None))

    async with postgres.tenant_transaction(shop.pool, [shop.tenant]) as tx:
        assert await tx.fetchval("select count(*) from customer_purchases") == 0


async def test_a_product_that_was_taken_off_is_not_recalled(shop: Shop, add_product: AddProduct) -> None:
    oat, customer = await add_product(shop.tenant, "B", "Oat Drink"), uuid4()
    await shop.correct(customer, "white", None, oat)

    await add_product(shop.tenant, "B", "Oat Drink", id=oat.id, active=False)

    assert (await shop.match(customer, "white"))[0].method is MatchingMethod.UNMATCHED


async def test_two_hundred_customers_with_names_of_their_own_are_each_understood_after_one_correction(shop: Shop, add_product: AddProduct) -> None:
    products = [await add_product(shop.tenant, f"P{number}", f"Article {'abcdefghij'[number % 10] * 3} {number}") for number in range(PRODUCTS)]
    names = ["the usual white", "blue box", "number one", "chef's favourite", "article aaa", "la roja"]
    asked = [(uuid4(), f"{names[number % len(names)]}{' ' + str(number // 12) if number % 3 else ''}") for number in range(CUSTOMERS)]
    meant = {customer: products[(7 * number) % PRODUCTS] for number, (customer, _) in enumerate(asked)}
    others = [(uuid4(), phrase) for phrase in sorted({phrase for _, phrase in asked})] + [(uuid4(), product.name) for product in products]
    before = await shop.match_all(others)

    for (customer, phrase), guess in zip(asked, await shop.match_all(asked), strict=True):
        was = next((product for product in products if guess.product and product.id == guess.product.product_id), None)
        await shop.correct(customer, phrase, was if was != meant[customer] else None, meant[customer])

    right = sum(
        of(match) == (MatchingMethod.LEARNED, meant[customer].id) for (customer, _), match in zip(asked, await shop.match_all(asked), strict=True)
    )
    assert right >= 0.99 * CUSTOMERS
    agreed = _agreed([(phrase_key(phrase), meant[customer].id) for customer, phrase in asked])
    unchanged = [place for place, (_, phrase) in enumerate(others) if phrase_key(phrase) not in agreed]
    assert len(unchanged) >= PRODUCTS
    after = await shop.match_all(others)
    assert [after[place] for place in unchanged] == [before[place] for place in unchanged]


def _agreed(taught: Sequence[tuple[str, UUID]]) -> set[str]:
    """The phrases that three customers or more mean the same by."""
    return {key for key, product in taught if taught.count((key, product)) >= 3}
