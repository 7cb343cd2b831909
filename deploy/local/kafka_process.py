"""A broker that runs as a child process, and the question whether a broker answers."""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.local.child import Child
from deploy.local.errors import LocalStackError
from deploy.local.ports import HOST, demand_free
from deploy.local.waiting import complete, wait_until

_READY_SECONDS = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaProcess:
    """A broker on `port` of 127.0.0.1; `tuning` is what its kind asks of clients, as COMANDA_KAFKA_… variables."""

    kind: str
    port: int
    tuning: Mapping[str, str]
    child: Child

    @property
    def bootstrap(self) -> str:
        """The host:port at which clients begin."""
        return f"{HOST}:{self.port}"

    @property
    def environment(self) -> Mapping[str, str]:
        """The COMANDA_KAFKA_… variables that a service needs to speak with it."""
        return {"COMANDA_KAFKA_BOOTSTRAP": self.bootstrap, **self.tuning}

    def alive(self) -> bool:
        """Whether its process runs."""
        return self.child.alive()

    def stop(self) -> None:
        """Let it end in order."""
        self.child.stop(grace_seconds=30)

    def kill(self) -> None:
        """Kill it without warning (SIGKILL)."""
        self.child.kill()

    def restart(self) -> None:
        """Stop it when it runs, and start it on the same port with the data that its kind keeps."""
        self.stop()
        self.launch()

    def launch(self) -> None:
        """Start the process and wait until it answers an admin call."""
        demand_free(self.port, f"the {self.kind} broker")
        self.child.start()
        deadline = time.monotonic() + _READY_SECONDS
        wait_until(lambda: not self.alive() or answers(self.bootstrap), _READY_SECONDS)
        if not self.alive() or time.monotonic() > deadline:
            self.child.kill()
            raise LocalStackError(f"The {self.kind} broker did not start; its log, {self.child.log}, ends with: {self.child.last_lines(4)}")


def answers(bootstrap: str) -> bool:
    """Whether a broker at `bootstrap` (host:port, or several with commas between) answers an admin call."""
    host, _, port = bootstrap.split(",", maxsplit=1)[0].rpartition(":")
    try:
        # Asked first, because the client logs an error for each refused connection.
        socket.create_connection((host, int(port)), timeout=2).close()
        complete(_list_topics(bootstrap))
    except (OSError, ValueError, KafkaError):
        return False
    return True


async def _list_topics(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
    try:
        await admin.start()
        await admin.list_topics()
    finally:
        await admin.close()
