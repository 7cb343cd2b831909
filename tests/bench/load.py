"""The messages that the benchmarks send: many conversations of some distributors, interleaved."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4, uuid5

from aiokafka import AIOKafkaProducer

from libs import cloud_events
from schemas.contact import Channel, Sender, contact_id, conversation_id
from schemas.event import Envelope
from schemas.message_received import MessageReceived

NAMESPACE = UUID("2f8c1d8e-58a4-4d5c-9c0e-7d5a3d1b9a10")
DISTRIBUTORS = 20
CONTACTS_EACH = 100
TEXT = "Good morning, please send 3 cs whole milk, 2 doz large eggs and 5 lb of butter for tomorrow, thanks"


def messages(count: int) -> Iterator[MessageReceived]:
    """Yield `count` messages of DISTRIBUTORS × CONTACTS_EACH conversations in turn."""
    run = uuid4().hex[:8]
    for number in range(count):
        tenant = uuid5(NAMESPACE, f"distributor/{number % DISTRIBUTORS}")
        address = f"+1555{number // DISTRIBUTORS % CONTACTS_EACH:07d}"
        now = datetime.now(UTC)
        yield MessageReceived(
            distributor_id=tenant,
            occurred_at=now,
            conversation_id=conversation_id(tenant, Channel.WHATSAPP, contact_id(tenant, Channel.WHATSAPP, address)),
            channel=Channel.WHATSAPP,
            integration_id=uuid5(tenant, "integration"),
            channel_account="15550001001",
            external_message_id=f"wamid.{run}.{number}",
            sender=Sender(address=address, display_name="Bench"),
            content=TEXT,
            sent_at=now,
        )


async def publish(bootstrap: str, topic: str, count: int) -> None:
    """Put `count` messages on `topic`."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, max_batch_size=500_000)
    await producer.start()
    try:
        waiting: list[asyncio.Future[object]] = []
        for event in messages(count):
            event_id = uuid4()
            headers, value = cloud_events.encode(event, Envelope(id=event_id, source="bench", correlation_id=event_id))
            waiting.append(await producer.send(topic, value, key=event.key.encode(), headers=headers))
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()
