"""A server that speaks OpenAI's protocol, by both endpoints, and answers as a test tells it to."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from deploy.demo.stand_ins.server import LocalServer

KEY = "sk-only-for-tests"
MODEL = "large"
SMALL = "small"

Answering = Callable[[dict[str, Any], str], dict[str, Any]]
"""Given the data that was asked about and the model, returns the answer in its form."""


@dataclass(slots=True)
class Behaviour:
    """How the server treats the calls of a model; `times` of them, None is for ever."""

    status: int = 200
    delay_seconds: float = 0.0
    until_at_once: int = 0
    """Answers nobody before so many have asked; then all."""
    hangs: bool = False
    """Takes the call and never answers."""
    cuts: bool = False
    """Ends the connection in the middle."""
    body: str | None = None
    """In place of a response."""
    text: str | None = None
    """In place of the model's answer."""
    refuses: bool = False
    incomplete: bool = False
    retry_after: str | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as it arrived."""

    path: str
    model: str
    body: dict[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        """What the model was to work on."""
        last = (self.body.get("input") or self.body["messages"])[-1]["content"]
        return json.loads(last if isinstance(last, str) else last[0]["text"])

    @property
    def instructions(self) -> str:
        """What the model was told to do."""
        return self.body.get("instructions") or self.body["messages"][0]["content"]


@dataclass(slots=True)
class Usage:
    """What the server counts for each call."""

    input_tokens: int = 100
    cached_tokens: int = 40
    output_tokens: int = 20
    reasoning_tokens: int = 5


class ModelServer(LocalServer):
    """`POST /v1/responses`, `/v1/chat/completions` and `/v1/audio/transcriptions`."""

    def __init__(self, answering: Answering) -> None:
        routes = {"responses": self._responses, "chat/completions": self._chat, "audio/transcriptions": self._listen}
        super().__init__([web.post(f"/v1/{path}", handle) for path, handle in routes.items()])
        self.answering = answering
        self.behaviours: dict[str, Behaviour] = {}
        self.usage = Usage()
        self.asked: list[Asked] = []
        self.answered: list[Asked] = []
        self.heard: list[tuple[str, bytes]] = []
        self.says = ""
        self.at_once = 0
        self.most_at_once = 0
        self._let_go = asyncio.Event()
        self._enough = asyncio.Event()

    async def __aexit__(self, *error: object) -> None:
        self._let_go.set()
        await super().__aexit__(*error)

    @property
    def base_url(self) -> str:
        """What a client is to be told."""
        return f"{self.url}/v1"

    async def _responses(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, self._as_response)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, self._as_completion)

    async def _listen(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        self.heard.append((file.filename, file.file.read()))
        return web.json_response({"text": self.says, "usage": {"type": "duration", "seconds": 30}})

    async def _answer(self, request: web.Request, form: Callable[[str, str, Behaviour], dict[str, Any]]) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"error": {"code": "invalid_api_key", "message": "…"}}, status=401)
        body = await request.json()
        asked = Asked(request.path, body["model"], body)
        self.asked.append(asked)
        behaviour = self._next(asked.model)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._behave(request, asked, behaviour, form)
        finally:
            self.at_once -= 1

    async def _behave(
        self, request: web.Request, asked: Asked, behaviour: Behaviour, form: Callable[[str, str, Behaviour], dict[str, Any]]
    ) -> web.StreamResponse:
        if behaviour.hangs:
            await self._let_go.wait()
        if self.at_once >= behaviour.until_at_once:
            self._enough.set()
        await self._enough.wait()
        await asyncio.sleep(behaviour.delay_seconds)
        if behaviour.cuts and request.transport:
            request.transport.close()
        if behaviour.status != web.HTTPOk.status_code:
            headers = {"Retry-After": behaviour.retry_after} if behaviour.retry_after else {}
            error = {"error": {"code": "a_code", "message": f"you wrote {asked.body}"}}
            return web.json_response(error, status=behaviour.status, headers=headers)
        if behaviour.body is not None:
            return web.Response(text=behaviour.body, content_type="application/json")
        text = behaviour.text if behaviour.text is not None else json.dumps(self.answering(asked.data, asked.model))
        self.answered.append(asked)
        return web.json_response(form(asked.model, text, behaviour), headers={"x-request-id": f"req_{len(self.asked)}"})

    def _next(self, model: str) -> Behaviour:
        behaviour = self.behaviours.get(model, Behaviour())
        if behaviour.times is None:
            return behaviour
        if behaviour.times == 0:
            return Behaviour()
        behaviour.times -= 1
        return behaviour

    def _as_response(self, model: str, text: str, behaviour: Behaviour) -> dict[str, Any]:
        part = {"type": "refusal", "refusal": "no"} if behaviour.refuses else {"type": "output_text", "text": text, "annotations": []}
        usage = self.usage
        return {
            "id": f"resp_{len(self.asked)}",
            "object": "response",
            "model": model,
            "status": "incomplete" if behaviour.incomplete else "completed",
            "incomplete_details": {"reason": "max_output_tokens"} if behaviour.incomplete else None,
            "output": [{"type": "reasoning", "summary": []}, {"type": "message", "role": "assistant", "content": [part]}],
            "usage": {
                "input_tokens": usage.input_tokens,
                "input_tokens_details": {"cached_tokens": usage.cached_tokens},
                "output_tokens": usage.output_tokens,
                "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
                "total_tokens": usage.input_tokens + usage.output_tokens,
            },
        }

    def _as_completion(self, model: str, text: str, behaviour: Behaviour) -> dict[str, Any]:
        message = {"role": "assistant", "content": None, "refusal": "no"} if behaviour.refuses else {"role": "assistant", "content": text}
        usage = self.usage
        return {
            "id": f"chatcmpl-{len(self.asked)}",
            "object": "chat.completion",
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": "length" if behaviour.incomplete else "stop"}],
            "usage": {
                "prompt_tokens": usage.input_tokens,
                "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
                "completion_tokens": usage.output_tokens,
                "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
                "total_tokens": usage.input_tokens + usage.output_tokens,
            },
        }
