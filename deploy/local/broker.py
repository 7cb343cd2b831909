"""The broker: of which kind, and why, and what all kinds can do."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from deploy.local import apache, embedded
from deploy.local.errors import LocalStackError
from deploy.local.java import NoJavaError, find_java
from deploy.local.kafka_process import answers

Kind = Literal["own", "apache", "embedded", "docker"]


class Broker(Protocol):
    """A running broker that speaks Kafka's protocol."""

    @property
    def kind(self) -> str:
        """Which of the kinds it is."""
        ...

    @property
    def bootstrap(self) -> str:
        """The host:port at which clients begin."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """The COMANDA_KAFKA_… variables that a service needs to speak with it."""
        ...

    def alive(self) -> bool:
        """Whether it runs."""
        ...

    def stop(self) -> None:
        """Let it end in order."""
        ...

    def kill(self) -> None:
        """Kill it without warning."""
        ...

    def restart(self) -> None:
        """Stop it when it runs, and start it again on the same port."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind of broker, and why it is this one."""

    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class OwnBroker:
    """The user's own broker: we speak with it, and neither start nor end it."""

    bootstrap: str
    kind: str = "own"

    @property
    def environment(self) -> Mapping[str, str]:
        """The COMANDA_KAFKA_… variables that a service needs; any others are the user's to set."""
        return {"COMANDA_KAFKA_BOOTSTRAP": self.bootstrap}

    def alive(self) -> bool:
        """Whether it answers."""
        return answers(self.bootstrap)

    def stop(self) -> None:
        """Leave it running."""

    def kill(self) -> None:
        """Refuse."""
        raise LocalStackError(f"The broker at {self.bootstrap} is yours (COMANDA_KAFKA_BOOTSTRAP): Comanda does not end or restart it.")

    restart = kill


def choose(environment: Mapping[str, str] = os.environ) -> Choice:
    """Say which kind of broker to start: what COMANDA_BROKER demands, or else the user's own, Apache Kafka, the embedded one."""
    match environment.get("COMANDA_BROKER", ""):
        case "apache" | "embedded" | "docker" as kind:
            return Choice(kind, f"COMANDA_BROKER={kind}")
        case "":
            return _default(environment.get("COMANDA_KAFKA_BOOTSTRAP", ""))
        case unknown:
            raise LocalStackError(f"COMANDA_BROKER={unknown} is no kind of broker: set it to apache, embedded or docker, or leave it out.")


def _default(bootstrap: str) -> Choice:
    if bootstrap:
        return Choice("own", f"COMANDA_KAFKA_BOOTSTRAP={bootstrap}")
    try:
        java = find_java()
    except NoJavaError as reason:
        return Choice("embedded", str(reason))
    return Choice("apache", f"Java {java.version} and Maven are here")


def start_broker(data_dir: Path, say: Callable[[str], None] = print) -> Broker:
    """Start a broker whose data is in a folder of `data_dir`, one a kind, and say which and why."""
    choice = choose()
    say(f"broker: {choice.kind} ({choice.reason})")
    folder = data_dir / choice.kind
    match choice.kind:
        case "own":
            return _own(os.environ["COMANDA_KAFKA_BOOTSTRAP"])
        case "apache":
            return apache.start(folder)
        case "embedded":
            return embedded.start(folder)
        case "docker":
            from deploy.local import docker  # noqa: PLC0415  (it takes a second to import, and hardly anybody needs it)

            return docker.start_kafka(folder)


def _own(bootstrap: str) -> OwnBroker:
    if not answers(bootstrap):
        raise LocalStackError(f"No broker answers at {bootstrap} (COMANDA_KAFKA_BOOTSTRAP): start yours, or leave the variable out.")
    return OwnBroker(bootstrap)
