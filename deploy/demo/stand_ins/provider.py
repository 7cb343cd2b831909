"""A stand-in for Meta: the send endpoint of the WhatsApp Cloud API, which keeps what it was given."""

import asyncio
import hmac
import time
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

from aiohttp import web

from deploy.demo.stand_ins.behaviour import BehavingServer, Behaviour

INVALID_TOKEN_CODE = 190
INVALID_PARAMETER_CODE = 100
LONGEST_TEXT = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message that the provider took."""

    wamid: str
    phone_number_id: str
    to: str
    text: str
    callback_data: str
    """Our message id, as `biz_opaque_callback_data` carried it."""
    at: float
    """Seconds since 1970."""
    template: str | None = None
    """Name and language of the template that `text` was put into."""


class Provider(BehavingServer):
    """`POST /{phone_number_id}/messages` as the Cloud API has it; `GET /sent` and `POST /behaviour` for who looks on."""

    def __init__(self, access_token: str, port: int = 0) -> None:
        routes = [
            web.post("/{phone_number_id}/messages", self._send),
            web.get("/sent", self._list_sent),
            web.post("/behaviour", self._set_behaviour),
        ]
        super().__init__(routes, port)
        self.sent: list[Sent] = []
        self.at_once = 0
        self.most_at_once_of_one_number = 0
        self._access_token = access_token
        self._under_way: dict[str, int] = {}
        self._numbers = count(1)

    async def _send(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {self._access_token}"):
            return _error(401, INVALID_TOKEN_CODE)
        message: dict[str, Any] = await request.json()
        to = str(message.get("to", ""))
        self._under_way[to] = self._under_way.get(to, 0) + 1
        self.at_once = max(self.at_once, sum(self._under_way.values()))
        self.most_at_once_of_one_number = max(self.most_at_once_of_one_number, self._under_way[to])
        try:
            return await self._answer(request.match_info["phone_number_id"], to, message)
        finally:
            self._under_way[to] -= 1

    async def _answer(self, phone_number_id: str, to: str, message: dict[str, Any]) -> web.Response:
        behaviour = self.next_behaviour()
        template, text = _content(message)
        if message.get("messaging_product") != "whatsapp" or not to or not 1 <= len(text) <= LONGEST_TEXT:
            return _error(400, INVALID_PARAMETER_CODE)
        taken: Sent | None = None
        if behaviour.takes:
            taken = Sent(
                wamid=f"wamid.stand-in-{next(self._numbers)}",
                phone_number_id=phone_number_id,
                to=to,
                text=text,
                callback_data=str(message.get("biz_opaque_callback_data", "")),
                at=time.time(),
                template=template,
            )
            self.sent.append(taken)
        await asyncio.sleep(behaviour.delay_seconds)
        if taken is None or behaviour.refuses:
            return _error(behaviour.status, behaviour.error_code, behaviour.headers())
        contacts = [{"input": to, "wa_id": to.lstrip("+")}]
        return web.json_response({"messaging_product": "whatsapp", "contacts": contacts, "messages": [{"id": taken.wamid}]})

    async def _list_sent(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(each) for each in self.sent])

    async def _set_behaviour(self, request: web.Request) -> web.Response:
        self.behaviour = Behaviour(**await request.json())
        return web.json_response(asdict(self.behaviour))


def _content(message: dict[str, Any]) -> tuple[str | None, str]:
    """Return the template, if any, and the text; an empty one for what is not understood."""
    match message:
        case {"type": "text", "text": {"body": str(text)}}:
            return None, text
        case {
            "type": "template",
            "template": {
                "name": str(name),
                "language": {"code": str(language)},
                "components": [{"type": "body", "parameters": [{"type": "text", "text": str(text)}]}],
            },
        } if not set(text) & {"\n", "\t"}:
            return f"{name}/{language}", text
        case _:
            return None, ""


def _error(status: int, code: int, headers: dict[str, str] | None = None) -> web.Response:
    body = {"error": {"message": f"(#{code}) stand-in", "type": "OAuthException", "code": code, "fbtrace_id": "stand-in"}}
    return web.json_response(body, status=status, headers=headers)
