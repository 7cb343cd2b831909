"""From the signed webhook, or a gateway's own event, to the confirmed order: every service a process of its own."""

import io
import json
import time
from uuid import UUID, uuid4

import aiohttp
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from rich.console import Console

from deploy.commands import seed_content
from deploy.commands.seed import CONTENT
from deploy.commands.send import send
from deploy.commands.token import token_for
from deploy.demo import command
from deploy.demo.stand_ins.customer_messages import signed_post, text_message, webhook
from deploy.local.stack import Stack
from libs import cloud_events
from libs.auth import Role
from schemas.contact import Channel, Sender, conversation_id
from schemas.event import Envelope
from schemas.message_received import MessageReceived
from tests.making import NOW

pytestmark = [pytest.mark.journeys, pytest.mark.timeout(300)]

HARBOR = next(each for each in seed_content.read(CONTENT) if each.distributor.subdomain == "harbor-foods")
CONFIRMED_WITHIN_SECONDS = 30


async def test_every_conversation_of_the_demo_ends_as_it_has_to(stack: Stack) -> None:
    await command.run(stack)


async def test_a_gateway_may_publish_messages_itself(stack: Stack) -> None:
    customer = HARBOR.customers[-1]
    for text in ("6 cs whole milk please", "that's all", "yes"):
        await _publish(stack, _message(text, customer.contacts[0].address, customer.id))
    order = await _confirmed_order(stack, str(customer.id))
    assert [(line["sku"], line["quantity"]) for line in order["lines"]] == [("HF-10010", "6.000")]


async def test_a_message_written_from_the_shell_shows_what_became_of_it(stack: Stack) -> None:
    shown = io.StringIO()
    await send(stack, "6 cs whole milk", HARBOR.customers[-2].contacts[0].address, "harbor-foods", Console(file=shown, width=120))
    assert "Whole Milk Gallon" in shown.getvalue()
    assert "order" in shown.getvalue()


async def test_a_refused_webhook_leaves_the_next_one_unharmed(stack: Stack) -> None:
    url, secret = stack.url("ingest") + "/webhooks/whatsapp", stack.environment("ingest")["COMANDA_WHATSAPP_APP_SECRET"]
    good = webhook(text_message(HARBOR.whatsapp.phone_number_id, "+15550199999", "hello", f"wamid.{uuid4()}"))
    async with aiohttp.ClientSession() as session:
        assert await signed_post(session, url, "another secret", good) == 401
        assert await signed_post(session, url, secret, webhook(text_message("999", "+15550199999", "hello", "wamid.x"))) == 404
        assert await signed_post(session, url, secret, good) == 200


async def test_no_route_but_webhooks_health_and_metrics_is_open(stack: Stack) -> None:
    open_to_all = {"/health/live", "/health/ready", "/webhooks/whatsapp"}
    signed = {"/v1/attachments/{attachment_id}/content"}
    async with aiohttp.ClientSession() as session:
        for name in stack.names:
            async with session.get(stack.url(name) + "/openapi.json") as response:
                routes = [(path, method) for path, methods in (await response.json())["paths"].items() for method in methods]
            for path, method in routes:
                async with session.request(method, stack.url(name) + path.replace("{", "").replace("}", "")) as response:
                    refused = response.status >= 400 if path in signed else response.status == 401
                    assert path in open_to_all or refused, f"{name} {method} {path} answered {response.status}"


async def test_a_user_sees_no_order_of_another_distributor(stack: Stack) -> None:
    cellar = seed_content.distributor_id("cellar-and-bar")
    mine, theirs = [await _orders(stack, token_for(stack, tenant, Role.OPERATOR)) for tenant in (HARBOR.distributor.id, cellar)]
    assert mine
    assert theirs
    assert not {order["id"] for order in mine} & {order["id"] for order in theirs}


async def _orders(stack: Stack, token: str) -> list[dict[str, str]]:
    url = stack.url("order_session") + "/v1/orders?limit=200"
    async with aiohttp.ClientSession() as session, session.get(url, headers={"Authorization": f"Bearer {token}"}) as response:
        return (await response.json())["items"]


def _message(text: str, address: str, customer_id: UUID) -> MessageReceived:
    tenant = HARBOR.distributor.id

    return MessageReceived(
        distributor_id=tenant,
        occurred_at=NOW,
        conversation_id=conversation_id(tenant, Channel.SMS, customer_id),
        channel=Channel.SMS,
        integration_id=HARBOR.whatsapp.integration_id,
        channel_account="gateway",
        external_message_id=f"gateway-{uuid4()}",
        sender=Sender(address=address),
        customer_id=customer_id,
        content=text,
        sent_at=NOW,
    )


async def _publish(stack: Stack, event: MessageReceived) -> None:
    event_id = uuid4()
    headers, value = cloud_events.encode(event, Envelope(id=event_id, source="a-gateway", correlation_id=event_id))
    producer = AIOKafkaProducer(bootstrap_servers=stack.bootstrap)
    await producer.start()
    try:
        await producer.send_and_wait(event.topic, value, key=event.key.encode(), headers=headers)
    finally:
        await producer.stop()


async def _confirmed_order(stack: Stack, customer_id: str) -> dict[str, list[dict[str, str]]]:
    """Wait for the order on its topic that a customer made by SMS."""
    deadline = time.monotonic() + CONFIRMED_WITHIN_SECONDS
    consumer = AIOKafkaConsumer("order.confirmed", bootstrap_servers=stack.bootstrap, group_id=f"journey-{uuid4()}", auto_offset_reset="earliest")
    await consumer.start()
    try:
        while time.monotonic() < deadline:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    order = json.loads(record.value or b"{}")
                    if order["customer_id"] == customer_id and order["channel"] == "SMS":
                        return order
        pytest.fail("the order was not confirmed")
    finally:
        await consumer.stop()
