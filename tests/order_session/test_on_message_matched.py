"""Messages move sessions in PostgreSQL: rows and outbox."""

import asyncio
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from libs import postgres
from libs.postgres import Pool
from schemas.analysis import Intent
from schemas.event import Event
from schemas.message_matched import MessageMatched
from schemas.order_confirmed import OrderConfirmed
from schemas.order_created import OrderCreated
from schemas.order_review_requested import OrderReviewRequested
from schemas.order_session_changed import OrderSessionChanged, SessionStatus
from schemas.reply_requested import ReplyRequested
from services.order_session import copies, order_store, store
from services.order_session.__main__ import CONSUMES
from services.order_session.domain.session import EventType, SessionEvent, rebuild
from services.order_session.on_message_matched import DistributorUnknown
from tests.conftest import NewPool
from tests.consuming import arrived, consume, said
from tests.making import customer, distributor, line, matched, product

MILK, EGGS = product("M1", "Whole Milk", "24.50"), product("E1", "Eggs", "3.00", "dozen")


async def take(pool: Pool, *events: Event) -> None:
    await consume(pool, "order_session", CONSUMES, *events)


async def shop(new_pool: NewPool) -> tuple[Pool, UUID, UUID]:
    """A distributor with one customer."""
    pool, tenant, buyer = await new_pool("order_session"), uuid4(), uuid4()
    await take(pool, distributor(tenant), customer(tenant, buyer))
    return pool, tenant, buyer


def dialogue(tenant: UUID, conversation: UUID, buyer: UUID | None) -> tuple[MessageMatched, ...]:
    return (
        matched(tenant, conversation, line("milk", "3", of=MILK), customer_id=buyer, content="3 milk"),
        matched(tenant, conversation, line("eggs", "2", of=EGGS), order_complete=True, customer_id=buyer, content="2 doz eggs thats it"),
        matched(tenant, conversation, intent=Intent.CONFIRM, customer_id=buyer, content="yes"),
    )


async def test_a_dialogue_becomes_one_confirmed_order(new_pool: NewPool) -> None:
    pool, tenant, buyer = await shop(new_pool)
    conversation = uuid4()
    for message in dialogue(tenant, conversation, buyer):
        await take(pool, message)
    [confirmed] = await said(pool, tenant, OrderConfirmed)
    assert (confirmed.order_number, confirmed.total_amount, confirmed.customer_code) == (1, Decimal("79.50"), "MARIO001")
    assert [(row.sku, row.quantity) for row in confirmed.lines] == [("M1", 3), ("E1", 2)]
    assert len(await said(pool, tenant, OrderCreated)) == 1
    replies = await said(pool, tenant, ReplyRequested)
    assert ["Your order:" in replies[0].content, "Order #1 is confirmed" in replies[1].content] == [True, True]
    assert [event.status for event in await said(pool, tenant, OrderSessionChanged)] == ["COLLECTING", "REVIEWING", "CLOSED"]
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        [listed] = await order_store.select_orders(tx, tenant, None, 10, None)
        rows = await order_store.select_order_products(tx, tenant, confirmed.order_id)
        row = await order_store.select_order(tx, tenant, confirmed.order_id)
    assert (listed["status"], [line["line_price"] for line in rows]) == ("CONFIRMED", [Decimal("73.50"), Decimal("6.00")])
    assert row is not None
    assert (row["is_consolidated"], row["whatsapp_message"]) == (True, "yes")


async def test_a_whole_dialogue_in_one_batch_gives_the_same(new_pool: NewPool) -> None:
    pool, tenant, buyer = await shop(new_pool)
    conversation = uuid4()
    await take(pool, *dialogue(tenant, conversation, buyer), *dialogue(tenant, conversation, buyer))
    assert [event.order_number for event in await said(pool, tenant, OrderConfirmed)] == [1, 2]


async def test_a_redelivered_batch_changes_nothing(new_pool: NewPool) -> None:
    pool, tenant, buyer = await shop(new_pool)
    messages = dialogue(tenant, uuid4(), buyer)
    await take(pool, *messages)
    before = await said(pool, tenant)
    await take(pool, *messages)
    assert await said(pool, tenant) == before


async def test_what_is_saved_can_be_rebuilt_from_its_events(new_pool: NewPool) -> None:
    pool, tenant, buyer = await shop(new_pool)
    conversation = uuid4()
    for message in dialogue(tenant, conversation, buyer):
        await take(pool, message)
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        session = await store.select_newest_session(tx, tenant, conversation)
        assert session
        rows = await store.select_session_events(tx, tenant, session.id)
    events = [
        SessionEvent(
            sequence=row["sequence"], type=EventType(row["event_type"]), data=row["event_data"], message_id=row["message_id"], at=row["created_at"]
        )
        for row in rows
    ]
    assert rebuild(events) == session


async def test_an_order_of_an_unknown_sender_goes_to_review(new_pool: NewPool) -> None:
    pool, tenant, _ = await shop(new_pool)
    for message in dialogue(tenant, uuid4(), None):
        await take(pool, message)
    [review] = await said(pool, tenant, OrderReviewRequested)
    assert review.reasons == ("UNKNOWN_CUSTOMER",)
    assert await said(pool, tenant, OrderConfirmed) == []


async def test_concurrent_messages_make_one_session(new_pool: NewPool) -> None:
    pool, tenant, buyer = await shop(new_pool)
    conversation = uuid4()
    await asyncio.gather(*(take(pool, matched(tenant, conversation, line("milk", "1", of=MILK), customer_id=buyer)) for _ in range(8)))
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        assert await tx.fetchval("select count(*) from conversation_order_sessions") == 1
        session = await store.select_newest_session(tx, tenant, conversation)
    assert session
    assert (session.status, [item.quantity for item in session.open_items]) == (SessionStatus.COLLECTING, [8])


async def test_concurrent_confirmations_number_orders_without_gaps(new_pool: NewPool) -> None:
    pool, tenant, buyer = await shop(new_pool)
    dialogues = [dialogue(tenant, uuid4(), buyer) for _ in range(10)]
    for messages in dialogues:
        await take(pool, *messages[:2])
    await asyncio.gather(*(take(pool, messages[2]) for messages in dialogues))
    assert sorted(event.order_number for event in await said(pool, tenant, OrderConfirmed)) == list(range(1, 11))


async def test_a_message_of_an_unknown_distributor_is_refused(new_pool: NewPool) -> None:
    pool = await new_pool("order_session")
    with pytest.raises(DistributorUnknown):
        await take(pool, matched(uuid4(), uuid4(), line("milk", "3", of=MILK)))


async def test_a_message_in_a_foreign_conversation_finds_no_session(new_pool: NewPool) -> None:
    pool, theirs, buyer = await shop(new_pool)
    mine, conversation = uuid4(), uuid4()
    await take(pool, distributor(mine))
    await take(pool, *dialogue(theirs, conversation, buyer)[:2])
    await take(pool, arrived(matched(mine, conversation, intent=Intent.CONFIRM)))
    assert await said(pool, mine) == []
    assert await said(pool, theirs, OrderConfirmed) == []


async def test_no_store_function_shows_a_foreign_tenants_rows(new_pool: NewPool) -> None:
    pool, theirs, buyer = await shop(new_pool)
    mine, conversation = uuid4(), uuid4()
    await take(pool, *dialogue(theirs, conversation, buyer))
    [confirmed] = await said(pool, theirs, OrderConfirmed)
    assert confirmed.order_session_id
    async with postgres.tenant_transaction(pool, [mine]) as tx:
        for tenant in (mine, theirs):
            assert await order_store.select_orders(tx, tenant, None, 10, None) == []
            assert await order_store.select_order(tx, tenant, confirmed.order_id) is None
            assert await order_store.select_order_products(tx, tenant, confirmed.order_id) == []
            assert await store.select_newest_session(tx, tenant, conversation) is None
            assert await store.select_session_events(tx, tenant, confirmed.order_session_id) == []
            assert await copies.select_terms(tx, [tenant]) == {}
            assert await copies.select_customers(tx, [tenant], [buyer]) == {}
            assert await store.select_open_sessions(tx, [tenant], [conversation]) == {}
            assert await store.select_items(tx, [tenant], [confirmed.order_session_id]) == {}


async def test_an_older_word_on_a_distributor_changes_nothing(new_pool: NewPool) -> None:
    pool, tenant, _ = await shop(new_pool)
    newer = distributor(tenant, currency="EUR")
    older = distributor(tenant, currency="GBP", occurred_at=newer.occurred_at.replace(year=2020))
    await take(pool, newer)
    await take(pool, older)
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        assert (await copies.select_terms(tx, [tenant]))[tenant].currency == "EUR"
