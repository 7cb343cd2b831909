"""Customers who keep ordering whatever happens, and a provider that delivers again until it gets its 200."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import UUID, uuid4

import aiohttp

from deploy.demo.stand_ins.customer_messages import signed_post, text_message, webhook
from schemas.contact import Channel, conversation_id
from services.accounts.customer import NewContact, NewCustomer

DIALOGUE = ("3 cs whole milk and 2 cs bacon please", "make that 5", "that's all", "yes")
ORDERED = [("HF-10010", 3), ("HF-12029", 5)]
GIVE_UP_SECONDS = 5.0
DELIVER_AGAIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody with a number of their own."""

    id: UUID
    number: str


@dataclass(slots=True)
class Sent:
    """What was delivered: the ids of all messages, and how many dialogues each conversation has finished."""

    wamids: list[str] = field(default_factory=list[str])
    dialogues: dict[UUID, int] = field(default_factory=dict[UUID, int])
    deliveries: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Messages a second."""
        return len(self.wamids) / self.seconds


def invent(count: int) -> list[Customer]:
    """Return `count` customers."""
    return [Customer(uuid4(), f"+1555{8000000 + place}") for place in range(count)]


def as_new(customers: Sequence[Customer]) -> list[NewCustomer]:
    """Return the customers as accounts takes them in."""
    return [
        NewCustomer(
            id=customer.id,
            business_name=f"Customer {place}",
            customer_code=f"FAULT{place:04d}",
            contacts=tuple(NewContact(channel=channel, address=customer.number) for channel in (Channel.WHATSAPP, Channel.SMS)),
        )
        for place, customer in enumerate(customers)
    ]


class Provider:
    """Delivers the customers' messages, in the order of each, until `enough` is set and the dialogue in hand has ended."""

    def __init__(self, url: str, app_secret: str, phone_number_id: str, tenant: UUID) -> None:
        self._url = url
        self._app_secret = app_secret
        self._account = phone_number_id
        self._tenant = tenant
        self.enough = asyncio.Event()
        self.sent = Sent()

    async def deliver(self, customers: Sequence[Customer], each_second: float) -> Sent:
        """Let every customer write `each_second` messages a second. Returns what was delivered."""
        started = time.monotonic()
        timeout = aiohttp.ClientTimeout(total=GIVE_UP_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, asyncio.TaskGroup() as tasks:
            for customer in customers:
                tasks.create_task(self._write(session, customer, 1 / each_second))
        self.sent.seconds = time.monotonic() - started
        return self.sent

    async def _write(self, session: aiohttp.ClientSession, customer: Customer, pause: float) -> None:
        conversation = conversation_id(self._tenant, Channel.WHATSAPP, customer.id)
        due = time.monotonic()
        while not self.enough.is_set():
            for text in DIALOGUE:
                due = max(due + pause, time.monotonic())
                await asyncio.sleep(due - time.monotonic())
                await self._deliver(session, customer, text)
            self.sent.dialogues[conversation] = self.sent.dialogues.get(conversation, 0) + 1

    async def _deliver(self, session: aiohttp.ClientSession, customer: Customer, text: str) -> None:
        wamid = f"wamid.{uuid4()}"
        await self.deliver_until_taken(session, customer, text, wamid)
        self.sent.wamids.append(wamid)

    async def deliver_until_taken(self, session: aiohttp.ClientSession, customer: Customer, text: str, wamid: str) -> None:
        """Deliver one message, and again until it is answered with 200."""
        body = webhook(text_message(self._account, customer.number, text, wamid))
        while True:
            self.sent.deliveries += 1
            try:
                if await signed_post(session, self._url, self._app_secret, body) == HTTPStatus.OK:
                    return
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            await asyncio.sleep(DELIVER_AGAIN_SECONDS)
