"""Messages go in, messages with products come out."""

from decimal import Decimal
from uuid import uuid4

from libs import postgres
from libs.postgres import Pool
from schemas.analysis import Intent, Line, Operation
from schemas.match import MatchingMethod
from schemas.message_matched import MessageMatched
from services.catalog_matcher.__main__ import CONSUMES
from tests.catalog_matcher.conftest import AddProduct, analyzed
from tests.consuming import consume, said

SERVICE = "catalog_matcher"


async def test_a_line_gets_its_product_with_what_an_order_needs(pool: Pool, add_product: AddProduct) -> None:
    tenant = uuid4()
    milk = await add_product(tenant, "HF-1", "Whole Milk Gallon", aliases=("whole milk",))
    event = analyzed(tenant, "whl mlk")

    await consume(pool, SERVICE, CONSUMES, event)

    [matched] = await said(pool, tenant, MessageMatched)
    [line] = matched.lines
    assert line.match.method is MatchingMethod.EXACT_MATCH
    assert line.match.confidence == 1
    product = line.match.product
    assert (product.product_id, product.sku, product.name, product.unit, product.unit_price) == (
        milk.id,
        "HF-1",
        "Whole Milk Gallon",
        "case",
        Decimal("17.90"),
    )
    assert (matched.message_id, matched.conversation_id, matched.customer_id) == (event.message_id, event.conversation_id, event.customer_id)
    assert matched.analysis == event.analysis


async def test_a_message_without_lines_is_passed_on_behind_those_before_it(pool: Pool, add_product: AddProduct) -> None:
    tenant = uuid4()
    await add_product(tenant, "HF-1", "Whole Milk Gallon")
    order, confirmation = analyzed(tenant, "whole milk gallon"), analyzed(tenant, intent=Intent.CONFIRM)

    await consume(pool, SERVICE, CONSUMES, order, confirmation)

    matched = await said(pool, tenant, MessageMatched)
    assert [event.message_id for event in matched] == [order.message_id, confirmation.message_id]
    assert [len(event.lines) for event in matched] == [1, 0]


async def test_a_redelivered_message_is_told_once(pool: Pool) -> None:
    tenant = uuid4()
    event = analyzed(tenant, "milk")

    await consume(pool, SERVICE, CONSUMES, event)
    await consume(pool, SERVICE, CONSUMES, event)

    assert len(await said(pool, tenant)) == 1


async def test_a_line_of_no_product_passes_through_unmatched(pool: Pool, add_product: AddProduct) -> None:
    tenant = uuid4()
    await add_product(tenant, "HF-1", "Whole Milk Gallon")

    await consume(pool, SERVICE, CONSUMES, analyzed(tenant, Line(operation=Operation.SET, quantity=Decimal(5))))

    [matched] = await said(pool, tenant, MessageMatched)
    [line] = matched.lines
    assert (line.match.method, line.match.product, line.match.alternatives) == (MatchingMethod.UNMATCHED, None, ())
    assert line.line.quantity == 5


async def test_a_swap_finds_both_products(pool: Pool, add_product: AddProduct) -> None:
    tenant = uuid4()
    milk, cream = await add_product(tenant, "HF-1", "Whole Milk"), await add_product(tenant, "HF-2", "Heavy Cream")

    await consume(pool, SERVICE, CONSUMES, analyzed(tenant, Line(operation=Operation.SWAP, product="heavy cream", replaces="whole milk")))

    [matched] = await said(pool, tenant, MessageMatched)
    assert matched.lines[0].match.product.product_id == cream.id
    assert matched.lines[0].replaces.product.product_id == milk.id


async def test_tenants_in_one_batch_get_their_own_products_and_no_others(pool: Pool, add_product: AddProduct) -> None:
    one, other, empty = uuid4(), uuid4(), uuid4()
    of_one, of_other = await add_product(one, "A", "Whole Milk"), await add_product(other, "A", "Whole Milk")

    await consume(pool, SERVICE, CONSUMES, *(analyzed(tenant, "whole milk") for tenant in (one, other, empty)))

    found = {tenant: (await said(pool, tenant, MessageMatched))[0].lines[0].match for tenant in (one, other, empty)}
    assert found[one].product.product_id == of_one.id
    assert found[other].product.product_id == of_other.id
    assert (found[empty].method, found[empty].product, found[empty].alternatives) == (MatchingMethod.UNMATCHED, None, ())


async def test_a_changed_catalog_is_matched_as_it_stands(pool: Pool, add_product: AddProduct) -> None:
    tenant = uuid4()
    milk = await add_product(tenant, "HF-1", "Whole Milk")
    await consume(pool, SERVICE, CONSUMES, analyzed(tenant, "whole milk"))

    await add_product(tenant, "HF-1", "Oat Milk", id=milk.id, aliases=("whole milk",), unit_price=Decimal("31.80"))
    await consume(pool, SERVICE, CONSUMES, analyzed(tenant, "whole milk"))
    await add_product(tenant, "HF-1", "Oat Milk", id=milk.id, active=False)
    await consume(pool, SERVICE, CONSUMES, analyzed(tenant, "whole milk"))

    before, after, gone = [event.lines[0].match for event in await said(pool, tenant, MessageMatched)]
    assert (before.product.name, before.product.unit_price) == ("Whole Milk", Decimal("17.90"))
    assert (after.product.name, after.product.unit_price) == ("Oat Milk", Decimal("31.80"))
    assert (gone.method, gone.product, gone.alternatives) == (MatchingMethod.UNMATCHED, None, ())


async def test_a_deleted_product_is_no_longer_offered(pool: Pool, add_product: AddProduct) -> None:
    tenant = uuid4()
    milk = await add_product(tenant, "HF-1", "Whole Milk")
    await consume(pool, SERVICE, CONSUMES, analyzed(tenant, "whole milk"))
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute("delete from products where distributor_id = $1 and id = $2", tenant, milk.id)

    await consume(pool, SERVICE, CONSUMES, analyzed(tenant, "whole milk"))

    assert [event.lines[0].match.method for event in await said(pool, tenant, MessageMatched)] == [
        MatchingMethod.EXACT_MATCH,
        MatchingMethod.UNMATCHED,
    ]
