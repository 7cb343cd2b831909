"""Personal data: texts a second of the recognizers alone, and messages a second of the job that scans what is stored."""

import time
from itertools import cycle, islice
from uuid import uuid4

from libs import pii, postgres
from libs.service import Service
from libs.settings import Settings
from schemas.event import Envelope
from services.message_store.on_message_received import on_messages_received
from services.message_store.pii.scan_due import scan_due
from tests.bench import load

BATCH = 500
TEXTS = (
    load.TEXT,
    "2 cs tomatoes #10",
    "where is my order?",
    "ok thanks",
    "add 4 bags of onions 50lb and take off the butter pls",
    "call me at 212-555-0100",
)
WITH_A_CARD = "charge it to 4111 1111 1111 1111 please"
MESSAGES_FOR_ONE_WITH_A_CARD = 100


def detect(count: int) -> float:
    """Texts a second of the recognizers that are on by default, on short messages."""
    texts = list(islice(cycle(TEXTS), count))
    pii.detect(" ".join(TEXTS))
    started = time.perf_counter()
    for text in texts:
        pii.detect(text)
    return count / (time.perf_counter() - started)


async def scan(settings: Settings, count: int) -> tuple[float, float]:
    """Messages a second that are stored, handler and outbox included, and then scanned; one in a hundred is masked, one in six flagged."""
    service = Service("message_store", settings, {}, [])
    service._pool = pool = await postgres.create_pool(settings.database_url.get_secret_value(), "message_store", 4)  # pyright: ignore[reportPrivateUsage]
    events = [
        event.model_copy(update={"content": WITH_A_CARD if number % MESSAGES_FOR_ONE_WITH_A_CARD == 0 else TEXTS[number % len(TEXTS)]}).arrived_in(
            Envelope(id=uuid4(), source="bench", correlation_id=uuid4())
        )
        for number, event in enumerate(load.messages(count))
    ]
    try:
        started = time.perf_counter()
        for begin in range(0, count, BATCH):
            batch = events[begin : begin + BATCH]
            async with postgres.tenant_transaction(pool, {event.distributor_id for event in batch}) as tx:
                await on_messages_received(batch, tx)
        stored = time.perf_counter()
        scanned = 0
        while done := await scan_due(service):
            scanned += done
        return count / (stored - started), scanned / (time.perf_counter() - stored)
    finally:
        await pool.close()
