"""A service's API on a real port, called as users call it."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import uvicorn
from fastapi import APIRouter

from libs import auth
from libs.auth import Role
from libs.postgres import Pool
from libs.service import Service, application
from libs.settings import Settings

START_WITHIN_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Api:
    """Calls the routes as a user of one tenant."""

    url: str
    session: aiohttp.ClientSession
    settings: Settings
    distributor_id: UUID

    async def call(
        self,
        method: str,
        path: str,
        *,
        role: Role | None = Role.OWNER,
        tenant: UUID | None = None,
        key: str | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; `role` None sends no token, `key` None a new Idempotency-Key, "" none."""
        sent = {"Authorization": f"Bearer {auth.issue(self.settings, tenant or self.distributor_id, role)}"} if role else {}
        if method == "POST" and key != "":
            sent["Idempotency-Key"] = key or str(uuid4())
        async with self.session.request(method, path, json=json, headers={**sent, **(headers or {})}) as response:
            body = None if response.status == HTTPStatus.NO_CONTENT else await response.json()
            return Answer(response.status, body, dict(response.headers))


@asynccontextmanager
async def serving(name: str, pool: Pool, settings: Settings, api: APIRouter) -> AsyncGenerator[Api]:
    """Serve `api` on a free port, on this pool, without the service's consumer and relay."""
    this = Service(name, settings, {}, ())
    this._pool = pool  # pyright: ignore[reportPrivateUsage] - what Service.run does first
    app = application(this, api, lambda: None)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws="none", log_config=None))
        running = asyncio.create_task(server.serve([listening]))
        async with asyncio.timeout(START_WITHIN_SECONDS):
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
                await asyncio.sleep(0.01)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with aiohttp.ClientSession(url) as session:
            yield Api(url, session, settings, uuid4())
        server.should_exit = True
        await running
