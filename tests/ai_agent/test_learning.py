"""Corrections become examples, confirmations and corrections become outcomes, and a confidence comes to mean what it says."""

import random
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs import postgres
from libs.postgres import Pool
from schemas.match import MatchingMethod
from schemas.message_analyzed import MessageAnalyzed
from schemas.order import OrderChannel, OrderLine, OrderStatus
from schemas.order_confirmed import OrderConfirmed
from schemas.order_corrected import OrderCorrected
from services.ai_agent import outcomes_store
from services.ai_agent.__main__ import CONSUMES, LOCAL
from services.ai_agent.calibration import NONE, Outcome, at_thresholds, fit, recommend
from tests.ai_agent.conftest import known, message, rows, work
from tests.consuming import arrived, consume, said
from tests.llm.model_server import MODEL, ModelServer


def line(number: int, quantity: int, words: str | None, unit: str = "case") -> OrderLine:
    return OrderLine(
        line_id=UUID(int=number),
        line_order=number,
        product_id=None,
        sku=None,
        product_name="Whole Milk",
        product_unit=unit,
        quantity=Decimal(quantity),
        unit_price=Decimal(1),
        line_price=Decimal(quantity),
        original_text=words,
        matching_method=MatchingMethod.EXACT_MATCH,
        matching_confidence=Decimal("0.9"),
    )


def order(tenant: UUID, conversation: UUID, *lines: OrderLine, before: tuple[OrderLine, ...] | None = None) -> Any:
    now = message(tenant).occurred_at
    fields: dict[str, Any] = {
        "distributor_id": tenant,
        "occurred_at": now,
        "order_id": UUID(int=1),
        "order_number": 7,
        "version": 2,
        "status": OrderStatus.CONFIRMED,
        "channel": OrderChannel.WHATSAPP,
        "customer_id": None,
        "customer_code": None,
        "customer_name": None,
        "conversation_id": conversation,
        "order_session_id": None,
        "received_at": now,
        "currency": "USD",
        "total_amount": Decimal(1),
        "ai_generated": True,
        "ai_confidence": None,
        "lines": lines,
    }
    if before is None:
        return arrived(OrderConfirmed(**fields))
    return arrived(OrderCorrected(**fields, corrected_by=uuid4(), previous_lines=before))


async def test_a_corrected_line_becomes_an_example_once(pool: Pool) -> None:
    tenant = uuid4()
    before = (line(1, 2, "2 cs whole milk, call +15550100001"), line(2, 1, "thanks for the eggs"), line(3, 5, "5 cs tea"), line(4, 1, None))
    corrected = order(tenant, uuid4(), line(1, 20, "2 cs whole milk, call +15550100001"), line(3, 5, "5 cs tea"), before=before)
    for _ in range(2):
        await consume(pool, "ai_agent", LOCAL, corrected)

    taught = {row["input_text"]: row for row in await rows(pool, tenant, "ai_training_data")}
    assert set(taught) == {"2 cs whole milk, call [PHONE]", "thanks for the eggs"}
    milk = taught["2 cs whole milk, call [PHONE]"]
    assert (milk["data_source"], milk["redacted"]) == ("CORRECTED_AI_OUTPUT", True)
    assert [each["quantity"] for each in milk["expected_output"]["lines"]] == [20]
    assert [each["quantity"] for each in milk["actual_output"]["lines"]] == [2]
    assert taught["thanks for the eggs"]["expected_output"]["lines"] == []
    assert await rows(pool, uuid4(), "ai_training_data") == []


async def test_answers_learn_what_became_of_them(pool: Pool, model: ModelServer) -> None:
    tenant, conversation = uuid4(), uuid4()
    await known(pool, tenant)
    texts = ["3 cases milk", "2 cases eggs", "hello"]
    for position, text in enumerate(texts, start=1):
        await consume(pool, "ai_agent", CONSUMES, message(tenant, text, conversation=conversation, position=position))
    await work(pool, model.base_url)

    await consume(pool, "ai_agent", CONSUMES, order(tenant, conversation, line(1, 3, "3 cases milk")))
    assert sorted(str(row["outcome"]) for row in await rows(pool, tenant, "ai_responses")) == ["CONFIRMED", "CONFIRMED", "None"]
    await consume(pool, "ai_agent", CONSUMES, order(tenant, conversation, before=(line(1, 3, "3 cases milk"),)))

    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        outcomes = await outcomes_store.select_outcomes(tx, tenant, MODEL)
        assert sorted(outcome.right for outcome in outcomes) == [False, True]
        assert await outcomes_store.select_models_with_outcomes(tx, tenant) == [MODEL]
    async with postgres.tenant_transaction(pool, [uuid4()]) as tx:
        assert await outcomes_store.select_outcomes(tx, tenant, MODEL) == []


async def test_a_calibrated_confidence_is_passed_on_and_the_stated_one_kept(pool: Pool, model: ModelServer) -> None:
    tenant = uuid4()
    await known(pool, tenant)
    async with postgres.tenant_transaction(pool, [tenant]) as tx:
        await outcomes_store.upsert_calibration(tx, tenant, MODEL, [(0.5, 0.2), (1.0, 0.6)], 100)
    await consume(pool, "ai_agent", CONSUMES, message(tenant, "3 cases milk"))
    await work(pool, model.base_url)
    [analyzed] = await said(pool, tenant, MessageAnalyzed)
    assert (analyzed.analysis.confidence, analyzed.analysis.lines[0].confidence) == (Decimal("0.520"), Decimal("0.520"))
    [response] = await rows(pool, tenant, "ai_responses")
    assert (response["confidence"], response["stated_confidence"]) == (Decimal("0.520"), Decimal("0.900"))


def _overconfident(number: int) -> list[Outcome]:
    """Answers that state what they like, and are right at half of it."""
    drawn = random.Random(7)
    return [Outcome(stated=stated, right=drawn.random() < stated / 2) for stated in (drawn.random() for _ in range(number))]


def test_a_confidence_comes_to_mean_what_it_says() -> None:
    calibration = fit(_overconfident(4_000))
    for stated in ("0.2", "0.5", "0.8"):
        assert abs(calibration.of(Decimal(stated)) - Decimal(stated) / 2) < Decimal("0.06")
    values = [calibration.of(Decimal(step) / 100) for step in range(101)]
    assert values == sorted(values)
    assert 0 <= values[0] <= values[-1] < 1


def test_too_few_outcomes_change_nothing() -> None:
    assert fit(_overconfident(49)) == NONE
    assert NONE.of(Decimal("0.7")) == Decimal("0.7")


@pytest.mark.parametrize("right", [True, False])
def test_a_run_of_luck_is_no_certainty(right: bool) -> None:
    calibration = fit([Outcome(stated=0.9, right=right)] * 60)
    assert 0 < calibration.of(Decimal("0.9")) < 1


def test_the_threshold_that_handles_most_within_the_error_is_recommended() -> None:
    outcomes = (
        [Outcome(0.95, right=True)] * 95 + [Outcome(0.95, right=False)] * 1 + [Outcome(0.4, right=True)] * 50 + [Outcome(0.4, right=False)] * 50
    )
    thresholds = at_thresholds(outcomes, fit(outcomes))
    best = recommend(thresholds, 0.02)
    assert best is not None
    assert round(best.share, 2) == 0.49
    assert best.error < 0.02
    assert recommend(thresholds, 0.0001) is None
    assert thresholds[0].share == 1
