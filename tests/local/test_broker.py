"""The brokers and the choice between them."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import apache, embedded, java
from deploy.local.apache_jars import KAFKA_VERSION, fetch_jars
from deploy.local.broker import Broker, Choice, choose, start_broker
from deploy.local.errors import LocalStackError
from deploy.local.java import Java, NoJavaError
from deploy.local.ports import HOST, free_port
from deploy.local.remembered import Remembered


def apache_can_run() -> bool:
    try:
        java.find_java()
    except NoJavaError:
        return False
    return True


needs_java = pytest.mark.skipif(not apache_can_run(), reason="needs Java and Maven")


async def create_topic(running: Broker, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=running.bootstrap)
    await admin.start()
    answer: Any = await admin.create_topics([NewTopic(name, 1, 1)])
    await admin.close()
    assert [code for _, code, *_ in answer.topic_errors] == [0]


async def send(running: Broker, topic: str, value: bytes) -> None:
    idempotence = running.environment["COMANDA_KAFKA_IDEMPOTENCE"] == "true"
    producer = AIOKafkaProducer(bootstrap_servers=running.bootstrap, enable_idempotence=idempotence, acks="all")
    await producer.start()
    await producer.send_and_wait(topic, value)
    await producer.stop()


async def first_record(running: Broker, topic: str) -> bytes | None:
    consumer = AIOKafkaConsumer(bootstrap_servers=running.bootstrap, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(topic, 0)])
    await consumer.start()
    record = await consumer.getone()
    await consumer.stop()
    return record.value


async def topics(running: Broker) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=running.bootstrap)
    await admin.start()
    names = await admin.list_topics()
    await admin.close()
    return names


@needs_java
async def test_apache_kafka_keeps_its_records_when_stopped_killed_and_restarted(tmp_path: Path, nothing_left: Callable[[], bool]) -> None:
    first = apache.start(tmp_path)
    topic = f"topic-{uuid4()}"
    await create_topic(first, topic)
    await send(first, topic, b"kept")
    first.kill()
    first.restart()
    assert await first_record(first, topic) == b"kept"
    first.stop()
    second = apache.start(tmp_path)
    assert second.bootstrap == first.bootstrap
    assert await first_record(second, topic) == b"kept"
    assert "auto.create.topics.enable=false" in (tmp_path / "server.properties").read_text()
    second.stop()
    assert nothing_left()


async def test_the_embedded_broker_takes_and_returns_records_and_comes_back_empty(tmp_path: Path, nothing_left: Callable[[], bool]) -> None:
    running = embedded.start(tmp_path)
    await create_topic(running, "embedded")
    await send(running, "embedded", b"taken")
    assert await first_record(running, "embedded") == b"taken"
    bootstrap = running.bootstrap
    running.restart()
    assert (running.bootstrap, await topics(running)) == (bootstrap, [])
    running.kill()
    assert not running.alive()
    assert nothing_left()


def test_the_embedded_broker_listens_on_the_loopback_only(tmp_path: Path) -> None:
    running = embedded.start(tmp_path)
    try:
        with socket.socket() as outside:
            outside.bind(("127.0.0.2", running.port))  # refused if it listened on every address
        assert running.environment["COMANDA_KAFKA_IDEMPOTENCE"] == "false"
    finally:
        running.stop()


@pytest.mark.parametrize("kind", ["apache", "embedded", "docker"])
def test_comanda_broker_forces_a_kind(kind: str) -> None:
    assert choose({"COMANDA_BROKER": kind, "COMANDA_KAFKA_BOOTSTRAP": "kafka:9092"}) == Choice(kind, f"COMANDA_BROKER={kind}")  # pyright: ignore[reportArgumentType]


def test_an_unknown_kind_is_told_in_one_sentence() -> None:
    with pytest.raises(LocalStackError, match=r"^COMANDA_BROKER=rabbit is no kind of broker: .+$"):
        choose({"COMANDA_BROKER": "rabbit"})


def test_the_users_own_broker_comes_before_all_others() -> None:
    assert choose({"COMANDA_KAFKA_BOOTSTRAP": "kafka:9092"}) == Choice("own", "COMANDA_KAFKA_BOOTSTRAP=kafka:9092")


def program(folder: Path, name: str, says: str, then: str = "") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{says}' >&2\n{then}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("version", "maven", "kind"),
    [
        ("17.0.15", True, "apache"),
        ("21", True, "apache"),
        ("1.8.0_392", True, "embedded"),
        ("11.0.2", True, "embedded"),
        ("17.0.15", False, "embedded"),
    ],
)
def test_apache_kafka_is_chosen_where_java_17_and_maven_are(
    version: str, maven: bool, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin", "java", f'openjdk version "{version}" 2025-04-15')
    if maven:
        program(tmp_path / "bin", "mvn", "Apache Maven")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert choose({}).kind == kind


def test_a_forced_apache_kafka_without_java_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("COMANDA_BROKER", "apache")
    with pytest.raises(LocalStackError, match=r"^Apache Kafka needs Java 17 or newer, and there is no java here\.$"):
        start_broker(tmp_path)
    assert choose({}) == Choice("embedded", "Apache Kafka needs Java 17 or newer, and there is no java here.")


def test_a_maven_that_cannot_fetch_is_told_in_one_sentence_and_asked_again_until_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    maven = Java("java", 17, str(tmp_path / "mvn"))
    half = 'for last; do case $last in -DoutputDirectory=*) mkdir "${last#*=}";; esac; done'
    program(tmp_path, "mvn", "no network", f"{half}; exit 1")
    with pytest.raises(LocalStackError, match=r"^Maven could not fetch Apache Kafka .+: connect to the network, or set COMANDA_BROKER=embedded.+$"):
        fetch_jars(maven)
    program(tmp_path, "mvn", "fetched", half)
    assert fetch_jars(maven) == tmp_path / "cache" / "comanda" / f"kafka-{KAFKA_VERSION}" / "jars"
    program(tmp_path, "mvn", "no network", "exit 1")
    assert fetch_jars(maven).is_dir()  # complete now, and not asked for again


def test_the_choice_is_said_aloud_and_the_users_own_broker_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMANDA_BROKER", raising=False)
    theirs = embedded.start(tmp_path / "theirs")
    try:
        monkeypatch.setenv("COMANDA_KAFKA_BOOTSTRAP", theirs.bootstrap)
        said: list[str] = []
        ours = start_broker(tmp_path / "ours", said.append)
        assert said == [f"broker: own (COMANDA_KAFKA_BOOTSTRAP={theirs.bootstrap})"]
        assert ours.environment == {"COMANDA_KAFKA_BOOTSTRAP": theirs.bootstrap}
        with pytest.raises(LocalStackError, match="is yours"):
            ours.restart()
        ours.stop()
        assert theirs.alive()
    finally:
        theirs.stop()


def test_an_own_broker_that_does_not_answer_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMANDA_BROKER", raising=False)
    monkeypatch.setenv("COMANDA_KAFKA_BOOTSTRAP", f"{HOST}:{free_port()}")
    with pytest.raises(LocalStackError, match=r"^No broker answers at .+$"):
        start_broker(tmp_path)


def test_a_port_in_use_is_told_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalStackError, match=f"^Port {port}, which the embedded broker needs, is in use by another program: .+$"):
            embedded.start(tmp_path, port=port)


def test_what_is_remembered_stays_the_same_and_is_the_owners_alone(tmp_path: Path) -> None:
    remembered = Remembered(tmp_path / "state.json")
    assert remembered.port("broker") == remembered.port("broker") == Remembered(tmp_path / "state.json").port("broker")
    assert remembered.port("broker") != remembered.port("controller")
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600
