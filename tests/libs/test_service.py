"""A service as a real process: how it starts, answers, reports and ends."""

import json
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import aiohttp
import pytest_asyncio

from deploy.local.broker import Broker
from deploy.local.child import Child
from deploy.local.ports import free_port
from deploy.local.postgres import start as start_postgres
from libs import auth, postgres
from libs.auth import Role
from libs.postgres import Pool
from libs.settings import Settings
from tests.libs import notes, wire
from tests.libs.conftest import settings_for
from tests.libs.notes import NoteTaken, note
from tests.libs.test_consumer import all_kept, committed
from tests.libs.waiting import eventually, until
from tests.libs.wire import raw

BODY_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Running:
    """A started process, and a client of it."""

    process: Child
    http: aiohttp.ClientSession
    settings: Settings

    async def answers(self, path: str, status: int) -> dict[str, Any]:
        """Wait until `path` answers with `status`; returns its JSON."""

        async def ask() -> dict[str, Any] | None:
            assert self.process.alive(), self.process.last_lines()
            with suppress(aiohttp.ClientError, TimeoutError):
                async with self.http.get(path) as answer:
                    return await answer.json() if answer.status == status else None
            return None

        return await eventually(ask)

    def token(self, tenant: UUID, role: Role) -> dict[str, str]:
        """Headers of a user of `tenant`."""
        return {"Authorization": f"Bearer {auth.issue(self.settings, tenant, role)}"}


@asynccontextmanager
async def started(settings: Settings, topic: str, folder: Path) -> AsyncGenerator[Running]:
    """Run the miniature service as a process until the end of the block."""
    port = free_port()
    told = settings.model_copy(update={"http_port": port, "http_max_body_bytes": BODY_LIMIT})
    environment = {
        f"COMANDA_{name.upper()}": value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        for name, value in told.model_dump().items()
        if value is not None
    }
    process = Child(
        name="notes",
        arguments=[sys.executable, "-m", "tests.libs.note_service"],
        environment=os.environ | environment | {"NOTES_TOPIC": topic, "PYTHONWARNINGS": "error"},
        log=folder / "notes.log",
        folder=Path(__file__).parents[2],
    )
    process.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", timeout=aiohttp.ClientTimeout(total=10)) as http:
            yield Running(process, http, told)
    finally:
        process.stop()


@pytest_asyncio.fixture
async def service(running_settings: Settings, event_type: type[NoteTaken], folder: Path) -> AsyncIterator[Running]:
    """The miniature service, ready."""
    async with started(running_settings, event_type.topic, folder) as running:
        await running.answers("/health/ready", 200)
        yield running


async def _problem(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    """The problem in an answer, which must be one (RFC 9457)."""
    assert answer.content_type == "application/problem+json"
    problem = await answer.json()
    assert problem["status"] == answer.status
    assert problem["title"]
    assert problem["detail"]
    return problem


async def test_it_consumes_reports_and_ends_within_seconds_with_0(
    service: Running, pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker
) -> None:
    await wire.send(broker.bootstrap, event_type.topic, raw(note(event_type, tenant, "hello")))
    await all_kept(pool, tenant, "hello")

    async def is_published() -> bool:
        async with postgres.tenant_transaction(pool, [tenant]) as tx:
            return not await tx.fetchval("select count(*) from outbox")

    await eventually(is_published)
    assert await service.answers("/health/live", 200) == {"consumer": "ok"}
    async with service.http.get("/metrics") as answer:
        metrics = await answer.text()
    assert f'comanda_events_consumed_total{{outcome="done",topic="{event_type.topic}"}}' in metrics
    assert 'comanda_events_published_total{topic="reply.requested"}' in metrics
    asked = time.monotonic()
    service.process.send(signal.SIGTERM)
    await until(lambda: not service.process.alive())
    assert time.monotonic() - asked < 5
    assert service.process.exit_code == 0, service.process.last_lines()
    assert await committed(service.settings, event_type.topic) >= 1
    lines = [json.loads(line) for line in service.process.log.read_text().splitlines()]
    ours = [line for line in lines if line["event"].replace("_", "").isalnum()]
    assert [line["event"] for line in ours if line["level"] not in ("info", "warning")] == []
    assert ours[-1]["event"] == "service_stopped"
    assert "hello" not in service.process.log.read_text()


async def test_it_waits_for_a_database_that_is_not_there_yet_and_says_when_it_goes_away(
    tenant: UUID, event_type: type[NoteTaken], broker: Broker, settings: Settings, folder: Path
) -> None:
    server = start_postgres(folder / "postgres")
    try:
        await notes.create_template(server.admin_url)
        url = f"postgresql://{notes.TEMPLATE}:{notes.PASSWORD}@{urlsplit(server.admin_url).netloc.rpartition('@')[2]}/{notes.TEMPLATE}"
        server.stop()
        async with started(settings_for(broker, settings, url), event_type.topic, folder) as service:
            await service.answers("/health/live", 200)
            assert (await service.answers("/health/ready", 503))["database"] == "away"
            server.launch()
            await service.answers("/health/ready", 200)
            server.stop()
            assert (await service.answers("/health/ready", 503))["database"] == "away"
            async with service.http.get("/v1/notes", headers=service.token(tenant, Role.OPERATOR)) as answer:
                assert answer.status == 503
                assert answer.headers["Retry-After"]
                await _problem(answer)
            server.launch()
            await service.answers("/health/ready", 200)
            service.process.send(signal.SIGTERM)
            await until(lambda: not service.process.alive())
            assert service.process.exit_code == 0
    finally:
        server.stop()


async def test_sigterm_ends_it_while_it_still_waits_for_its_servers(settings: Settings, folder: Path) -> None:
    async with started(settings.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:1/none"}), "note.never", folder) as service:
        await service.answers("/health/live", 200)
        service.process.send(signal.SIGTERM)
        await until(lambda: not service.process.alive(), 5)
        assert service.process.exit_code == 0


async def test_it_does_not_start_with_settings_that_are_missing(folder: Path) -> None:
    process = Child(
        name="notes",
        arguments=[sys.executable, "-m", "tests.libs.note_service"],
        environment={"PATH": os.environ["PATH"], "NOTES_TOPIC": "note.never"},
        log=folder / "notes.log",
        folder=Path(__file__).parents[2],
    )
    process.start()
    try:
        await until(lambda: not process.alive())
        assert process.exit_code == 1
        assert "database_url" in process.last_lines(40)
    finally:
        process.stop()


async def test_an_api_answers_its_errors_as_problems(service: Running, tenant: UUID) -> None:
    admin = service.token(tenant, Role.ADMIN)
    with_key = admin | {"Idempotency-Key": "1", "Content-Type": "application/json"}
    async with service.http.get("/v1/notes") as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        await _problem(answer)
    async with service.http.get("/v1/notes", headers={"Authorization": "Bearer nonsense"}) as answer:
        assert answer.status == 401
        await _problem(answer)
    async with service.http.post(
        "/v1/notes", json={"content": "x"}, headers=service.token(tenant, Role.MANAGER) | {"Idempotency-Key": "1"}
    ) as answer:
        assert answer.status == 403
        assert "ADMIN" in (await _problem(answer))["detail"]
    async with service.http.post("/v1/notes", json={"content": "x"}, headers=admin) as answer:
        assert answer.status == 400
        assert (await _problem(answer))["errors"][0]["field"] == "header.Idempotency-Key"
    async with service.http.post("/v1/notes", data=b'{"content": ', headers=with_key) as answer:
        assert answer.status == 400
        await _problem(answer)
    async with service.http.post("/v1/notes", json={"content": 5}, headers=with_key) as answer:
        assert answer.status == 422
        assert (await _problem(answer))["errors"][0]["field"] == "body.content"
    for path, status in (("/v1/nowhere", 404), ("/v1/missing", 404), ("/v1/raw", 405), ("/v1/broken?word=swordfish", 500)):
        async with service.http.get(path, headers={"Connection": "close"}) as answer:
            assert answer.status == status
            assert "swordfish" not in json.dumps(await _problem(answer))
    async with service.http.post("/v1/notes", json={"content": "good"}, headers=with_key) as answer:
        assert answer.status == 201
    async with service.http.get("/v1/notes", headers=admin) as answer:
        assert await answer.json() == ["good"]


async def test_what_a_customer_wrote_is_in_no_log(service: Running, pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker) -> None:
    forbidden = note(event_type, tenant, "too long").model_copy(update={"conversation_id": uuid4()})
    await wire.send(broker.bootstrap, event_type.topic, raw(forbidden), raw(note(event_type, tenant, "fine")))
    await all_kept(pool, tenant, "fine")
    async with service.http.get("/v1/broken?word=swordfish", headers={"Connection": "close"}) as answer:
        assert answer.status == 500
    await until(lambda: "request_failed" in service.process.log.read_text())
    log = service.process.log.read_text()
    assert "event_failed" in log
    assert "CheckViolationError" in log
    assert "remember" in log, "where it failed is to be seen"
    for word in ("too long", "swordfish", str(forbidden.conversation_id)):
        assert word not in log


async def test_a_body_over_the_limit_is_refused_whatever_it_says_of_its_length(service: Running, tenant: UUID) -> None:
    async def in_pieces(size: int) -> AsyncIterator[bytes]:
        for _ in range(size // 1_000):
            yield b" " * 1_000

    headers = service.token(tenant, Role.ADMIN) | {"Idempotency-Key": "1", "Content-Type": "application/json"}
    for path in ("/v1/raw", "/v1/notes"):
        for body in (b" " * (BODY_LIMIT + 1), in_pieces(BODY_LIMIT * 2)):
            async with service.http.post(path, data=body, headers=headers) as answer:
                assert answer.status == 413, f"{path}: {await answer.text()}"
                assert str(BODY_LIMIT) in (await _problem(answer))["detail"]
    for body in (b" " * BODY_LIMIT, in_pieces(BODY_LIMIT)):
        async with service.http.post("/v1/raw", data=body) as answer:
            assert await answer.json() == BODY_LIMIT
    async with service.http.post("/v1/notes", json={"content": "good"}, headers=headers) as answer:
        assert answer.status == 201


async def test_it_forgets_what_is_old_by_itself(
    running_settings: Settings, pool: Pool, tenant: UUID, event_type: type[NoteTaken], folder: Path
) -> None:
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await tx.execute(
            """
            insert into inbox (distributor_id, consumer, event_id, received_at)
            values ($1, 'notes', uuidv7(), now() - interval '36 days'), ($1, 'notes', uuidv7(), now() - interval '34 days')
            """,
            tenant,
        )

    async def one_is_left() -> bool:
        async with postgres.tenant_transaction(pool, [tenant]) as tx:
            return await tx.fetchval("select count(*) from inbox") == 1

    async with started(running_settings, event_type.topic, folder) as service:
        await eventually(one_is_left)
        async with service.http.get("/metrics") as answer:
            assert 'comanda_rows_deleted_total{table="inbox"} 1.0' in await answer.text()
