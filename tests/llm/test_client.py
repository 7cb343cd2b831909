"""A real server is asked by both endpoints: answers, costs, and every way that it fails."""

import asyncio
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from libs.llm import client, prices
from libs.llm.call import Api, CallFailed, ErrorType, Form, Question, Usage
from libs.llm.client import Client, Server
from libs.llm.prices import Price
from tests.llm.model_server import KEY, MODEL, Behaviour, ModelServer

both = pytest.mark.parametrize("api", list(Api))


class Colour(Form):
    """A colour, if there is one."""

    name: str
    shade: str | None


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer(lambda data, _: {"name": data["likes"], "shade": None}) as running:
        yield running


@pytest_asyncio.fixture
async def asked(server: ModelServer, api: Api) -> AsyncIterator[Client]:
    async with client.opened(Server(base_url=server.base_url, api_key=SecretStr(KEY), api=api)) as opened:
        yield opened


def question(**more: Any) -> Question[Colour]:
    return Question(model=MODEL, instructions="Name the colour.", text='{"likes": "blue"}', answer=Colour, **more)


@both
async def test_the_answer_comes_in_its_form_with_what_it_used(server: ModelServer, asked: Client) -> None:
    answered = await asked.ask(question(examples=(('{"likes": "red"}', '{"name": "red", "shade": null}'),)), 5)

    assert answered.answer == Colour(name="blue", shade=None)
    assert answered.usage == Usage(input_tokens=100, cached_tokens=40, output_tokens=20, reasoning_tokens=5)
    assert answered.request_id == "req_1"
    [call] = server.asked
    assert call.instructions == "Name the colour."
    schema = call.body["text"]["format"]["schema"] if asked.api is Api.RESPONSES else call.body["response_format"]["json_schema"]["schema"]
    assert schema["required"] == ["name", "shade"]
    assert schema["additionalProperties"] is False
    turns = call.body.get("input") or call.body["messages"][1:]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]


@both
async def test_a_picture_is_sent_beside_the_text(server: ModelServer, asked: Client) -> None:
    await asked.ask(question(images=("data:image/png;base64,AAAA",)), 5)
    content = (server.asked[0].body.get("input") or server.asked[0].body["messages"])[-1]["content"]
    assert [part["type"] for part in content] in (["input_text", "input_image"], ["text", "image_url"])


@both
@pytest.mark.parametrize(
    ("behaviour", "error_type", "detail", "attempts", "cost_unknown"),
    [
        (Behaviour(status=429, retry_after="0"), ErrorType.RATE_LIMIT, "HTTP 429 a_code", 3, False),
        (Behaviour(status=500, retry_after="0"), ErrorType.UNAVAILABLE, "HTTP 500 a_code", 3, False),
        (Behaviour(status=503, retry_after="0"), ErrorType.UNAVAILABLE, "HTTP 503 a_code", 3, False),
        (Behaviour(status=400), ErrorType.UNAVAILABLE, "HTTP 400 a_code", 1, False),
        (Behaviour(status=404), ErrorType.UNAVAILABLE, "HTTP 404 a_code", 1, False),
        (Behaviour(refuses=True), ErrorType.REFUSAL, "the model refused to answer", 1, False),
        (Behaviour(incomplete=True, text='{"name": "bl'), ErrorType.INCOMPLETE, "the answer ended early: ", 1, False),
        (Behaviour(text='{"name": "bl'), ErrorType.SCHEMA, "the answer is not in its form: json_invalid", 1, False),
        (Behaviour(text='{"name": 7, "shade": null}'), ErrorType.SCHEMA, "the answer is not in its form: string_type name", 1, False),
        (Behaviour(text='{"name": "a", "shade": null, "price": 1}'), ErrorType.SCHEMA, "the answer is not in its form: extra_forbidden", 1, False),
        (Behaviour(text='{"name": "a\\u0000", "shade": null}'), ErrorType.SCHEMA, "the answer holds a NUL", 1, False),
        (Behaviour(body="{not json"), ErrorType.SCHEMA, "the response is not OpenAI's", 1, True),
        (Behaviour(body="[]"), ErrorType.SCHEMA, "the response is not OpenAI's", 1, True),
        (Behaviour(cuts=True), ErrorType.UNAVAILABLE, "the connection failed", 1, True),
        (Behaviour(hangs=True), ErrorType.TIMEOUT, "no answer within 1.5 s", 1, True),
    ],
    ids=lambda value: None if isinstance(value, Behaviour) else str(value),
)
async def test_every_failure_has_a_name_and_says_nothing_of_what_was_asked(
    server: ModelServer, asked: Client, behaviour: Behaviour, error_type: ErrorType, detail: str, attempts: int, cost_unknown: bool
) -> None:
    server.behaviours[MODEL] = behaviour
    started = time.monotonic()

    with pytest.raises(CallFailed) as failed:
        await asked.ask(question(), 1.5)

    error = failed.value
    assert (error.error_type, error.attempts, error.cost_unknown) == (error_type, attempts, cost_unknown)
    assert error.detail.startswith(detail)
    assert "blue" not in error.detail
    assert len(server.asked) == attempts
    assert time.monotonic() - started < 5


@both
async def test_what_is_turned_away_once_succeeds_the_next_time(server: ModelServer, asked: Client) -> None:
    server.behaviours[MODEL] = Behaviour(status=503, retry_after="0", times=2)
    assert (await asked.ask(question(), 5)).answer.name == "blue"
    assert len(server.asked) == 3


async def test_a_server_that_is_not_there_costs_nothing() -> None:
    async with client.opened(Server(base_url="http://127.0.0.1:1/v1", api_key=SecretStr(KEY))) as opened:
        with pytest.raises(CallFailed) as failed:
            await opened.ask(question(), 5)
    assert (failed.value.error_type, failed.value.cost_unknown) == (ErrorType.UNAVAILABLE, False)


async def test_a_wrong_key_is_said_and_not_tried_again(server: ModelServer) -> None:
    async with client.opened(Server(base_url=server.base_url, api_key=SecretStr("wrong"))) as opened:
        with pytest.raises(CallFailed, match="HTTP 401 invalid_api_key") as failed:
            await opened.ask(question(), 5)
    assert not failed.value.retryable


@pytest.mark.parametrize("api", [Api.RESPONSES])
async def test_many_are_asked_at_once(server: ModelServer, asked: Client) -> None:
    server.behaviours[MODEL] = Behaviour(delay_seconds=0.5)
    await asyncio.gather(*(asked.ask(question(), 10) for _ in range(50)))
    assert server.most_at_once == 50


def test_a_call_costs_what_its_tokens_do_and_never_more_than_was_foreseen() -> None:
    price = Price(input=Decimal(2), cached_input=Decimal("0.5"), output=Decimal(8))
    used = Usage(input_tokens=1_000, cached_tokens=400, output_tokens=100)
    assert prices.cost(price, used) == Decimal("0.002200")
    assert prices.cost(price, Usage(input_tokens=1)) == Decimal("0.000002")
    assert prices.most(price, question(most_output_tokens=100)) > prices.cost(price, Usage(input_tokens=60, output_tokens=100))
    assert prices.most_input_tokens(question()) > len("Name the colour.") + len('{"likes": "blue"}')
