"""`comanda prompts`, `prices` and `calibrate`, against a real database and a real model server."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from deploy.cli import app
from deploy.commands import ai
from libs import postgres
from services.ai_agent import outcomes_store
from tests.ai_agent.conftest import read
from tests.llm.model_server import KEY, MODEL, ModelServer

Run = Callable[..., Awaitable[tuple[int, str]]]
TENANT = UUID(int=77)
MILK = {
    "intent": "order",
    "lines": [{"operation": "add", "words": "3 cases milk", "quantity": 3.0, "unit": "case", "product": "milk"}],
}


@pytest_asyncio.fixture
async def database(migrated: str, new_database: Callable[[str], Awaitable[str]], monkeypatch: pytest.MonkeyPatch) -> str:
    """A fresh database of ai_agent, which the commands take for that of the service."""
    name = urlsplit(await new_database("ai_agent")).path[1:]
    monkeypatch.setattr(ai, "SERVICE", name)
    return name


@pytest.fixture
def run(migrated: str, database: str) -> Run:
    """Run a command; returns its exit code and what it printed."""

    async def run(*arguments: str) -> tuple[int, str]:
        runner = CliRunner(env={"COMANDA_POSTGRES_ADMIN_URL": migrated, "COLUMNS": "200"})
        result = await asyncio.to_thread(runner.invoke, app, list(arguments))
        return result.exit_code, result.output

    return run


async def execute(migrated: str, database: str, statement: str, *values: object) -> None:
    connection = await asyncpg.connect(migrated, database=database)
    await connection.execute(statement, *values)
    await connection.close()


async def teach(migrated: str, database: str, text: str, expected: object) -> None:
    statement = "insert into ai_training_data (distributor_id, input_text, expected_output, data_source) values ($1, $2, $3, 'MANUAL_ENTRY')"
    await execute(migrated, database, statement, TENANT, text, json.dumps(expected))


def blind(data: dict[str, Any], model: str) -> dict[str, Any]:
    """A model that finds no lines."""
    return read(data, model) | {"lines": []}


async def test_a_version_for_all_is_written_tried_and_put_in_force(run: Run, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("Read carefully.")
    assert (await run("prompts", "create", "careful-1", str(text)))[0] == 0
    assert (await run("prompts", "create", "careful-1", str(text)))[0] == 1
    assert (await run("prompts", "create", "careful-2", str(text)))[0] == 0
    assert (await run("prompts", "activate", "careful-1"))[0] == 0
    assert (await run("prompts", "shadow", "careful-2"))[0] == 0
    code, output = await run("prompts", "list")
    assert code == 0
    for version, status in (("careful-1", "ACTIVE"), ("careful-2", "SHADOW"), ("analysis-1", "built in")):
        assert any(version in line and status in line for line in output.splitlines())
    assert (await run("prompts", "show", "careful-1"))[1].strip() == "Read carefully."
    assert (await run("prompts", "retire", "careful-1"))[0] == 0
    code, output = await run("prompts", "activate", "unheard-of")
    assert (code, "there is no version unheard-of" in output) == (1, True)
    assert (await run("prompts", "compare", "careful-1", "careful-2", "--distributor", str(uuid4())))[0] == 1


async def test_a_price_holds_from_its_day_on(run: Run) -> None:
    assert (await run("prices", "set", "a-model", "--input", "0.5", "--output", "2", "--from", "2026-01-01"))[0] == 0
    assert (await run("prices", "set", "a-model", "--input", "dear", "--output", "2"))[0] == 1
    _, output = await run("prices", "list")
    assert any("a-model" in line and "2026-01-01" in line and "0.5" in line for line in output.splitlines())


async def test_training_data_is_read_anew_and_what_is_worse_ends_with_an_error(
    run: Run, migrated: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await run("prompts", "eval", "--distributor", str(TENANT), "--analyzer", "local"))[0] == 1
    await teach(migrated, database, "3 cases milk", MILK)
    assert (await run("prompts", "eval", "--distributor", str(TENANT), "--analyzer", "local"))[0] == 0
    async with ModelServer(read) as model:
        for name, value in {"MODEL": MODEL, "API_KEY": KEY, "BASE_URL": model.base_url}.items():
            monkeypatch.setenv(f"COMANDA_AI_{name}", value)
        code, output = await run("prompts", "eval", "--distributor", str(TENANT))
        assert (code, "analysis-1" in output, len(model.asked)) == (0, True, 1)
        model.answering = blind
        code, output = await run("prompts", "eval", "--distributor", str(TENANT))
        assert (code, "is worse than local" in output) == (1, True)
        assert (await run("prompts", "eval", "--distributor", str(TENANT), "--version", "unheard-of"))[0] == 1


async def test_a_threshold_is_recommended_and_the_calibration_kept(run: Run, migrated: str, database: str) -> None:
    assert (await run("calibrate", "--distributor", str(TENANT)))[0] == 1
    await execute(
        migrated,
        database,
        """
        insert into ai_responses (distributor_id, message_id, agent_type, agent_version, stated_confidence, confidence, processing_time, model_used,
                                  prompt_version, was_used, outcome)
        select $1, uuidv7(), 'MESSAGE_ANALYSIS', 'a', s, s, 1, 'large', 'a', true,
               case when n % 100 < 100 * s then 'CONFIRMED' else 'CORRECTED' end
          from (values (0.5), (0.98)) as v (s), generate_series(1, 100) as n
        """,
        TENANT,
    )
    code, output = await run("calibrate", "--distributor", str(TENANT), "--target-error", "0.05", "--save")
    assert code == 0
    assert "large: 200 answers" in output
    assert "which handles 50% without a person at 2.0% errors" in output
    connection = await asyncpg.connect(migrated, database=database)
    await postgres.register_types(connection)
    steps = await connection.fetchval("select points from ai_calibrations where distributor_id = $1", TENANT)
    await connection.close()
    assert [round(stated, 2) for stated, _ in steps] == [0.5, 0.98]
    assert outcomes_store.MOST_OUTCOMES > 200
