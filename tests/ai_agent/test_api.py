"""The API over HTTP: what was answered, what that cost, what people teach; each tenant its own."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs import auth
from libs.auth import Role
from libs.postgres import Pool
from services.ai_agent import api
from services.ai_agent.__main__ import CONSUMES
from tests.ai_agent.conftest import execute, known, message, rows, settings, work
from tests.consuming import consume
from tests.llm.model_server import MODEL, Behaviour, ModelServer
from tests.serving import Api, serving

READING = {
    "intent": "order",
    "lines": [
        {
            "operation": "add",
            "words": "3 cs milk",
            "quantity": 3,
            "quantity_max": None,
            "unit": "case",
            "product": "milk",
            "replaces": None,
            "confidence": 1,
        }
    ],
    "order_complete": False,
    "references": [],
    "requested_delivery_date": None,
    "language": "en",
    "confidence": 1,
}
EXAMPLE = {"input_text": "3 cs milk, call +1 555 010 0001", "expected_output": READING, "quality_score": 5}


async def answered(pool: Pool, model: ModelServer, tenant: UUID, *texts: str) -> None:
    await known(pool, tenant, (MODEL, "2", "8"), monthly_ai_budget_usd=Decimal(50))
    await consume(pool, "ai_agent", CONSUMES, *(message(tenant, text) for text in texts))
    await work(pool, model.base_url)


async def test_answers_are_listed_page_by_page_and_seen_by_nobody_else(pool: Pool, model: ModelServer) -> None:
    async with serving("ai_agent", pool, settings(), api.router) as client:
        await answered(pool, model, client.distributor_id, "3 cases of milk", "2 cases of eggs", "1 case of tea")
        first = await client.call("GET", "/v1/ai/responses?limit=2")
        second = await client.call("GET", f"/v1/ai/responses?limit=2&cursor={first.body['next']}")
        assert [len(first.body["items"]), len(second.body["items"]), second.body["next"]] == [2, 1, None]
        newest = first.body["items"][0]
        assert (newest["model_used"], newest["cost_usd"], newest["status"]) == (MODEL, "0.000360", "SUCCEEDED")
        assert (await client.call("GET", f"/v1/ai/responses?message_id={newest['message_id']}")).body["items"] == [newest]
        assert (await client.call("GET", f"/v1/ai/responses/{newest['id']}")).body == newest
        other = uuid4()
        assert (await client.call("GET", "/v1/ai/responses", tenant=other)).body["items"] == []
        assert (await client.call("GET", f"/v1/ai/responses/{newest['id']}", tenant=other)).status == 404
        feedback = await client.call("PUT", f"/v1/ai/responses/{newest['id']}/feedback", tenant=other, json={"feedback": "HELPFUL"})
        assert feedback.status == 404


async def test_feedback_is_kept_and_a_correction_teaches_once(pool: Pool, model: ModelServer) -> None:
    async with serving("ai_agent", pool, settings(), api.router) as client:
        await answered(pool, model, client.distributor_id, "3 cases of milk")
        [response] = (await client.call("GET", "/v1/ai/responses")).body["items"]
        said = {"feedback": "NOT_HELPFUL", "notes": "cream", "correction": {"input_text": EXAMPLE["input_text"], "expected_output": READING}}
        for _ in range(2):
            given = await client.call("PUT", f"/v1/ai/responses/{response['id']}/feedback", role=Role.OPERATOR, json=said)
            assert (given.status, given.body["human_feedback"], given.body["human_feedback_notes"]) == (200, "NOT_HELPFUL", "cream")
            assert given.body["feedback_by"]
        [taught] = (await client.call("GET", "/v1/ai/training-data")).body["items"]
        assert (taught["data_source"], taught["ai_response_id"], taught["redacted"]) == ("EXPERT_REVIEW", response["id"], True)
        assert taught["input_text"] == "3 cs milk, call [PHONE]"
        assert taught["actual_output"] == response["extracted_data"]
        wrong = await client.call("PUT", f"/v1/ai/responses/{response['id']}/feedback", json={"feedback": "GREAT"})
        assert (wrong.status, wrong.body["errors"][0]["field"]) == (422, "body.feedback")


async def test_errors_are_listed_and_resolved(pool: Pool, model: ModelServer) -> None:
    model.behaviours[MODEL] = Behaviour(refuses=True)
    async with serving("ai_agent", pool, settings(), api.router) as client:
        await answered(pool, model, client.distributor_id, "3 cases of milk")
        [error] = (await client.call("GET", "/v1/ai/errors?error_type=REFUSAL")).body["items"]
        assert (error["model"], error["resolved_at"]) == (MODEL, None)
        assert (await client.call("GET", "/v1/ai/errors?error_type=TIMEOUT")).body["items"] == []
        assert (await client.call("PUT", f"/v1/ai/errors/{error['id']}/resolved", tenant=uuid4())).status == 404
        resolved = await client.call("PUT", f"/v1/ai/errors/{error['id']}/resolved")
        again = await client.call("PUT", f"/v1/ai/errors/{error['id']}/resolved")
        assert resolved.body["resolved_at"] == again.body["resolved_at"] is not None
        assert (await client.call("GET", "/v1/ai/errors?error_type=REFUSAL&unresolved_only=true")).body["items"] == []


async def test_usage_adds_up_by_hours_days_and_months(pool: Pool, model: ModelServer) -> None:
    async with serving("ai_agent", pool, settings(), api.router) as client:
        await answered(pool, model, client.distributor_id, "3 cases of milk", "2 cases of eggs")
        await execute(
            pool,
            client.distributor_id,
            "insert into ai_usage_metrics (distributor_id, period_start, period_end, agent_type, model, requests_count, successful_requests,"
            " failed_requests, input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_usd, confidence_sum, confidence_count,"
            " response_time_sum) select distributor_id, period_start - interval '1 hour', period_end - interval '1 hour', agent_type, model, 3, 2, 1,"
            " 10, 0, 5, 0, 1, 1.5, 2, 300 from ai_usage_metrics",
        )
        hours = (await client.call("GET", "/v1/ai/usage?by=hour")).body["items"]
        assert [hour["requests_count"] for hour in hours] == [2, 3]
        assert hours[1]["avg_confidence"] == "0.750"
        days = (await client.call("GET", "/v1/ai/usage?by=day")).body["items"]
        months = (await client.call("GET", "/v1/ai/usage?by=month")).body["items"]
        for periods in (days, months):
            assert sum(period["requests_count"] for period in periods) == 5
            assert sum(Decimal(period["cost_usd"]) for period in periods) == Decimal("1.000720")
        assert (await client.call("GET", "/v1/ai/usage", tenant=uuid4())).body["items"] == []
        since = (datetime.now(UTC) - timedelta(days=40)).strftime("%Y-%m-%dT%H:%M:%SZ")
        too_long = await client.call("GET", f"/v1/ai/usage?by=hour&since={since}")
        assert too_long.status == 422
        budget = (await client.call("GET", "/v1/ai/budget")).body
        assert (budget["monthly_ai_budget_usd"], budget["spent_usd"], budget["requests"]) == ("50.00", "0.000720", 2)
        assert (await client.call("GET", "/v1/ai/budget", tenant=uuid4())).status == 404
        prices = (await client.call("GET", "/v1/ai/prices")).body["items"]
        assert [price["model"] for price in prices if price["is_own"]] == [MODEL]
        assert {price["model"] for price in (await client.call("GET", "/v1/ai/prices", tenant=uuid4())).body["items"]} == {"gpt-4.1", "gpt-4.1-mini"}


async def test_examples_are_taught_changed_exported_and_forgotten(pool: Pool) -> None:
    async with serving("ai_agent", pool, settings(), api.router) as client:
        made = await client.call("POST", "/v1/ai/training-data", json=EXAMPLE, key="one")
        again = await client.call("POST", "/v1/ai/training-data", json=EXAMPLE, key="one")
        assert (made.status, again.body, again.headers["idempotent-replayed"]) == (201, made.body, "true")
        assert made.body["input_text"] == "3 cs milk, call [PHONE]"
        path = f"/v1/ai/training-data/{made.body['id']}"
        other = uuid4()
        for method, body in (("GET", None), ("PATCH", {"quality_score": 1}), ("DELETE", None)):
            assert (await client.call(method, path, tenant=other, json=body)).status == 404
        changed = await client.call("PATCH", path, json={"quality_score": 2, "input_text": "4 cs milk, a@b.example"})
        assert (changed.body["quality_score"], changed.body["input_text"]) == (2, "4 cs milk, [EMAIL]")
        assert (await client.call("PATCH", path, json={"quality_score": 9})).status == 422
        assert (await client.call("PATCH", path, json={"distributor_id": str(other)})).status == 422
        assert (await client.call("PATCH", path, json={})).status == 422
        lines = await exported(client)
        assert [turn["role"] for turn in lines[0]["messages"]] == ["system", "user", "assistant"]
        assert json.loads(lines[0]["messages"][2]["content"]) == READING
        assert await gone(client, path)
        assert (await client.call("GET", path)).status == 404


def manager(client: Api) -> dict[str, str]:
    return {"Authorization": f"Bearer {auth.issue(client.settings, client.distributor_id, Role.MANAGER)}"}


async def exported(client: Api) -> list[dict[str, Any]]:
    async with client.session.get("/v1/ai/training-data/export", headers=manager(client)) as response:
        return [json.loads(line) for line in (await response.text()).splitlines()]


async def gone(client: Api, path: str) -> bool:
    async with client.session.delete(path, headers=manager(client)) as response:
        return response.status == 204


async def test_a_version_is_written_tried_put_in_force_and_retired(pool: Pool) -> None:
    async with serving("ai_agent", pool, settings(), api.router) as client:
        for version in ("polite-1", "polite-2"):
            body = {"agent_type": "MESSAGE_ANALYSIS", "version": version, "text": "Read it."}
            made = await client.call("POST", "/v1/ai/prompts", json=body)
            assert (made.status, made.body["status"], made.body["scope"]) == (201, "DRAFT", "OWN")
        assert (await client.call("POST", "/v1/ai/prompts", json=body)).status == 409
        path = "/v1/ai/prompts/MESSAGE_ANALYSIS/{}/status"
        for version in ("polite-1", "polite-2"):
            assert (await client.call("PUT", path.format(version), json={"status": "ACTIVE"})).body["status"] == "ACTIVE"
        known_ones = (await client.call("GET", "/v1/ai/prompts?agent_type=MESSAGE_ANALYSIS")).body["items"]
        assert {each["version"]: each["status"] for each in known_ones} == {"polite-1": "RETIRED", "polite-2": "ACTIVE"}
        assert (await client.call("PUT", path.format("polite-1"), json={"status": "SHADOW"}, tenant=uuid4())).status == 404
        await execute(pool, client.distributor_id, "update prompt_versions set schema = '{}'")
        other_form = await client.call("PUT", path.format("polite-1"), json={"status": "SHADOW"})
        assert (other_form.status, other_form.headers["Content-Type"]) == (409, "application/problem+json")


async def test_support_speaks_by_itself_only_where_an_admin_says_so(pool: Pool) -> None:
    async with serving("ai_agent", pool, settings(), api.router) as client:
        assert (await client.call("PUT", "/v1/ai/support", json={"answers_questions": True})).status == 404
        await known(pool, client.distributor_id)
        assert (await client.call("GET", "/v1/ai/support")).body == {"answers_questions": False}
        assert (await client.call("PUT", "/v1/ai/support", role=Role.MANAGER, json={"answers_questions": True})).status == 403
        assert (await client.call("PUT", "/v1/ai/support", json={"answers_questions": True})).status == 200
        await known(pool, client.distributor_id)
        assert (await client.call("GET", "/v1/ai/support")).body == {"answers_questions": True}
        assert len(await rows(pool, client.distributor_id, "distributors")) == 1


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/v1/ai/responses", None),
        ("POST", "/v1/ai/training-data", Role.OPERATOR),
        ("GET", "/v1/ai/training-data/export", Role.OPERATOR),
        ("POST", "/v1/ai/prompts", Role.MANAGER),
        ("PUT", "/v1/ai/prompts/MESSAGE_ANALYSIS/a/status", Role.MANAGER),
    ],
)
async def test_a_role_that_does_not_suffice_is_refused(pool: Pool, method: str, path: str, role: Role | None) -> None:
    async with serving("ai_agent", pool, settings(), api.router) as client:
        assert (await client.call(method, path, role=role, json={})).status == (403 if role else 401)


async def test_a_post_without_a_key_is_refused(pool: Pool) -> None:
    async with serving("ai_agent", pool, settings(), api.router) as client:
        assert (await client.call("POST", "/v1/ai/training-data", json=EXAMPLE, key="")).status == 400
