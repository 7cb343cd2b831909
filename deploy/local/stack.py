"""The whole system in one folder: PostgreSQL, a broker, databases and topics, and every service."""

import json
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import services
from deploy.commands.migrate import MigrationFailed, migrate_all
from deploy.commands.topics import TopicNotCreated, create_topics
from deploy.local import postgres
from deploy.local.broker import Broker, choose, start_broker
from deploy.local.child import Child
from deploy.local.environment import database_password, service_environment
from deploy.local.errors import LocalStackError
from deploy.local.folder_lock import holding
from deploy.local.folders import prepare
from deploy.local.ports import HOST
from deploy.local.processes import Supervisor
from deploy.local.remembered import Remembered
from deploy.local.waiting import complete

if TYPE_CHECKING:
    from deploy.local.docker import DockerPostgres

FOLDER = Path(".comanda")
PARTITIONS = 2
"""Of a topic: one process a service needs no more, and two are enough to see that keys keep their order."""

_MEGABYTES = 1000
_READY_SECONDS = 120.0


class Stack:
    """A local stack whose data, logs, ports and secrets are in `folder`; stacks in different folders run beside each other.

    What it says of itself (`environment`, `url`, `admin_url`, `bootstrap`) it also says in another process than the one that started it.
    """

    def __init__(
        self,
        folder: Path = FOLDER,
        *,
        names: Sequence[str] = services.NAMES,
        extra: Mapping[str, str] | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        """`names`: the services to start; `extra`: variables for all of them; `say`: takes a line about each step."""
        self.folder = folder.absolute()
        self.names = names
        self.supervisor = Supervisor(say=say)
        self.postgres: postgres.Postgres | DockerPostgres | None = None
        self.broker: Broker | None = None
        self._extra = dict(extra or {})
        self._say = say
        self._remembered = Remembered(self.folder / "state.json")
        self._started = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def admin_url(self) -> str:
        """The database URL of PostgreSQL's superuser."""
        return self._remembered.known("admin_url")

    @property
    def bootstrap(self) -> str:
        """The broker's host:port."""
        return self._kafka()["COMANDA_KAFKA_BOOTSTRAP"]

    def environment(self, service: str) -> dict[str, str]:
        """Return the whole environment of a service's process."""
        database_host = urlsplit(self.admin_url).netloc.rpartition("@")[2]
        ours = {"COMANDA_STORAGE_FOLDER": str(self.folder / "storage")}
        return {**ours, **service_environment(service, self._remembered, database_host, self._kafka()), **self._extra}

    def url(self, name: str) -> str:
        """Return where a service listens, or whatever else is to have a remembered port of this stack."""
        return f"http://{HOST}:{self._remembered.port(name)}"

    def start(self) -> None:
        """Start all of it and wait until it is ready; what had been started is ended again when a part fails. Raises LocalStackError."""
        prepare(self.folder, _MEGABYTES)
        with ExitStack() as started:
            started.enter_context(holding(self.folder))
            self._start_servers(started)
            with self._step("databases migrated"):
                complete(migrate_all(self.admin_url, database_password(self._remembered)))
            with self._step("topics created"):
                complete(create_topics(self.bootstrap, partitions=PARTITIONS))
            with self._step(f"{len(self.names)} services ready"):
                started.callback(self.supervisor.stop)
                self.supervisor.start(self._child(name) for name in self.names)
                self.supervisor.wait_ready(_READY_SECONDS)
            self._started = started.pop_all()

    def stop(self) -> None:
        """End the services, the broker and PostgreSQL, in this order."""
        self._started.close()

    def restart_postgres(self, mode: postgres.StopMode = "fast") -> None:
        """Stop PostgreSQL, however that went start it again, and leave it to the services to find it."""
        if self.postgres is not None:
            self.postgres.restart(mode)

    def restart_broker(self) -> None:
        """Start the broker again. One that keeps its data in memory has lost topics and groups, so the services start again with it."""
        if self.broker is None:
            return
        self.broker.restart()
        if self.broker.kind == "embedded":
            complete(create_topics(self.bootstrap, partitions=PARTITIONS))
            self.supervisor.restart_all()
            self.supervisor.wait_ready(_READY_SECONDS)

    def mend(self) -> None:
        """Start a server again that ended unasked."""
        if self.postgres is not None and not self.postgres.alive():
            self._say("PostgreSQL ended; it starts again")
            self.restart_postgres()
        if self.broker is not None and not self.broker.alive():
            self._say("the broker ended; it starts again")
            self.restart_broker()

    def _start_servers(self, started: ExitStack) -> None:
        with self._step("PostgreSQL ready"):
            self.postgres = self._start_postgres()
            started.callback(self.postgres.stop)
            self._remembered.learn("admin_url", self.postgres.admin_url)
        with self._step("broker ready"):
            self.broker = start_broker(self.folder, self._say)
            started.callback(self.broker.stop)
            self._remembered.learn("kafka_environment", json.dumps(dict(self.broker.environment)))

    def _start_postgres(self) -> "postgres.Postgres | DockerPostgres":
        if choose().kind != "docker":
            return postgres.start(self.folder / "postgres")
        from deploy.local import docker  # noqa: PLC0415  (it takes a second to import, and hardly anybody needs it)

        return docker.start_postgres(self.folder / "docker-postgres")

    def _kafka(self) -> dict[str, str]:
        return json.loads(self._remembered.known("kafka_environment"))

    def _child(self, name: str) -> tuple[Child, int]:
        child = Child(
            name=name,
            arguments=[sys.executable, "-m", f"services.{name}"],
            environment=self.environment(name),
            log=prepare(self.folder / "logs", 0) / f"{name}.log",
        )
        return child, self._remembered.port(name)

    @contextmanager
    def _step(self, what: str) -> Generator[None]:
        begun = time.monotonic()
        try:
            yield
        except (MigrationFailed, TopicNotCreated) as error:
            raise LocalStackError(str(error)) from error
        self._say(f"{what} ({time.monotonic() - begun:.1f} s)")
