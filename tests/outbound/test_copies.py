"""Our copies of integrations, consents and what came last: the newest word holds, and each tenant sees its own."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs import postgres
from libs.postgres import Pool, Transaction
from schemas.contact import Channel
from schemas.integration_changed import IntegrationStatus, Provider
from services.outbound import copies, store
from services.outbound.__main__ import CONSUMES
from services.outbound.domain import Circumstances, Claimed
from tests.consuming import consume
from tests.outbound.conftest import INTEGRATION, consent, integration, mail_of_customer, message

NOW = datetime.now(UTC)
BEFORE = NOW - timedelta(minutes=1)


async def table(pool: Pool, tenant: UUID, name: str) -> list[dict[str, Any]]:
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        return [dict(row) for row in await tx.fetch(f"select * from {name}")]


async def claim(pool: Pool) -> list[Claimed]:
    async with postgres.worker_transaction(pool) as worker:
        return await store.claim_due(worker, 10, timedelta(seconds=60))


async def test_the_newest_word_on_an_integration_holds_whatever_comes_last(pool: Pool) -> None:
    tenant = uuid4()
    newest = integration(tenant, Provider.TWILIO, Channel.SMS, "+2", occurred_at=NOW, config={"messages_per_second": 3})
    older = integration(tenant, Provider.TWILIO, Channel.SMS, "+1", occurred_at=BEFORE, config={"messages_per_second": 1})

    for event in (older, newest, older):
        await consume(pool, "outbound", CONSUMES, event.model_copy().arrived_in(message(tenant).envelope))

    assert [(row["external_account_id"], row["as_of"]) for row in await table(pool, tenant, "integrations")] == [("+2", NOW)]
    assert [row["messages_per_second"] for row in await table(pool, tenant, "send_rates")] == [3.0]


async def test_a_deleted_integration_stays_inactive_and_without_its_credentials(pool: Pool) -> None:
    tenant = uuid4()
    await consume(pool, "outbound", CONSUMES, integration(tenant, Provider.TWILIO, Channel.SMS, occurred_at=BEFORE))
    await consume(pool, "outbound", CONSUMES, integration(tenant, Provider.TWILIO, Channel.SMS, occurred_at=NOW, deleted=True))
    [row] = await table(pool, tenant, "integrations")
    assert (row["status"], row["sealed_credentials"]) == (IntegrationStatus.INACTIVE, None)


async def test_credentials_are_kept_as_they_came(pool: Pool) -> None:
    tenant = uuid4()
    event = integration(tenant, Provider.TWILIO, Channel.SMS, credentials={"auth_token": "hush"})
    await consume(pool, "outbound", CONSUMES, event)
    [row] = await table(pool, tenant, "integrations")
    assert row["sealed_credentials"] == event.sealed_credentials
    assert "hush" not in str(row)


async def test_the_newest_word_on_consent_holds_whatever_comes_last(pool: Pool) -> None:
    tenant = uuid4()
    stop = consent(tenant, Channel.SMS, "+1", may_write=False, changed_at=NOW)
    start = consent(tenant, Channel.SMS, "+1", may_write=True, changed_at=BEFORE)
    for event in (start, stop, start):
        await consume(pool, "outbound", CONSUMES, event.model_copy().arrived_in(message(tenant).envelope))
    assert [(row["may_write"], row["as_of"]) for row in await table(pool, tenant, "consents")] == [(False, NOW)]


async def test_what_a_customer_wrote_by_sms_is_not_kept(pool: Pool) -> None:
    tenant = uuid4()
    await consume(pool, "outbound", CONSUMES, message(tenant, ours=False, channel=Channel.SMS))
    assert not await table(pool, tenant, "last_inbound")


async def test_circumstances_are_those_of_the_message_s_own_tenant(pool: Pool) -> None:
    tenant, stranger, conversation = uuid4(), uuid4(), uuid4()
    await consume(
        pool,
        "outbound",
        CONSUMES,
        integration(tenant, Provider.POSTMARK, Channel.EMAIL),
        consent(tenant, Channel.EMAIL, "a@b.example", may_write=False),
        mail_of_customer(tenant, conversation, "<1@b.example>", "Milk", to="a@b.example"),
        message(tenant, conversation_id=conversation, position=2, channel=Channel.EMAIL, to="a@b.example"),
    )
    claimed = await claim(pool)

    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        [known] = (await copies.select_circumstances(tx, claimed)).values()
    async with postgres.tenant_transaction(pool, [stranger]) as tx:
        [unknown] = (await copies.select_circumstances(tx, claimed)).values()

    assert known.integration
    assert (known.integration.provider, known.may_write, known.mail_id, known.mail_subject) == (Provider.POSTMARK, False, "<1@b.example>", "Milk")
    assert unknown == Circumstances()


async def test_another_tenant_cannot_write_our_copies(pool: Pool) -> None:
    owner, stranger = uuid4(), uuid4()
    writes: list[Callable[[Transaction], Awaitable[object]]] = [
        lambda tx: copies.upsert_integration(tx, integration(owner, Provider.TWILIO, Channel.SMS)),
        lambda tx: copies.upsert_send_rate(tx, owner, INTEGRATION, 1.0),
        lambda tx: copies.upsert_consent(tx, consent(owner, Channel.SMS, "+1", may_write=False)),
        lambda tx: copies.upsert_last_inbound(tx, [message(owner, ours=False)]),
    ]
    for write in writes:
        with pytest.raises(Exception, match="row-level security"):
            async with postgres.tenant_transaction(pool, [stranger]) as tx:
                await write(tx)
    assert not [row for name in ("integrations", "send_rates", "consents", "last_inbound") for row in await table(pool, owner, name)]


async def test_the_worker_who_sees_every_queue_sees_no_credentials_and_no_consents(pool: Pool) -> None:
    for name in ("integrations", "consents", "last_inbound"):
        with pytest.raises(Exception, match="permission denied"):
            async with postgres.worker_transaction(pool) as worker:
                await worker.fetch(f"select * from {name}")
