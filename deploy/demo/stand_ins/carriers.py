"""Stand-ins for Twilio, SendGrid, Mailgun and Postmark: their send endpoints on one server, which keeps what it was given."""

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import encode_basic_auth, web

from deploy.demo.stand_ins.behaviour import BehavingServer

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A message that a provider took: its JSON, or its form, as it came."""

    provider: str
    path: str
    body: Json
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What the providers ask for."""

    twilio_account_sid: str
    twilio_auth_token: str
    sendgrid_api_key: str
    mailgun_api_key: str
    postmark_server_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manners:
    """How one provider words its answers; `needs` are the fields that a message must have, and not empty."""

    provider: str
    header: str
    secret: str
    needs: tuple[str, ...]
    success: int
    answer: Json = field(default_factory=dict[str, Any])
    id_field: str = "id"
    error: Json = field(default_factory=dict[str, Any])
    code_field: str | None = None


class Carriers(BehavingServer):
    """Checks the credentials and the form of each call as the provider does; its paths tell the providers apart."""

    def __init__(self, secrets: Secrets, port: int = 0) -> None:
        routes = [
            web.post(f"/2010-04-01/Accounts/{secrets.twilio_account_sid}/Messages.json", self._as(_twilio(secrets))),
            web.post("/v3/mail/send", self._as(_sendgrid(secrets))),
            web.post("/v3/{domain}/messages", self._as(_mailgun(secrets))),
            web.post("/email", self._as(_postmark(secrets))),
        ]
        super().__init__(routes, port)
        self.taken: list[Taken] = []
        self.calls = 0
        self._numbers = count(1)

    def _as(self, manners: _Manners) -> Any:  # noqa: ANN401 - aiohttp's own type for handlers is private
        async def answer(request: web.Request) -> web.Response:
            return await self._answer(manners, request)

        return answer

    async def _answer(self, manners: _Manners, request: web.Request) -> web.Response:
        self.calls += 1
        behaviour = self.next_behaviour()
        if request.headers.get(manners.header) != manners.secret:
            return _error(manners, 401, 20003, {})
        body: Json = await request.json() if request.content_type == "application/json" else {**await request.post()}
        if not all(body.get(name) for name in manners.needs):
            return _error(manners, 400, 21619, {})
        external_id = str(body.get("h:Message-ID") or f"{manners.provider}-{next(self._numbers)}")
        if behaviour.takes:
            self.taken.append(Taken(provider=manners.provider, path=request.path, body=body, external_id=external_id))
        await asyncio.sleep(behaviour.delay_seconds)
        if behaviour.refuses:
            return _error(manners, behaviour.status, behaviour.error_code, behaviour.headers())
        if not manners.answer:
            return web.Response(status=manners.success, headers={"X-Message-Id": external_id})
        return web.json_response(manners.answer | {manners.id_field: external_id}, status=manners.success)


def _twilio(secrets: Secrets) -> _Manners:
    return _Manners(
        provider="Twilio",
        header="Authorization",
        secret=encode_basic_auth(secrets.twilio_account_sid, secrets.twilio_auth_token),
        needs=("To",),
        success=201,
        answer={"status": "queued", "error_code": None},
        id_field="sid",
        error={"message": "stand-in"},
        code_field="code",
    )


def _sendgrid(secrets: Secrets) -> _Manners:
    return _Manners(
        provider="SendGrid",
        header="Authorization",
        secret=f"Bearer {secrets.sendgrid_api_key}",
        needs=("personalizations", "from", "subject", "content"),
        success=202,
        error={"errors": [{"message": "stand-in", "field": None, "help": None}]},
    )


def _mailgun(secrets: Secrets) -> _Manners:
    return _Manners(
        provider="Mailgun",
        header="Authorization",
        secret=encode_basic_auth("api", secrets.mailgun_api_key),
        needs=("from", "to", "subject", "text"),
        success=200,
        answer={"message": "Queued. Thank you."},
        error={"message": "stand-in"},
    )


def _postmark(secrets: Secrets) -> _Manners:
    return _Manners(
        provider="Postmark",
        header="X-Postmark-Server-Token",
        secret=secrets.postmark_server_token,
        needs=("From", "To", "TextBody"),
        success=200,
        answer={"ErrorCode": 0, "Message": "OK"},
        id_field="MessageID",
        error={"Message": "stand-in"},
        code_field="ErrorCode",
    )


def _error(manners: _Manners, status: int, code: int, headers: dict[str, str]) -> web.Response:
    body = manners.error | ({manners.code_field: code} if manners.code_field else {})
    return web.json_response(body, status=status, headers=headers)
