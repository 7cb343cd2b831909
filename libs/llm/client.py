"""Calls of a server that speaks OpenAI's protocol, by `responses` or by `chat.completions`."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from pydantic import SecretStr
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from libs.llm import chat, responses, transcriptions
from libs.llm.call import Answer, Answered, Api, CallFailed, ErrorType, Question
from libs.llm.failures import as_call_failed
from libs.llm.reply import Reply

ATTEMPTS = 3
LONGEST_PAUSE_SECONDS = 5.0
CONNECT_SECONDS = 5.0

_ASK: dict[Api, Callable[[Any, Question[Any]], Awaitable[Reply]]] = {Api.RESPONSES: responses.ask, Api.CHAT: chat.ask}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where models are, and how they are spoken to."""

    base_url: str
    api_key: SecretStr = field(repr=False)
    api: Api = Api.RESPONSES


@dataclass(frozen=True, slots=True)
class Client:
    """Asks the models of one server. Calls share its connections."""

    api: Api
    base_url: str
    openai: Any
    """An AsyncOpenAI."""

    async def ask(self, question: Question[Answer], within_seconds: float) -> Answered[Answer]:
        """Return the model's answer, checked against its form. Raises CallFailed, after at most `within_seconds`, whatever the server does.

        Repeated are calls that the server turned away for the moment (408, 409, 429, 5xx), never those that it may have worked on.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, CallFailed) and error.retryable and not error.cost_unknown),
            stop=stop_after_attempt(ATTEMPTS),
            wait=_pause,
            reraise=True,
        )
        try:
            async with asyncio.timeout(within_seconds):
                return await retrying(self._ask_once, question)
        except CallFailed as error:
            error.attempts = retrying.statistics.get("attempt_number", 1)
            raise
        except TimeoutError:
            attempts = retrying.statistics.get("attempt_number", 1)
            detail = f"no answer within {within_seconds:g} s"
            raise CallFailed(ErrorType.TIMEOUT, detail, retryable=True, cost_unknown=True, attempts=attempts) from None

    async def _ask_once(self, question: Question[Answer]) -> Answered[Answer]:
        try:
            ask = transcriptions.ask if question.audio else _ASK[self.api]
            reply = await ask(self.openai, question)
        except CallFailed:
            raise
        except Exception as error:
            raise as_call_failed(error) from None
        return reply.as_answered(question.answer)


def _pause(state: RetryCallState) -> float:
    """Return the seconds until the next attempt: what the server asks for, or growing ones, within bounds."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, CallFailed) else None
    pause = asked if asked is not None else 0.25 * 2**state.attempt_number * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, guards nothing
    return min(pause, LONGEST_PAUSE_SECONDS)


def warm_up() -> None:
    """Import what takes seconds to import, before anybody waits for it."""
    import_module("openai")


@asynccontextmanager
async def opened(server: Server) -> AsyncGenerator[Client]:
    """Open connections to a server; closed again with the block."""
    from httpx2 import Timeout  # noqa: PLC0415 - as below
    from openai import AsyncOpenAI  # noqa: PLC0415 - takes seconds to import, and not every installation has a model

    timeout = Timeout(None, connect=CONNECT_SECONDS)
    client = AsyncOpenAI(api_key=server.api_key.get_secret_value(), base_url=server.base_url, max_retries=0, timeout=timeout)
    async with client:
        yield Client(server.api, server.base_url, client)
