"""Personal data: texts a second of the recognizers alone, and messages a second of the job that scans what is stored.

`python -m tests.bench.pii` shows where the time of scanning goes.
"""

import asyncio
import base64
import cProfile
import os
import pstats
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import SecretStr

from deploy.commands.migrate import migrate_all
from deploy.local.postgres import start
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
PASSWORD = "only-for-the-benchmark"


def detect(count: int) -> float:
    """Texts a second of the recognizers that are on by default, on short messages."""
    texts = list(islice(cycle(TEXTS), count))
    pii.detect(" ".join(TEXTS))
    started = time.perf_counter()
    for text in texts:
        pii.detect(text)
    return count / (time.perf_counter() - started)


async def scan(settings: Settings, count: int, profile: cProfile.Profile | None = None) -> tuple[float, float]:
    """Messages a second that are stored, handler and outbox included, and then scanned; one in a hundred is masked, one in six flagged.

    With a `profile` the scanning is recorded in it.
    """
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
        if profile:
            profile.enable()
        while done := await scan_due(service):
            scanned += done
        if profile:
            profile.disable()
        return count / (stored - started), scanned / (time.perf_counter() - stored)
    finally:
        await pool.close()


def main() -> None:
    """Scan 10,000 messages on a PostgreSQL of its own, and print what took the time."""
    with tempfile.TemporaryDirectory(prefix="comanda-bench-") as folder:
        server = start(Path(folder))
        try:
            asyncio.run(migrate_all(server.admin_url, PASSWORD))
            host = urlsplit(server.admin_url).netloc.rpartition("@")[2]
            settings = Settings(
                database_url=SecretStr(f"postgresql://message_store:{PASSWORD}@{host}/message_store"),
                kafka_bootstrap="127.0.0.1:1",
                http_port=1,
                jwt_secret=SecretStr(PASSWORD * 4),
                master_key=SecretStr(base64.b64encode(os.urandom(32)).decode()),
            )
            profile = cProfile.Profile()
            asyncio.run(scan(settings, 10_000, profile))
        finally:
            server.stop()
    pstats.Stats(profile).strip_dirs().sort_stats("cumulative").print_stats(30)


if __name__ == "__main__":
    main()
