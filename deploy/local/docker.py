"""Both servers in containers, by testcontainers, for who has a Docker engine and a registry; their data is kept in named volumes."""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from docker.errors import DockerException
from testcontainers.core.container import DockerContainer

from deploy.local.apache import TUNING
from deploy.local.apache_jars import KAFKA_VERSION
from deploy.local.errors import LocalStackError
from deploy.local.folders import prepare
from deploy.local.kafka_process import answers as kafka_answers
from deploy.local.ports import HOST, demand_free
from deploy.local.postgres import StopMode
from deploy.local.postgres import answers as postgres_answers
from deploy.local.remembered import Remembered
from deploy.local.waiting import wait_until

_READY_SECONDS = 120.0
_MEGABYTES = 1


@dataclass(frozen=True, slots=True)
class _Server:
    container: DockerContainer
    answers: Callable[[], bool]

    def alive(self) -> bool:
        """Whether the container runs."""
        self.container.reload()
        return self.container.status == "running"

    def kill(self) -> None:
        """Kill it without warning (SIGKILL)."""
        self.container.get_wrapped_container().kill()

    def restart(self) -> None:
        """Stop it when it runs, and start it with the same data on the same port."""
        self.container.get_wrapped_container().restart(timeout=30)
        self.await_ready()

    def await_ready(self) -> None:
        """Wait until it answers."""
        if not wait_until(self.answers, _READY_SECONDS):
            raise LocalStackError(f"The container of {self.container.image} did not come up within {_READY_SECONDS:.0f} seconds.")

    def stop(self) -> None:
        """Stop it in order and remove the container, not the volume."""
        self.container.get_wrapped_container().stop(timeout=30)
        self.container.stop()


@dataclass(frozen=True, slots=True)
class DockerKafka(_Server):
    """Apache Kafka in a container."""

    bootstrap: str
    kind: str = "docker"

    @property
    def environment(self) -> Mapping[str, str]:
        """The COMANDA_KAFKA_… variables that a service needs to speak with it."""
        return {"COMANDA_KAFKA_BOOTSTRAP": self.bootstrap, **TUNING}


@dataclass(frozen=True, slots=True)
class DockerPostgres(_Server):
    """PostgreSQL in a container; `admin_url` is its superuser's, with the password."""

    port: int
    admin_url: str = field(repr=False)

    def stop(self, mode: StopMode = "fast") -> None:
        """End it, `immediate` as a crash would, and remove the container, not the volume."""
        if mode == "immediate":
            self.kill()
        super(DockerPostgres, self).stop()

    def restart(self, mode: StopMode = "fast") -> None:
        """Stop it when it runs, and start it with the same data on the same port."""
        if mode == "immediate":
            self.kill()
        super(DockerPostgres, self).restart()


def start_kafka(data_dir: Path) -> DockerKafka:
    """Start Apache Kafka; `data_dir` remembers its port."""
    folder = prepare(data_dir, _MEGABYTES)
    port = Remembered(folder / "state.json").port("broker")
    environment = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{HOST}:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    }
    container = _run(
        f"apache/kafka:{KAFKA_VERSION}", inside=9092, port=port, volume=(_volume("kafka", folder), "/var/lib/kafka/data"), environment=environment
    )
    broker = DockerKafka(container, lambda: kafka_answers(f"{HOST}:{port}"), f"{HOST}:{port}")
    broker.await_ready()
    return broker


def start_postgres(data_dir: Path) -> DockerPostgres:
    """Start PostgreSQL 18; `data_dir` remembers its port and password."""
    folder = prepare(data_dir, _MEGABYTES)
    remembered = Remembered(folder / "state.json")
    port, password = remembered.port("postgres"), remembered.text("password", lambda: secrets.token_urlsafe(24))
    url = f"postgresql://postgres:{password}@{HOST}:{port}/postgres"
    environment = {"POSTGRES_PASSWORD": password, "POSTGRES_INITDB_ARGS": "--auth-host=scram-sha-256"}
    volume = (_volume("postgres", folder), "/var/lib/postgresql")
    command = ["postgres", "-c", "max_connections=300"]
    container = _run("postgres:18", inside=5432, port=port, volume=volume, environment=environment, command=command)
    server = DockerPostgres(container, lambda: postgres_answers(url), port, url)
    server.await_ready()
    return server


def _run(
    image: str, *, inside: int, port: int, volume: tuple[str, str], environment: dict[str, str], command: list[str] | None = None
) -> DockerContainer:
    demand_free(port, f"the container of {image}")
    try:
        container = DockerContainer(image, env=environment).with_volume_mapping(*volume, mode="rw")
        if command is not None:
            container.with_command(command)
        # with_bind_ports would open the port to the network; docker-py takes an address beside it.
        container.ports[str(inside)] = (HOST, port)  # pyright: ignore[reportArgumentType]
        return container.start()
    except DockerException as error:
        raise LocalStackError(f"COMANDA_BROKER=docker needs a Docker engine that can run {image}: {error}") from error


def _volume(server: str, folder: Path) -> str:
    return f"comanda-{server}-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
