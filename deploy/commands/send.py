"""`comanda send`: write a message to the running system as a customer would, and show what became of it."""

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import aiohttp
from rich.console import Console
from rich.table import Table

from deploy.commands import seed_content
from deploy.commands.seed import CONTENT
from deploy.commands.token import token_for
from deploy.demo.stand_ins.customer_messages import signed_post, text_message, webhook
from deploy.local.errors import LocalStackError
from deploy.local.stack import Stack
from libs.auth import Role
from schemas.contact import Channel, contact_id, conversation_id

UNDERSTOOD_WITHIN_SECONDS = 10.0
ANSWERED_WITHIN_SECONDS = 2.0
LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Letter:
    """A message, and where it goes."""

    distributor_id: UUID
    conversation_id: UUID
    phone_number_id: str
    sender: str
    text: str
    wamid: str


async def send(stack: Stack, text: str, sender: str | None, distributor: str | None, console: Console) -> None:
    """Send `text` through the signed webhook and print what the services made of it. Raises LocalStackError with what to do first."""
    letter = _letter(text, sender, distributor)
    headers = {"Authorization": f"Bearer {token_for(stack, letter.distributor_id, Role.OPERATOR)}"}
    secret = stack.environment("ingest")["COMANDA_WHATSAPP_APP_SECRET"]
    async with aiohttp.ClientSession(headers=headers) as session:
        body = webhook(text_message(letter.phone_number_id, letter.sender, letter.text, letter.wamid))
        try:
            status = await signed_post(session, stack.url("ingest") + "/webhooks/whatsapp", secret, body)
        except aiohttp.ClientConnectionError:
            raise LocalStackError("nothing runs here; start it with `comanda up`") from None
        if status != HTTPStatus.OK:
            raise LocalStackError(f"the webhook was answered with {status}; seed the system first: `comanda seed`")
        console.print(f"[cyan]{letter.sender}[/] {letter.text}")
        message = await _understood(session, stack, letter)
        answer = await _answer(session, stack, letter, message["thread_position"])
        _show(message, answer, await _order(session, stack, letter), console)


def _letter(text: str, sender: str | None, distributor: str | None) -> Letter:
    contents = {each.distributor.subdomain: each for each in seed_content.read(CONTENT)}
    name = distributor or "harbor-foods"
    if name not in contents:
        raise LocalStackError(f"there is no distributor {name}; there are {', '.join(sorted(contents))}")
    content = contents[name]
    customers = {
        contact.address: customer.id for customer in content.customers for contact in customer.contacts if contact.channel is Channel.WHATSAPP
    }
    number = sender or next(iter(customers))
    tenant = content.distributor.id
    whose = customers.get(number) or contact_id(tenant, Channel.WHATSAPP, number)
    return Letter(tenant, conversation_id(tenant, Channel.WHATSAPP, whose), content.whatsapp.phone_number_id, number, text, f"wamid.{uuid4()}")


async def _understood(session: aiohttp.ClientSession, stack: Stack, letter: Letter) -> dict[str, Any]:
    """Wait until the message is stored and analyzed."""
    deadline = time.monotonic() + UNDERSTOOD_WITHIN_SECONDS
    while time.monotonic() < deadline:
        for message in await _messages(session, stack, letter, after=0):
            if message["external_message_id"] == letter.wamid and message["ai_processed"]:
                return message
        await asyncio.sleep(LOOK_SECONDS)
    raise LocalStackError(f"the message was not understood within {UNDERSTOOD_WITHIN_SECONDS:.0f} s; look into `comanda logs`")


async def _answer(session: aiohttp.ClientSession, stack: Stack, letter: Letter, after: int) -> str | None:
    """Wait a moment for an answer; many messages get none."""
    deadline = time.monotonic() + ANSWERED_WITHIN_SECONDS
    while time.monotonic() < deadline:
        for message in await _messages(session, stack, letter, after):
            if not message["is_from_customer"]:
                return message["content"]
        await asyncio.sleep(LOOK_SECONDS)
    return None


async def _messages(session: aiohttp.ClientSession, stack: Stack, letter: Letter, after: int) -> list[dict[str, Any]]:
    """Return the conversation's messages behind place `after`, page by page."""
    url = f"{stack.url('message_store')}/v1/conversations/{letter.conversation_id}/messages"
    found: list[dict[str, Any]] = []
    following: str | None = "start"
    while following:
        async with session.get(url, params={"after": following, "limit": 200}) as response:
            if response.status != HTTPStatus.OK:
                return found
            page = await response.json()
        found += [message for message in page["items"] if message["thread_position"] > after]
        following = page["next"]
    return found


async def _order(session: aiohttp.ClientSession, stack: Stack, letter: Letter) -> dict[str, Any] | None:
    async with session.get(f"{stack.url('order_session')}/v1/conversations/{letter.conversation_id}/session") as response:
        return await response.json() if response.status == HTTPStatus.OK else None


def _show(message: dict[str, Any], answer: str | None, order: dict[str, Any] | None, console: Console) -> None:
    console.print(f"understood as [bold]{message['ai_extracted_intent']}[/], confidence {message['ai_confidence']}")
    if order:
        table = Table("quantity", "unit", "product", "found by", title=f"order session: {order['outcome'] or order['status']}")
        for item in order["items"]:
            product = item["product"]
            unit = item["unit"] or (product["unit"] if product else "")
            table.add_row(item["quantity"], unit, product["name"] if product else item["phrase"], item["method"])
        console.print(table)
    if answer:
        console.print(f"[green]{answer}[/]")
