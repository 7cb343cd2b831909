"""A database that answers nobody for a while costs callers a second each and us nothing; afterwards all goes on."""

import asyncio
import time
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import pytest_asyncio

from deploy.commands.migrate import migrate_all
from deploy.local.postgres import Postgres
from deploy.local.postgres import start as start_postgres
from libs import postgres
from libs.postgres import Pool
from services.ingest import intake
from services.ingest.intake import Intake, TooMuchAtOnce
from tests.conftest import PASSWORD
from tests.ingest.conftest import Ingest, Tenant, messages, running
from tests.ingest.providers import GATEWAY, TWILIO_SMS
from tests.libs.waiting import eventually
from tests.serving import Answer

ANSWER_WITHIN_SECONDS = 1.0
SLACK_SECONDS = 4.0
"""The machine may be busy; without a limit it would be a minute."""
AT_ONCE = 150
BODY = "x" * 19_000
MOST_GROWTH_BYTES = 40_000_000
"""Less than the bodies of all rounds together."""


@pytest_asyncio.fixture
async def own_server(folder: Path) -> AsyncIterator[Postgres]:
    """A PostgreSQL of this test's own."""
    server = start_postgres(folder)
    await migrate_all(server.admin_url, PASSWORD)
    yield server
    server.stop()


@contextmanager
def paused(server: Postgres) -> Generator[None]:
    """Let no process of the server run for a while (SIGSTOP)."""
    main = psutil.Process(int((server.cluster / "postmaster.pid").read_text().split()[0]))
    stopped = [main, *main.children(recursive=True)]
    for process in stopped:
        process.suspend()
    try:
        yield
    finally:
        for process in stopped:
            process.resume()


async def flood(ingest: Ingest, tenant: Tenant, first: int) -> list[Answer]:
    """Bring many messages at once."""
    return await asyncio.gather(*(ingest.call(GATEWAY.request(ingest, tenant, f"m{first + n}", BODY)) for n in range(AT_ONCE)))


async def is_ready(ingest: Ingest) -> bool:
    """Whether the service says that it is."""
    async with ingest.session.get("/health/ready") as response:
        return response.status == 200


async def test_while_the_database_stands_still_callers_are_sent_away_in_time_and_nothing_piles_up(own_server: Postgres) -> None:
    url = f"postgresql://ingest:{PASSWORD}@{urlsplit(own_server.admin_url).netloc.rpartition('@')[2]}/ingest"
    pool = await postgres.create_pool(url, "ingest", 2)
    known, unknown = await GATEWAY.connect(pool), await TWILIO_SMS.connect(pool)
    async with running(url, answer_within_seconds=ANSWER_WITHIN_SECONDS) as ingest:
        assert {answer.status for answer in await flood(ingest, known, 0)} <= {200, 503}
        before = psutil.Process().memory_info().rss
        with paused(own_server):
            for round_ in range(1, 11):
                began = time.monotonic()
                answers = await flood(ingest, known, round_ * AT_ONCE)
                assert time.monotonic() - began < ANSWER_WITHIN_SECONDS + SLACK_SECONDS
                assert {(answer.status, answer.headers["Retry-After"]) for answer in answers} == {(503, "5")}
            began = time.monotonic()
            assert (await ingest.call(TWILIO_SMS.request(ingest, unknown, "m1", "3 cs milk"))).status == 503
            assert not await is_ready(ingest)
            assert time.monotonic() - began < 2 * SLACK_SECONDS
            assert psutil.Process().memory_info().rss - before < MOST_GROWTH_BYTES

        await eventually(lambda: is_ready(ingest))

        async def all_are_taken() -> bool:
            return {answer.status for answer in await flood(ingest, known, AT_ONCE)} == {200}

        await eventually(all_are_taken)
        ids = [message.external_message_id for message in await messages(pool, known)]
        assert len(ids) == len(set(ids)) >= AT_ONCE
    await pool.close()


def test_so_many_calls_and_bytes_are_let_in_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MOST_CALLS", 2)
    monkeypatch.setattr(intake, "MOST_BYTES", 100)
    door = Intake()
    with door.admitted(60):
        with pytest.raises(TooMuchAtOnce), door.admitted(41):
            pass
        with door.admitted(40), pytest.raises(TooMuchAtOnce), door.admitted(0):
            pass
        with door.admitted(40):
            pass
    with door.admitted(100):
        pass


async def test_who_finds_the_house_full_is_asked_to_come_again(ingest: Ingest, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = await GATEWAY.connect(pool)
    monkeypatch.setattr(intake, "MOST_CALLS", 0)
    for way, whose in ((GATEWAY, tenant), (TWILIO_SMS, await TWILIO_SMS.connect(pool))):
        answer = await ingest.call(way.request(ingest, whose, "m1", "3 cs milk"))
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    monkeypatch.setattr(intake, "MOST_CALLS", 1)
    assert (await ingest.call(GATEWAY.request(ingest, tenant, "m1", "3 cs milk"))).status == 200
    assert len(await messages(pool, tenant)) == 1
