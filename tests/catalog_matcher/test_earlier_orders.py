"""Messages that mean an earlier order, a bundle, another unit or a price list come out as lines that can be ordered."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs import postgres
from libs.postgres import Pool
from schemas.analysis import Analysis, Intent, Line, Operation
from schemas.customer_changed import CustomerChanged
from schemas.customer_erased import CustomerErased
from schemas.distributor_changed import DistributorChanged, DistributorStatus
from schemas.match import MatchedLine, MatchingMethod, QuantityIssue
from schemas.message_matched import MessageMatched
from services.catalog_matcher import aliases_store, bundles_store, copies, price_lists_store, variants_store
from services.catalog_matcher.__main__ import CONSUMES
from services.catalog_matcher.bundle import BundleItem, NewBundle
from services.catalog_matcher.domain.bundles import PricingMode
from services.catalog_matcher.price_list import NewPriceList, Price
from services.catalog_matcher.variant import NewUnit, NewVariant, VariantType
from tests.catalog_matcher.conftest import AddProduct, analyzed
from tests.catalog_matcher.making import confirmed, ordered
from tests.consuming import arrived, consume, said

SERVICE = "catalog_matcher"
LIST = NewPriceList(id=uuid4(), name="Cafés")


async def matched(pool: Pool, tenant: UUID, customer: UUID, *lines: Line, references: tuple[str, ...] = (), **more: Any) -> MessageMatched:
    """What becomes of a message of this customer."""
    analysis = Analysis(intent=Intent.ORDER, lines=lines, references=references, confidence=Decimal("0.9"))
    event = analyzed(tenant).model_copy(update={"customer_id": customer, "analysis": analysis, "content": "Same as last time pls"} | more)
    await consume(pool, SERVICE, CONSUMES, arrived(event))
    return (await said(pool, tenant, MessageMatched))[-1]


def told(line: MatchedLine) -> tuple[Any, ...]:
    product = line.match.product
    return line.match.method, product.sku if product else None, line.quantity, line.unit


async def test_the_last_order_comes_as_lines_before_what_is_changed_in_it(pool: Pool, add_product: AddProduct) -> None:
    tenant, customer = uuid4(), uuid4()
    milk, butter = await add_product(tenant, "A", "Whole Milk"), await add_product(tenant, "B", "Butter")
    order = confirmed(tenant, customer, ordered(milk, "milk", quantity=3), ordered(butter, "butter", line=2, quantity=2), days_ago=3)
    await consume(pool, SERVICE, CONSUMES, order)

    event = await matched(pool, tenant, customer, Line(operation=Operation.REMOVE, product="butter"), references=("same as last time",))

    assert [told(line) for line in event.lines[:2]] == [
        (MatchingMethod.LEARNED, "A", 3, "case"),
        (MatchingMethod.LEARNED, "B", 2, "case"),
    ]
    assert event.lines[0].match.product
    assert event.lines[0].match.product.unit_price == Decimal("17.90"), "at the price of now"
    assert event.content[event.lines[0].line.text_start : event.lines[0].line.text_end] == "Same as last time"
    [last] = event.lines[2:]
    assert last.line.operation is Operation.REMOVE
    assert event.unresolved_references == ()


async def test_an_earlier_order_that_nobody_knows_of_is_named(pool: Pool) -> None:
    event = await matched(pool, uuid4(), uuid4(), references=("the usual",))

    assert (event.lines, event.unresolved_references) == ((), ("the usual",))


async def test_a_product_that_is_not_sold_any_more_is_left_to_a_person(pool: Pool, add_product: AddProduct) -> None:
    tenant, customer = uuid4(), uuid4()
    milk = await add_product(tenant, "A", "Whole Milk")
    await consume(pool, SERVICE, CONSUMES, confirmed(tenant, customer, ordered(milk, "milk", quantity=3)))
    await add_product(tenant, "A", "Whole Milk", id=milk.id, active=False)

    [line] = (await matched(pool, tenant, customer, references=("last order",))).lines

    assert (line.match.method, line.line.product, line.line.quantity) == (MatchingMethod.UNMATCHED, "Whole Milk", 3)


async def test_the_purchases_of_another_tenant_are_not_found(pool: Pool, add_product: AddProduct) -> None:
    tenant, stranger, customer = uuid4(), uuid4(), uuid4()
    milk = await add_product(tenant, "A", "Whole Milk")
    await consume(pool, SERVICE, CONSUMES, confirmed(tenant, customer, ordered(milk, "milk")))

    assert (await matched(pool, stranger, customer, references=("last order",))).lines == ()


async def test_yesterday_is_what_it_is_where_the_tenant_is(pool: Pool, add_product: AddProduct) -> None:
    tenant, customer = uuid4(), uuid4()
    milk = await add_product(tenant, "A", "Whole Milk")
    at = datetime(2026, 7, 14, 2, 0, tzinfo=UTC)
    settings: dict[str, Any] = {"business_name": "H", "status": DistributorStatus.ACTIVE, "locale": "en", "currency": "USD", "ai_enabled": True}
    settings |= {"ai_model_preference": None, "ai_confidence_threshold": "0.7", "monthly_ai_budget_usd": None, "max_monthly_ai_requests": None}
    settings |= {"order_cutoff_time": None, "delivery_weekdays": (1,), "minimum_order_amount": None, "auto_confirm": True}
    changed = DistributorChanged(distributor_id=tenant, occurred_at=at, timezone="America/New_York", data_retention_days=None, **settings)
    await consume(pool, SERVICE, CONSUMES, arrived(changed), confirmed(tenant, customer, ordered(milk, "milk"), received_at=at))

    in_utc = await matched(pool, tenant, customer, references=("same as yesterday",), sent_at=datetime(2026, 7, 15, 2, 0, tzinfo=UTC))
    a_day_late = await matched(pool, tenant, customer, references=("same as yesterday",), sent_at=datetime(2026, 7, 15, 5, 0, tzinfo=UTC))

    assert [len(event.lines) for event in (in_utc, a_day_late)] == [1, 0]


async def test_cans_of_a_case_are_ordered_by_the_case_and_what_is_unusual_is_asked(pool: Pool, add_product: AddProduct) -> None:
    tenant, customer = uuid4(), uuid4()
    cola = await add_product(tenant, "A", "Cola")
    units = [NewUnit(id=uuid4(), product_id=cola.id, unit=unit, factor=Decimal(factor)) for unit, factor in (("case", 12), ("can", 1))]
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await variants_store.upsert_units(tx, tenant, units)
    for days_ago in (3, 2, 1):
        await consume(pool, SERVICE, CONSUMES, confirmed(tenant, customer, ordered(cola, "cola", quantity=2), days_ago=days_ago))

    event = await matched(pool, tenant, customer, Line(quantity=Decimal(24), unit="can", product="cola"), Line(quantity=Decimal(24), product="cola"))

    [cans, cases] = event.lines
    assert (told(cans), cans.issues) == ((MatchingMethod.EXACT_MATCH, "A", 2, "case"), ())
    assert (cases.quantity, cases.issues) == (24, (QuantityIssue.UNUSUAL,))
    assert cases.clarification
    assert [choice.quantity for choice in cases.clarification.choices] == [24, 2]


async def test_a_bundle_is_ordered_by_its_items_at_its_price(pool: Pool, add_product: AddProduct) -> None:
    tenant = uuid4()
    milk, eggs = await add_product(tenant, "A", "Milk", unit_price=Decimal(10)), await add_product(tenant, "B", "Eggs", unit_price=Decimal(30))
    pack = NewBundle(
        id=uuid4(),
        name="Breakfast Pack",
        sku="BP",
        pricing_mode=PricingMode.FIXED,
        bundle_price=Decimal(40),
        ai_aliases=("brekkie",),
        items=(BundleItem(product_id=milk.id, quantity=Decimal(2)), BundleItem(product_id=eggs.id, quantity=Decimal(1))),
    )
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await bundles_store.upsert_bundle(tx, tenant, pack)
        await bundles_store.insert_items(tx, tenant, pack)

    event = await matched(pool, tenant, uuid4(), Line(quantity=Decimal(3), product="brekkie"), Line(quantity=Decimal(1), product="milk"))

    assert [(*told(line)[1:3], line.bundle_id) for line in event.lines] == [("A", 6, pack.id), ("B", 3, pack.id), ("A", 1, None)]
    prices = [line.match.product.unit_price for line in event.lines if line.match.product]
    assert prices == [8, 24, 10]


async def test_a_customer_pays_what_their_price_list_says(pool: Pool, add_product: AddProduct) -> None:
    tenant, listed, other = uuid4(), uuid4(), uuid4()
    milk = await add_product(tenant, "A", "Whole Milk")
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await price_lists_store.upsert_price_list(tx, tenant, LIST)
        await price_lists_store.upsert_prices(tx, tenant, LIST.id, [Price(product_id=milk.id, unit_price=Decimal("15.50"))])
    details: dict[str, Any] = {"business_name": "C", "customer_code": "C", "language": None, "address": None, "delivery_notes": None}
    details |= {"occurred_at": datetime.now(UTC), "customer_id": listed, "price_list_id": LIST.id, "contacts": ()}
    change = CustomerChanged(distributor_id=tenant, **details)
    older = change.model_copy(update={"price_list_id": None, "occurred_at": datetime(2026, 1, 1, tzinfo=UTC)})
    await consume(pool, SERVICE, CONSUMES, arrived(change), arrived(older))

    prices = [
        event.lines[0].match.product.unit_price
        for customer in (listed, other)
        if (event := await matched(pool, tenant, customer, Line(quantity=Decimal(1), product="whole milk"))).lines[0].match.product
    ]

    assert prices == [Decimal("15.50"), Decimal("17.90")]


async def test_the_variant_that_is_named_is_ordered_at_its_price(pool: Pool, add_product: AddProduct) -> None:
    tenant = uuid4()
    cola = await add_product(tenant, "A", "Cola", aliases=("large cola", "cola 330ml", "cola red"))
    of = {"product_id": cola.id, "variant_type": VariantType.SIZE}
    small = NewVariant.model_validate(of | {"id": uuid4(), "variant_name": "330 ml", "sku": "A-S", "unit_price": "9"})
    large = NewVariant.model_validate(of | {"id": uuid4(), "variant_name": "1 L", "sku": "A-L", "unit_price": "15", "ai_aliases": ("large",)})
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await variants_store.upsert_variants(tx, tenant, [small, large])

    phrases = ("large cola", "cola 330ml", "cola red", "cola")
    event = await matched(pool, tenant, uuid4(), *(Line(quantity=Decimal(1), product=phrase) for phrase in phrases))

    products = [line.match.product for line in event.lines]
    assert [(each.variant_id, each.sku, each.unit_price) for each in products if each] == [
        (large.id, "A-L", 15),
        (small.id, "A-S", 9),
        (None, "A", Decimal("17.90")),
        (None, "A", Decimal("17.90")),
    ]


async def test_what_the_catalog_does_not_know_is_counted_once_a_message(pool: Pool, add_product: AddProduct) -> None:
    tenant = uuid4()
    await add_product(tenant, "A", "Whole Milk")
    event = analyzed(tenant, "dragon fruit", "Dragon Fruits", "whole milk", Line(product="hm", confidence=Decimal("0.1")))

    await consume(pool, SERVICE, CONSUMES, event)
    await consume(pool, SERVICE, CONSUMES, event)
    await consume(pool, SERVICE, CONSUMES, analyzed(tenant, "dragon fruit"))

    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        found = await aliases_store.select_unmatched(tx, tenant, datetime(2026, 1, 1, tzinfo=UTC), 0, 10)
    assert [(each["phrase"], each["times"]) for each in found] == [("dragon fruit", 3)]


@pytest.mark.parametrize("times", [1, 2])
async def test_a_customer_who_is_erased_is_forgotten_and_the_others_not(pool: Pool, add_product: AddProduct, times: int) -> None:
    tenant, gone, stays = uuid4(), uuid4(), uuid4()
    milk = await add_product(tenant, "A", "Whole Milk")
    for customer in (gone, stays):
        await consume(pool, SERVICE, CONSUMES, confirmed(tenant, customer, ordered(milk, "white")))
    for _ in range(times):
        await consume(pool, SERVICE, CONSUMES, arrived(CustomerErased(distributor_id=tenant, occurred_at=datetime.now(UTC), customer_id=gone)))

    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        left = [await tx.fetch(f"select distinct customer_id from {table}") for table in ("customer_purchases", "customer_product_aliases")]
        assert await copies.select_timezones(tx, [tenant]) == {}
    assert [[row["customer_id"] for row in rows] for rows in left] == [[stays], [stays]]
