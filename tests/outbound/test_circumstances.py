"""What stands against sending a message, whoever its provider is: a closed window, an address that opted out, an integration that is off."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from deploy.demo.stand_ins.carriers import Carriers
from deploy.demo.stand_ins.provider import Provider as Meta
from libs.postgres import Pool
from schemas.contact import Channel
from schemas.integration_changed import IntegrationStatus, Provider
from schemas.message import MessageStatus
from schemas.message_created import MessageCreated
from schemas.message_status_changed import MessageStatusChanged
from services.outbound.__main__ import CONSUMES
from services.outbound.send_due import send_due
from tests.consuming import consume, said
from tests.outbound.conftest import consent, integration, message, rows, service_on

META_TEMPLATE = {"template": {"name": "order_news", "language": "en_US"}}
TWILIO_TEMPLATE = {"template": {"content_sid": "HX0001"}}
INSIDE, OUTSIDE = timedelta(hours=23, minutes=58), timedelta(hours=24)


async def answered_after(pool: Pool, provider: Provider, passed: timedelta | None, config: dict[str, Any], text: str = "Milk.") -> MessageCreated:
    """Queue an answer to a customer who wrote so long ago, or never."""
    tenant, conversation = uuid4(), uuid4()
    ours = message(tenant, conversation_id=conversation, position=3, text=text)
    events = [integration(tenant, provider, Channel.WHATSAPP, "+15550009", config=config), ours]
    if passed is not None:
        for earlier, position in ((timedelta(), 2), (timedelta(days=3), 1)):
            sent_at = datetime.now(UTC) - passed - earlier
            events.append(message(tenant, conversation_id=conversation, position=position, ours=False, sent_at=sent_at))
    await consume(pool, "outbound", CONSUMES, *events)
    return ours


@pytest.mark.parametrize("config", [{}, META_TEMPLATE])
async def test_within_a_day_of_the_customer_s_last_message_text_is_free(pool: Pool, provider: Meta, config: dict[str, Any]) -> None:
    await answered_after(pool, Provider.META, INSIDE, config)
    await send_due(service_on(pool, provider.url))
    assert [(sent.template, sent.text) for sent in provider.sent] == [(None, "Milk.")]


@pytest.mark.parametrize("passed", [OUTSIDE, timedelta(days=30), None])
async def test_later_it_goes_into_the_integration_s_template_in_one_line(pool: Pool, provider: Meta, passed: timedelta | None) -> None:
    ours = await answered_after(pool, Provider.META, passed, META_TEMPLATE, "Your order:\n\n2 cs\tmilk     fresh\n1 dz eggs\n")
    await send_due(service_on(pool, provider.url))
    [sent] = provider.sent
    assert (sent.template, sent.text, sent.callback_data) == (
        "order_news/en_US",
        "Your order: · 2 cs milk fresh · 1 dz eggs",
        str(ours.message_id),
    )


async def test_twilio_has_its_own_template(pool: Pool, carriers: Carriers) -> None:
    await answered_after(pool, Provider.TWILIO, OUTSIDE, TWILIO_TEMPLATE, "2 cs milk\n1 dz eggs")
    await send_due(service_on(pool, carriers.url))
    [taken] = carriers.taken
    assert taken.body == {
        "From": "whatsapp:+15550009",
        "To": "whatsapp:+15550001",
        "ContentSid": "HX0001",
        "ContentVariables": '{"1": "2 cs milk \\u00b7 1 dz eggs"}',
    }


@pytest.mark.parametrize("passed", [OUTSIDE, None])
@pytest.mark.parametrize("config", [{}, TWILIO_TEMPLATE, {"template": "order_news"}, {"template": {"name": "order_news"}}])
async def test_later_and_without_a_template_it_fails_unsent(pool: Pool, provider: Meta, passed: timedelta | None, config: dict[str, Any]) -> None:
    ours = await answered_after(pool, Provider.META, passed, config)
    await send_due(service_on(pool, provider.url))
    [changed] = await said(pool, ours.distributor_id, of=MessageStatusChanged)
    assert (changed.status, changed.error_code) == (MessageStatus.FAILED, "WINDOW_CLOSED")
    assert not provider.sent


async def test_a_customer_whose_clock_is_ahead_keeps_the_window_open_no_longer(pool: Pool, provider: Meta) -> None:
    ours = await answered_after(pool, Provider.META, -timedelta(days=300), {})
    await send_due(service_on(pool, provider.url))
    assert len(provider.sent) == 1
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select set_config('comanda.distributor_ids', $1, true)", f"{{{ours.distributor_id}}}")
        assert await connection.fetchval("select last_inbound_at <= now() from last_inbound where address = $1", ours.address)


async def test_the_window_is_the_address_s_in_whatever_conversation_it_is_answered(pool: Pool, provider: Meta) -> None:
    tenant = uuid4()
    await consume(pool, "outbound", CONSUMES, integration(tenant, Provider.META, Channel.WHATSAPP), message(tenant, ours=False), message(tenant))
    await send_due(service_on(pool, provider.url))
    assert len(provider.sent) == 1


async def test_a_late_word_of_an_old_message_does_not_close_the_window(pool: Pool, provider: Meta) -> None:
    ours = await answered_after(pool, Provider.META, timedelta(), {})
    old = message(ours.distributor_id, conversation_id=ours.conversation_id, ours=False, sent_at=datetime.now(UTC) - timedelta(days=2))
    await consume(pool, "outbound", CONSUMES, old)
    await send_due(service_on(pool, provider.url))
    assert len(provider.sent) == 1


async def test_an_old_window_closes_even_for_an_integration_that_nobody_told_us_of(pool: Pool, provider: Meta) -> None:
    tenant, conversation = uuid4(), uuid4()
    theirs = message(tenant, conversation_id=conversation, ours=False, sent_at=datetime.now(UTC) - OUTSIDE)
    await consume(pool, "outbound", CONSUMES, theirs, message(tenant, conversation_id=conversation, position=2))
    await send_due(service_on(pool, provider.url))
    assert [row["error_code"] for row in await rows(pool, tenant)] == ["WINDOW_CLOSED"]


async def test_sms_and_mail_have_no_window(pool: Pool, carriers: Carriers) -> None:
    for provider, channel in ((Provider.TWILIO, Channel.SMS), (Provider.POSTMARK, Channel.EMAIL)):
        tenant = uuid4()
        await consume(pool, "outbound", CONSUMES, integration(tenant, provider, channel), message(tenant, channel=channel, to="a@b.example"))
    await send_due(service_on(pool, carriers.url))
    assert len(carriers.taken) == 2


async def test_who_opted_out_is_not_written_to_until_they_opt_in_again(pool: Pool, provider: Meta) -> None:
    tenant, service = uuid4(), service_on(pool, provider.url)
    await consume(pool, "outbound", CONSUMES, consent(tenant, Channel.WHATSAPP, "+15550001", may_write=False), message(tenant))
    await send_due(service)
    [changed] = await said(pool, tenant, of=MessageStatusChanged)
    assert (changed.status, changed.error_code, provider.sent) == (MessageStatus.FAILED, "OPTED_OUT", [])

    await consume(pool, "outbound", CONSUMES, consent(tenant, Channel.WHATSAPP, "+15550001", may_write=True), message(tenant, position=2))
    await send_due(service)

    assert len(provider.sent) == 1


async def test_an_opt_out_holds_for_its_own_address_channel_and_tenant(pool: Pool, provider: Meta) -> None:
    tenant, other = uuid4(), uuid4()
    for word in (
        consent(tenant, Channel.SMS, "+15550001", may_write=False),
        consent(tenant, Channel.WHATSAPP, "+15550002", may_write=False),
        consent(other, Channel.WHATSAPP, "+15550001", may_write=False),
    ):
        await consume(pool, "outbound", CONSUMES, word)
    await consume(pool, "outbound", CONSUMES, message(tenant))
    await send_due(service_on(pool, provider.url))
    assert len(provider.sent) == 1


async def test_an_opt_out_that_comes_while_a_message_waits_holds_for_it(pool: Pool, provider: Meta) -> None:
    tenant = uuid4()
    await consume(pool, "outbound", CONSUMES, message(tenant))
    await consume(pool, "outbound", CONSUMES, consent(tenant, Channel.WHATSAPP, "+15550001", may_write=False))
    await send_due(service_on(pool, provider.url))
    assert not provider.sent


@pytest.mark.parametrize(
    ("state", "sends"),
    [
        ({"status": IntegrationStatus.ACTIVE}, True),
        ({"status": IntegrationStatus.ERROR}, True),
        ({"status": IntegrationStatus.INACTIVE}, False),
        ({"status": IntegrationStatus.PENDING_AUTH}, False),
        ({"status": IntegrationStatus.ACTIVE, "deleted": True}, False),
    ],
)
async def test_only_an_integration_that_is_used_sends(pool: Pool, carriers: Carriers, state: dict[str, Any], sends: bool) -> None:
    tenant = uuid4()
    await consume(pool, "outbound", CONSUMES, integration(tenant, Provider.TWILIO, Channel.SMS, **state), message(tenant, channel=Channel.SMS))

    await send_due(service_on(pool, carriers.url))

    [row] = await rows(pool, tenant)
    assert (row["state"], row["error_code"]) == (("SENT", None) if sends else ("FAILED", "INTEGRATION_INACTIVE"))
    assert carriers.calls == sends
