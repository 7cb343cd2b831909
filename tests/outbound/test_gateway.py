"""A gateway of one's own gets our replies: signed as its library verifies, each under one id, and only where it may be reached."""

import asyncio
import json
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from aiohttp import web
from standardwebhooks import Webhook

from deploy.demo.stand_ins.behaviour import BehavingServer, Behaviour
from deploy.local.ports import free_port
from libs.postgres import Pool
from schemas.contact import Channel
from schemas.integration_changed import Provider
from schemas.message import MessageStatus
from schemas.message_created import MessageCreated
from schemas.message_status_changed import MessageStatusChanged
from services.outbound.__main__ import CONSUMES
from services.outbound.send_due import send_due
from tests.consuming import consume, said
from tests.outbound.conftest import integration, mail_of_customer, make_due, message, rows, service_on

SECRET = "whsec_" + b64encode(b"g" * 32).decode()
GUIDE = Path(__file__).parents[2] / "docs/gateway.md"


class Gateway(BehavingServer):
    """`POST /replies`, verified with the library of Standard Webhooks; `answer` is what a good call gets."""

    def __init__(self) -> None:
        super().__init__([web.post("/replies", self._take)])
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """Ids and bodies of the calls whose signature was right."""
        self.answer: object = {"id": "pbx-1"}

    async def _take(self, request: web.Request) -> web.Response:
        body = Webhook(SECRET).verify(await request.read(), dict(request.headers))
        self.calls.append((request.headers["webhook-id"], body))
        behaviour = self.next_behaviour()
        if behaviour.refuses:
            return web.json_response({"code": "NO_CREDIT"}, status=behaviour.status, headers=behaviour.headers())
        return web.json_response(self.answer)


@pytest_asyncio.fixture
async def gateway() -> AsyncIterator[Gateway]:
    """The gateway, running."""
    async with Gateway() as running:
        yield running


async def queue(pool: Pool, url: str | None, channel: Channel = Channel.SMS, **more: Any) -> MessageCreated:
    """Queue an answer to a customer who writes by a gateway that is reached at `url`."""
    tenant = uuid4()
    ours = message(tenant, channel=channel, account=more.pop("account", "+15550009"), to="+15550001", **more)
    config = {"reply_url": url} if url else {}
    known = integration(tenant, Provider.GATEWAY, channel, "warehouse", credentials={"webhook_secret": SECRET}, config=config)
    await consume(pool, "outbound", CONSUMES, known, ours)
    return ours


async def send(pool: Pool, **more: Any) -> None:
    """Send what is due; gateways on this machine are reached."""
    await send_due(service_on(pool, "http://127.0.0.1:1", **({"gateway_allow_loopback": "true"} | more)))


async def outcome(pool: Pool, ours: MessageCreated) -> tuple[str, str | None, str | None]:
    """What became of the message."""
    [row] = await rows(pool, ours.distributor_id)
    return row["state"], row["external_message_id"], row["error_code"]


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
async def test_a_reply_is_posted_signed_and_its_answer_names_it(pool: Pool, gateway: Gateway, channel: Channel) -> None:
    ours = await queue(pool, f"{gateway.url}/replies", channel)
    await send(pool)
    [(call_id, body)] = gateway.calls
    assert call_id == str(ours.message_id)
    assert body == {
        "message_id": str(ours.message_id),
        "conversation_id": str(ours.conversation_id),
        "channel": channel,
        "account": "+15550009",
        "to": "+15550001",
        "text": "Your order is in.",
    }
    [changed] = await said(pool, ours.distributor_id, of=MessageStatusChanged)
    assert (changed.status, changed.external_message_id) == (MessageStatus.SENT, "pbx-1")


async def test_a_mail_names_what_it_answers(pool: Pool, gateway: Gateway) -> None:
    conversation = uuid4()
    ours = await queue(pool, f"{gateway.url}/replies", Channel.EMAIL, conversation_id=conversation, account=None)
    await consume(pool, "outbound", CONSUMES, mail_of_customer(ours.distributor_id, conversation, "<a@cafe.example>", "Milk", to="+15550001"))
    await send(pool)
    [(_, body)] = gateway.calls
    assert (body["account"], body["subject"], body["reply_to"]) == ("warehouse", "Re: Milk", "<a@cafe.example>")


@pytest.mark.parametrize("answer", [{}, {"id": 7}, {"id": ""}, [], "ok"])
async def test_a_gateway_that_names_no_id_has_it_under_ours(pool: Pool, gateway: Gateway, answer: object) -> None:
    gateway.answer = answer
    ours = await queue(pool, f"{gateway.url}/replies")
    await send(pool)
    assert await outcome(pool, ours) == ("SENT", str(ours.message_id), None)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_what_passes_is_sent_again_soon_under_the_same_id(pool: Pool, gateway: Gateway, status: int) -> None:
    gateway.behaviour = Behaviour(status=status, times=1)
    ours = await queue(pool, f"{gateway.url}/replies")
    await send(pool)
    [row] = await rows(pool, ours.distributor_id)
    assert (row["state"], row["error_code"]) == ("PENDING", "NO_CREDIT")
    assert row["run_after"] - row["updated_at"] < timedelta(seconds=2)
    await make_due(pool, ours.distributor_id)
    await send(pool)
    assert [call_id for call_id, _ in gateway.calls] == [str(ours.message_id)] * 2
    assert await outcome(pool, ours) == ("SENT", "pbx-1", None)


@pytest.mark.parametrize("status", [302, 400, 401, 404, 410])
async def test_what_is_for_ever_fails_with_the_gateway_s_code(pool: Pool, gateway: Gateway, status: int) -> None:
    gateway.behaviour = Behaviour(status=status)
    ours = await queue(pool, f"{gateway.url}/replies")
    await send(pool)
    assert await outcome(pool, ours) == ("FAILED", None, "NO_CREDIT")
    assert len(gateway.calls) == 1


async def test_without_an_address_nothing_can_be_sent(pool: Pool) -> None:
    ours = await queue(pool, None)
    await send(pool)
    assert await outcome(pool, ours) == ("FAILED", None, "NO_REPLY_URL")


@pytest.mark.parametrize("url", ["http://{host}/replies", "https://127.0.0.1/replies", "https://169.254.169.254/", "ftp://example.com", "//", "x"])
async def test_an_address_that_is_not_public_is_not_called(pool: Pool, gateway: Gateway, url: str) -> None:
    ours = await queue(pool, url.format(host=gateway.url.removeprefix("http://")))
    await send(pool, gateway_allow_loopback="false")
    assert await outcome(pool, ours) == ("FAILED", None, "REPLY_URL_NOT_ALLOWED")
    assert gateway.calls == []


async def test_a_name_that_leads_to_an_address_that_is_not_public_is_not_called(pool: Pool, gateway: Gateway) -> None:
    ours = await queue(pool, gateway.url.replace("http://127.0.0.1", "https://localhost") + "/replies")
    await send(pool, gateway_allow_loopback="false")
    assert await outcome(pool, ours) == ("PENDING", None, "ADDRESS_NOT_PUBLIC")


async def test_the_example_of_the_guide_takes_our_replies(pool: Pool) -> None:
    port = free_port()
    _, example = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    for name, value in {"SECRET": f'"{SECRET}"', "PORT": port}.items():
        example, replaced = re.subn(rf"^{name} = .*$", f"{name} = {value}", example, flags=re.MULTILINE)
        assert replaced == 1
    process = await asyncio.create_subprocess_exec(sys.executable, "-u", "-c", example, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout
        assert await process.stdout.readline() == b"listening\n"
        first, second = [await queue(pool, f"http://127.0.0.1:{port}/replies") for _ in range(2)]
        await send(pool)
        taken = [json.loads(await process.stdout.readline()) for _ in range(2)]
        assert {each["message_id"] for each in taken} == {str(first.message_id), str(second.message_id)}
        assert {(await outcome(pool, ours))[0] for ours in (first, second)} == {"SENT"}
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
