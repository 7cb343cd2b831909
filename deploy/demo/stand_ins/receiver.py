"""A stand-in for a distributor's own system: it receives our webhooks and checks each signature with the library that real receivers use."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from deploy.demo.stand_ins.server import LocalServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A webhook whose signature was right."""

    hook: str
    webhook_id: str
    event: dict[str, Any]
    at: float
    """Seconds since 1970."""


@dataclass(slots=True, kw_only=True)
class Hook:
    """One address of the receiver: the secret that it knows, and how it answers."""

    secret: str
    status: int = 200
    delay_seconds: float = 0.0
    headers: dict[str, str] | None = None
    times: int | None = None
    """How many more calls are answered so, before the answer is 200 again; None: all."""
    under_way: int = 0
    most_at_once: int = 0


class Receiver(LocalServer):
    """`POST /hooks/{name}` for each name that was told to `expect`; `GET /received` for who looks on."""

    def __init__(self, port: int = 0) -> None:
        super().__init__([web.post("/hooks/{name}", self._receive), web.get("/received", self._list)], port)
        self.hooks: dict[str, Hook] = {}
        self.received: list[Received] = []
        self.refused = 0
        """Calls whose signature was wrong."""

    def expect(self, name: str, secret: str) -> str:
        """Serve webhooks signed with `secret` (`whsec_…`). Returns the address."""
        self.hooks[name] = Hook(secret=secret)
        return f"{self.url}/hooks/{name}"

    async def _receive(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        hook = self.hooks.get(name)
        if hook is None:
            return web.Response(status=404)
        hook.under_way += 1
        hook.most_at_once = max(hook.most_at_once, hook.under_way)
        try:
            event = Webhook(hook.secret).verify(await request.read(), dict(request.headers))
            self.received.append(Received(hook=name, webhook_id=request.headers["webhook-id"], event=event, at=time.time()))
            return await _answer(hook)
        except WebhookVerificationError:
            self.refused += 1
            return web.Response(status=401)
        finally:
            hook.under_way -= 1

    async def _list(self, _: web.Request) -> web.Response:
        events = [{"hook": each.hook, "webhook_id": each.webhook_id, "event": each.event} for each in self.received]
        return web.json_response({"verified": len(self.received), "refused": self.refused, "events": events})


async def _answer(hook: Hook) -> web.Response:
    status, delay, headers = hook.status, hook.delay_seconds, hook.headers
    if hook.times is not None:
        hook.times -= 1
        if hook.times <= 0:
            hook.status, hook.delay_seconds, hook.headers, hook.times = 200, 0.0, None, None
    await asyncio.sleep(delay)
    return web.Response(status=status, headers=headers)
