"""`comanda dlq`: what was refused is found, understood, and sent again once it is mended."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from deploy.commands.dead_letters import app
from deploy.local.broker import Broker, start_broker
from libs.postgres import Pool, Transaction
from libs.settings import Settings
from tests.libs import notes, wire
from tests.libs.conftest import consuming
from tests.libs.notes import NoteTaken, note
from tests.libs.test_consumer import all_kept
from tests.libs.wire import Raw, raw


async def _dlq(broker: Broker, *arguments: str) -> Result:
    """What `comanda dlq …` answers."""
    environment = {"COMANDA_KAFKA_BOOTSTRAP": broker.bootstrap, "COLUMNS": "250"}
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env=environment)


async def test_what_was_refused_is_listed_shown_mended_and_handled_once(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    topic, refused = event_type.topic, note(event_type, tenant, "refuse")
    await wire.send(broker.bootstrap, topic, raw(refused), Raw(value=b"\xffnever mind", headers=[("x", b"\xfe")]), partition=1)
    async with consuming(running_settings, {event_type: notes.remember}, pool):
        before, garbage = sorted(await wire.read(broker.bootstrap, f"{topic}.dlq", 2), key=lambda record: record.value == b"\xffnever mind")

    listed = await _dlq(broker, "list")
    assert listed.exit_code == 0, listed.output
    (line,) = [line for line in listed.output.splitlines() if topic in line]
    assert [cell.strip() for cell in line.split("│")][2:5] == [notes.TEMPLATE, "2", "0"]

    shown = await _dlq(broker, "show", topic, str(before.offset))
    assert "dlq-reason: this note is refused" in shown.output
    assert f"ce_id: {refused.envelope.id}" in shown.output
    assert f"key: {refused.key}" in shown.output
    assert '"content"' not in shown.output
    assert '"refuse"' in (await _dlq(broker, "show", topic, str(before.offset), "--value")).output
    assert "\\xffnever mind" in (await _dlq(broker, "show", topic, str(garbage.offset), "--value")).output

    async def mended(event: NoteTaken, tx: Transaction) -> None:
        await notes.remember(event.model_copy(update={"content": "mended"}), tx)

    first = await _dlq(broker, "replay", topic, "--offset", str(before.offset))
    assert (first.exit_code, first.output) == (0, f"1 sent again to {topic}.\n")
    second = await _dlq(broker, "replay", topic, "--offset", str(before.offset))
    assert second.exit_code == 1
    assert "was replayed already" in second.output
    async with consuming(running_settings, {event_type: mended}, pool):
        await all_kept(pool, tenant, "mended")
        async with consuming(running_settings, {event_type: notes.remember}, pool, "another"):
            await wire.send(broker.bootstrap, topic, raw(note(event_type, tenant, "end")), partition=1)
            await all_kept(pool, tenant, "mended", "mended", "end")

    again = (await wire.read(broker.bootstrap, topic, 3))[2]
    assert (again.key, again.value, again.partition) == (before.key, before.value, 1)
    assert [header for header in again.headers if header[0] != "comanda-redeliver-to"] == list(raw(refused).headers)
    assert dict(again.headers)["comanda-redeliver-to"] == notes.TEMPLATE.encode()


async def test_everything_that_waits_is_replayed_once(
    event_type: type[NoteTaken], pool: Pool, broker: Broker, tenant: UUID, running_settings: Settings
) -> None:
    topic = event_type.topic
    await wire.send(broker.bootstrap, topic, *(raw(note(event_type, tenant, "refuse")) for _ in range(3)))
    async with consuming(running_settings, {event_type: notes.remember}, pool):
        dead = await wire.read(broker.bootstrap, f"{topic}.dlq", 3)
    await _dlq(broker, "replay", topic, "--offset", str(dead[1].offset))
    assert (await _dlq(broker, "replay", topic, "--all")).output == f"2 sent again to {topic}.\n"
    assert (await _dlq(broker, "replay", topic, "--all")).output == f"0 sent again to {topic}.\n"
    assert len(await wire.read(broker.bootstrap, topic, 6)) == 6
    assert "replayed: yes" in (await _dlq(broker, "show", topic, str(dead[0].offset))).output
    (line,) = [line for line in (await _dlq(broker, "list")).output.splitlines() if topic in line]
    assert [cell.strip() for cell in line.split("│")][3:5] == ["0", "3"]


async def test_a_record_that_is_refused_again_waits_again(
    event_type: type[NoteTaken], pool: Pool, broker: Broker, tenant: UUID, running_settings: Settings
) -> None:
    topic = event_type.topic
    await wire.send(broker.bootstrap, topic, raw(note(event_type, tenant, "refuse")))
    async with consuming(running_settings, {event_type: notes.remember}, pool):
        await wire.read(broker.bootstrap, f"{topic}.dlq", 1)
        await _dlq(broker, "replay", topic, "--all")
        first, _marker, second = await wire.read(broker.bootstrap, f"{topic}.dlq", 3)
    assert second.value == first.value
    assert [name for name, _ in second.headers] == [name for name, _ in first.headers]
    assert (await _dlq(broker, "replay", topic, "--offset", str(second.offset))).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "order.eaten", "0"], "there is no topic order.eaten.dlq"),
        (["replay", "order.confirmed"], "--offset N, or --all"),
        (["replay", "order.confirmed", "--all", "--offset", "1"], "--offset N, or --all"),
        (["show", "order.confirmed", "99"], "no refused record at 99"),
    ],
)
async def test_a_wrong_request_is_answered_with_a_sentence(arguments: list[str], says: str, broker: Broker) -> None:
    answer = await _dlq(broker, *arguments)
    assert answer.exit_code == 2
    assert says in answer.output


async def test_a_broker_that_is_away_or_empty_is_said_so(folder: Path) -> None:
    broker = start_broker(folder)
    if broker.kind == "own":
        pytest.skip("the broker is not ours to stop")
    try:
        assert (await _dlq(broker, "list")).output == "No record was refused.\n"
    finally:
        broker.stop()
    answer = await _dlq(broker, "list")
    assert answer.exit_code == 1
    assert "Is it running" in answer.output
