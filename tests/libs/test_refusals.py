"""What cannot be handled goes to the dead letters, byte for byte, and holds up nothing behind it."""

from collections import Counter
from uuid import UUID, uuid4

import pytest
from aiokafka.errors import KafkaConnectionError

from deploy.local.broker import Broker
from libs.dead_letter import DeadLetters, Refusal
from libs.postgres import Pool, Transaction
from libs.settings import Settings
from tests.consuming import record
from tests.libs import notes, wire
from tests.libs.conftest import consuming
from tests.libs.notes import NoteTaken, note
from tests.libs.test_consumer import all_kept, committed, kept
from tests.libs.waiting import until
from tests.libs.wire import Raw, raw

SECRET = "swordfish"
BROKER_LIMIT = 1_048_588
"""What Apache Kafka takes of a batch by default."""


def _broken(event: NoteTaken, how: str) -> Raw:
    """A record of `event` that no consumer can read."""
    good = raw(event)
    headers = [header for header in good.headers if header[0] != "ce_id"]
    match how:
        case "JSON that does not parse":
            return Raw(value=b'{"content": "' + SECRET.encode(), key=good.key, headers=good.headers)
        case "a field that is missing":
            return Raw(value=f'{{"content": "{SECRET}"}}'.encode(), key=good.key, headers=good.headers)
        case "no value at all":
            return Raw(value=None, key=good.key, headers=good.headers)
        case "no headers at all":
            return Raw(value=good.value, key=None)
        case "a required header that is not UTF-8":
            return Raw(value=good.value, key=good.key, headers=[*headers, ("ce_id", b"\xff\xfe")])
        case "a required header without a value":
            return Raw(value=good.value, key=good.key, headers=[*headers, ("ce_id", None)])
        case "an id that is none":
            return Raw(value=good.value, key=good.key, headers=[*headers, ("ce_id", SECRET.encode())])
        case _:
            raise AssertionError(how)


@pytest.mark.parametrize(
    "how",
    [
        "JSON that does not parse",
        "a field that is missing",
        "no value at all",
        "no headers at all",
        "a required header that is not UTF-8",
        "a required header without a value",
        "an id that is none",
    ],
)
async def test_an_unreadable_record_is_kept_as_it_came_while_the_rest_goes_on(
    how: str, pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    bad = _broken(note(event_type, tenant, SECRET), how)
    before, after = raw(note(event_type, tenant, "before")), raw(note(event_type, tenant, "after"))
    await wire.send(broker.bootstrap, event_type.topic, before, bad, after, partition=0)
    async with consuming(running_settings, {event_type: notes.remember}, pool):
        await all_kept(pool, tenant, "before", "after")
        (dead,) = await wire.read(broker.bootstrap, f"{event_type.topic}.dlq", 1)
    assert (dead.value, dead.key) == (bad.value, bad.key)
    headers = list(dead.headers)
    assert headers[: len(bad.headers)] == list(bad.headers)
    about = dict(headers[len(bad.headers) :])
    assert about["dlq-consumer"].decode() == notes.TEMPLATE
    assert about["dlq-topic"].decode() == event_type.topic
    assert (about["dlq-partition"], about["dlq-offset"]) == (b"0", b"1")
    assert about["dlq-error"] == b"NotAnEvent"
    assert about["dlq-reason"]
    assert SECRET.encode() not in about["dlq-reason"]
    assert await committed(running_settings, event_type.topic) == 3


async def test_a_record_as_large_as_the_broker_takes_is_kept_too(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    large = Raw(value=b"x" * (BROKER_LIMIT - 200), key=b"k")
    await wire.send(broker.bootstrap, event_type.topic, large, partition=0)
    async with consuming(running_settings, {event_type: notes.remember}, pool):
        (dead,) = await wire.read(broker.bootstrap, f"{event_type.topic}.dlq", 1)
    assert dead.value == large.value


async def test_a_header_that_is_none_of_ours_may_be_anything(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    await wire.send(
        broker.bootstrap, event_type.topic, raw(note(event_type, tenant, "fine"), ("x", None), ("y", b"\xff"), ("comanda-redeliver-to", None))
    )
    async with consuming(running_settings, {event_type: notes.remember}, pool):
        await all_kept(pool, tenant, "fine")


async def test_one_refusal_among_many_costs_the_others_nothing(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    conversation = uuid4()
    contents = ["1", "2", "refuse", "3", "too long", "4"]
    await wire.send(broker.bootstrap, event_type.topic, *(raw(note(event_type, tenant, content, conversation)) for content in contents))
    async with consuming(running_settings, {event_type: notes.remember}, pool):
        dead = await wire.read(broker.bootstrap, f"{event_type.topic}.dlq", 2)
        await all_kept(pool, tenant, "1", "2", "3", "4")
    assert await kept(pool, tenant) == ["1", "2", "3", "4"]
    told = [dict(record.headers) for record in dead]
    assert [each["dlq-error"] for each in told] == [b"NoteRefused", b"CheckViolationError"]
    assert told[0]["dlq-reason"] == b"this note is refused"
    assert b"too long" not in told[1]["dlq-reason"]
    assert [event_type.model_validate_json(record.value or b"").content for record in dead] == ["refuse", "too long"]


async def test_an_unforeseen_error_is_tried_a_few_times_and_then_refused(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    tries: Counter[str] = Counter()

    async def fragile(event: NoteTaken, tx: Transaction) -> None:
        tries[event.content] += 1
        await notes.remember(event, tx)
        if event.content == "always" or (event.content == "at first" and tries["at first"] < 4):
            raise RuntimeError(f"{SECRET}: {event.content}")

    await wire.send(broker.bootstrap, event_type.topic, *(raw(note(event_type, tenant, content)) for content in ("always", "at first", "never")))
    async with consuming(running_settings, {event_type: fragile}, pool):
        (dead,) = await wire.read(broker.bootstrap, f"{event_type.topic}.dlq", 1)
        await all_kept(pool, tenant, "at first", "never")
    about = dict(dead.headers)
    assert about["dlq-error"] == b"RuntimeError"
    assert SECRET.encode() not in about["dlq-reason"]
    assert tries["always"] >= 5


async def test_a_broker_that_is_away_does_not_use_up_what_may_be_refused(event_type: type[NoteTaken], running_settings: Settings) -> None:
    away = running_settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:1", "dead_letters_per_minute": 1})
    letters = DeadLetters(notes.TEMPLATE, away)
    refusal = Refusal(record(note(event_type, uuid4(), "refuse")), "NoteRefused", "this note is refused")
    for _ in range(3):
        with pytest.raises(KafkaConnectionError):
            await letters.put([refusal])


async def test_a_consumer_that_refuses_too_much_halts_and_leaves_the_records_where_they_are(
    pool: Pool, tenant: UUID, event_type: type[NoteTaken], broker: Broker, running_settings: Settings
) -> None:
    strict = running_settings.model_copy(update={"dead_letters_per_minute": 3})
    await wire.send(
        broker.bootstrap,
        event_type.topic,
        *(raw(note(event_type, tenant, "refuse")) for _ in range(4)),
        raw(note(event_type, tenant, "good")),
        partition=0,
    )
    async with consuming(strict, {event_type: notes.remember}, pool) as consumer:
        await until(lambda: consumer.halted is not None)
        assert not consumer.joined
    assert await committed(running_settings, event_type.topic) == 0
    with pytest.raises(TimeoutError):
        await wire.read(broker.bootstrap, f"{event_type.topic}.dlq", 1, seconds=1)

    async def mended(event: NoteTaken, tx: Transaction) -> None:
        await notes.remember(event.model_copy(update={"content": "mended"}), tx)

    async with consuming(strict, {event_type: mended}, pool):
        await all_kept(pool, tenant, *["mended"] * 4, "good")
