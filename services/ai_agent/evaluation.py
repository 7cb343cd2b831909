"""Training data read anew, and how much of it comes out right."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any

from libs.llm import client
from libs.llm.call import CallFailed, Question
from libs.llm.client import Client
from schemas.ai_call_recorded import AgentType
from schemas.analysis import Analysis
from services.ai_agent.agents import LEFT_TO_A_PERSON
from services.ai_agent.analyzer import analyze
from services.ai_agent.check import NotInTheText, checked
from services.ai_agent.forms import MessageRead
from services.ai_agent.learning import reading_of
from services.ai_agent.prompts import BUILT_IN, FRAME, data
from services.ai_agent.prompts_store import PromptVersion
from services.ai_agent.redaction import redact
from services.ai_agent.settings import AiModels
from services.ai_agent.training_store import Example

AT_ONCE = 20

Reading = Mapping[str, Any]
"""A meaning in the form in which models answer."""
Read = Callable[[Client | None, Example], Awaitable[Reading | None]]


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads examples; `read` gets a client where it `asks`."""

    name: str
    read: Read
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """How many examples were read without a fault, and how well their lines were found."""

    examples: int
    right: int
    found: int
    expected: int
    hits: int

    @property
    def f1(self) -> float:
        """The harmonic mean of how many of the lines found are right and how many of the right ones were found."""
        return 2 * self.hits / (self.found + self.expected) if self.found + self.expected else 1.0

    def is_worse_than(self, other: "Score") -> bool:
        """Tell whether fewer examples come out right, or the same number with poorer lines."""
        return (self.right, round(self.f1, 6)) < (other.right, round(other.f1, 6))


async def _read_locally(_: Client | None, example: Example) -> Reading:
    return reading_of(analyze(example.input_text, example.created_at.date()), example.input_text)


async def _as_recorded(_: Client | None, example: Example) -> Reading | None:
    return example.actual_output


LOCAL = Reader("local", _read_locally)
RECORDED = Reader("what was made of it then", _as_recorded)


def reader_for(settings: AiModels, known: Sequence[PromptVersion], version: str | None, agent_type: AgentType) -> Reader:
    """Return who reads by a version, or by the one in force. Raises LookupError where there is none of this name."""
    if version is None:
        found = next((each for each in sorted(known, key=lambda each: not each.distributor_id.int) if each.status == "ACTIVE"), None)
    else:
        found = next((each for each in known if each.version == version), None)
        if found is None and version != BUILT_IN[agent_type].version:
            raise LookupError(f"there is no version {version} of {agent_type}")
    name, text = (found.version, found.text) if found else (BUILT_IN[agent_type].version, BUILT_IN[agent_type].text)

    async def read(asked: Client | None, example: Example) -> Reading | None:
        assert asked is not None
        found = await _ask(asked, settings, text, example.input_text, example.created_at.date(), **example.input_context)
        return reading_of(found, example.input_text) if found else None

    return Reader(name, read, asks=True)


async def analyze_by_model(settings: AiModels, texts: Sequence[str], day: date) -> list[Analysis]:
    """Let the first model read texts by the built-in prompt. Where it gives no answer that holds, the text is left to a person."""
    places = asyncio.Semaphore(AT_ONCE)

    async def read(text: str) -> Analysis:
        async with places:
            return await _ask(asked, settings, BUILT_IN[AgentType.MESSAGE_ANALYSIS].text, text, day) or LEFT_TO_A_PERSON

    async with client.opened(settings.server) as asked:
        return await asyncio.gather(*map(read, texts))


async def _ask(asked: Client, settings: AiModels, instructions: str, text: str, day: date, **context: object) -> Analysis | None:
    assert settings.ai_model is not None
    question = Question(
        model=settings.ai_model,
        instructions=instructions + FRAME,
        text=data(message=redact(text), today=day, weekday=day.strftime("%A"), **context),
        answer=MessageRead,
    )
    try:
        return checked((await asked.ask(question, settings.ai_timeout_seconds)).answer, text, day)
    except (CallFailed, NotInTheText):
        return None


async def compare(settings: AiModels, examples: Sequence[Example], *readers: Reader) -> list[Score]:
    """Let each reader read all examples."""
    async with AsyncExitStack() as stack:
        asked = await stack.enter_async_context(client.opened(settings.server)) if any(reader.asks for reader in readers) else None
        return [await _score(reader, asked, examples) for reader in readers]


async def _score(reader: Reader, asked: Client | None, examples: Sequence[Example]) -> Score:
    places = asyncio.Semaphore(AT_ONCE)

    async def read(example: Example) -> Reading | None:
        async with places:
            return await reader.read(asked, example)

    readings = await asyncio.gather(*(read(example) for example in examples))
    pairs = [(_lines(reading or {}), _lines(example.expected_output)) for reading, example in zip(readings, examples, strict=True)]
    return Score(
        examples=len(examples),
        right=sum(reading is not None and found == expected for reading, (found, expected) in zip(readings, pairs, strict=True)),
        found=sum(found.total() for found, _ in pairs),
        expected=sum(expected.total() for _, expected in pairs),
        hits=sum((found & expected).total() for found, expected in pairs),
    )


def _lines(reading: Reading) -> Counter[tuple[Any, ...]]:
    """The lines as they are compared: what is done with how much of what."""
    lines: Sequence[Mapping[str, Any]] = reading.get("lines", ())
    return Counter((line.get("operation", "add"), _number(line.get("quantity")), line.get("unit"), _words(line.get("product"))) for line in lines)


def _number(quantity: object) -> float | None:
    return float(str(quantity)) if quantity is not None else None


def _words(product: str | None) -> str:
    return " ".join((product or "").casefold().split())
