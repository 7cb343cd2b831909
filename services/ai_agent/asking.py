"""Asking models down the ladder: the first that gives an answer which holds is taken, and every call is accounted for."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from libs.llm import prices
from libs.llm.breaker import Breaker
from libs.llm.call import Answer, Answered, CallFailed, ErrorType, Question, Usage
from libs.llm.client import Client
from libs.llm.prices import FREE, Price
from schemas.ai_call_recorded import AgentType
from services.ai_agent.budget import Wanted
from services.ai_agent.check import NotInTheText
from services.ai_agent.reserving import Reserver
from services.ai_agent.terms import Known

Result = TypeVar("Result")


class Breakers:
    """Which models are to be left alone for a while, each at its server, for as long as the process runs."""

    def __init__(self) -> None:
        self._breakers: defaultdict[tuple[str, str], Breaker] = defaultdict(Breaker)

    def of(self, client: Client, model: str) -> Breaker:
        """Return the breaker of a model: one that fails must not keep others from being asked."""
        return self._breakers[client.base_url, model]


@dataclass(frozen=True, slots=True)
class Rung:
    """A model, and whether its server works."""

    model: str
    client: Client
    breaker: Breaker


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A rung that was tried: what the model said and what that cost, or why there is nothing."""

    id: UUID
    agent_type: AgentType
    model: str
    prompt_version: str
    made: bool
    usage: Usage = field(default_factory=Usage)
    cost_usd: Decimal = Decimal(0)
    milliseconds: int = 0
    in_flight: int = 0
    request_id: str | None = None
    answer: dict[str, Any] = field(default_factory=dict[str, Any])
    stated_confidence: Decimal | None = None
    confidence: Decimal | None = None
    failure: CallFailed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Generic[Result]):
    """What came of asking: the result of the last call, or None where no model gave one."""

    result: Result | None
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks on behalf of tenants, within their budgets."""

    reserver: Reserver
    rungs: Sequence[Rung]
    breakers: Breakers
    within_seconds: float

    async def ask(
        self,
        known: Known,
        agent_type: AgentType,
        version: str,
        question_for: Callable[[str], Question[Answer]],
        check: Callable[[Answer], Result],
        *,
        rungs: Sequence[Rung] | None = None,
    ) -> Asked[Result]:
        """Ask one model after another until `check` takes an answer; it raises NotInTheText for what it does not take."""
        calls: list[Call] = []
        for rung in self.rungs_of(known) if rungs is None else rungs if may_ask(known) else ():
            call, result = await self._try(rung, known, agent_type, version, question_for(rung.model), check)
            calls.append(call)
            if call.failure is None:
                return Asked(result=result, calls=tuple(calls))
        return Asked(result=None, calls=tuple(calls))

    def rungs_of(self, known: Known) -> list[Rung]:
        """Return the models to ask for a tenant: its own takes the place of the first, where we know what it costs."""
        if not may_ask(known) or not self.rungs:
            return []
        first, *others = self.rungs
        wanted = known.terms.model_preference if known.terms else None
        if wanted and wanted != first.model and wanted in known.prices:
            first = Rung(wanted, first.client, self.breakers.of(first.client, wanted))
        return [first, *others]

    async def _try(
        self,
        rung: Rung,
        known: Known,
        agent_type: AgentType,
        version: str,
        question: Question[Answer],
        check: Callable[[Answer], Result],
    ) -> tuple[Call, Result | None]:
        call_id = uuid4()

        def ended(failure: CallFailed | None = None, **more: Any) -> Call:  # noqa: ANN401 - the other fields of Call
            fields: dict[str, Any] = {"made": False, **more}
            return Call(id=call_id, agent_type=agent_type, model=rung.model, prompt_version=version, failure=failure, **fields)

        price = known.prices.get(rung.model)
        if price is None and known.terms and known.terms.has_budget:
            return ended(CallFailed(ErrorType.BUDGET, "no price of this model is known", attempts=0)), None
        if not rung.breaker.allows(time.monotonic()):
            return ended(CallFailed(ErrorType.UNAVAILABLE, "left alone for a while after failures", retryable=True, attempts=0)), None
        most = prices.most(price or FREE, question)
        in_flight = await self.reserver.reserve(Wanted(distributor_id=known.distributor_id, call_id=call_id, model=rung.model, most_usd=most))
        if in_flight is None:
            return ended(CallFailed(ErrorType.BUDGET, "the month's budget has no room for this call", attempts=0)), None
        started = time.monotonic()
        made: dict[str, Any] = {"made": True, "in_flight": in_flight}
        try:
            answered = await rung.client.ask(question, self.within_seconds)
        except CallFailed as failure:
            _count(rung.breaker, failure)
            return ended(failure, **made, **_spent(failure, price or FREE, most), milliseconds=_since(started)), None
        rung.breaker.succeeded()
        made |= _used(answered, price or FREE) | {"milliseconds": _since(started)}
        try:
            return ended(**made), check(answered.answer)
        except NotInTheText as error:
            failure = CallFailed(ErrorType.SCHEMA, f"not in the text: {error}", request_id=answered.request_id)
            return ended(failure, **made), None


def may_ask(known: Known) -> bool:
    """Tell whether a tenant's messages may be shown to models: we know it, and it wants that."""
    return known.terms is not None and known.terms.ai_enabled


def _count(breaker: Breaker, failure: CallFailed) -> None:
    """Count what may pass against the server. Anything else is an answer to this one question."""
    if failure.retryable:
        breaker.failed(time.monotonic())
    else:
        breaker.succeeded()


def _spent(failure: CallFailed, price: Price, most: Decimal) -> dict[str, Any]:
    """What a call that failed has cost: by its tokens where we know them, all that it can where the provider may have worked in vain."""
    usage = failure.usage or Usage()
    cost = most if failure.cost_unknown else prices.cost(price, usage)
    return {"usage": usage, "cost_usd": cost, "request_id": failure.request_id}


def _used(answered: Answered[Any], price: Price) -> dict[str, Any]:
    """What a call that was answered has cost, and what it said."""
    answer = answered.answer.model_dump(mode="json")
    stated = Decimal(str(min(max(answer["confidence"], 0.0), 1.0))).quantize(Decimal("0.001"))
    cost = prices.cost(price, answered.usage)
    return {"usage": answered.usage, "cost_usd": cost, "request_id": answered.request_id, "answer": answer, "stated_confidence": stated}


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
