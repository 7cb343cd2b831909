"""Apache Kafka: one node in KRaft mode, with its data in a folder."""

import os
import subprocess
import tempfile
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path

from deploy.local.apache_jars import cache_folder, ensure_once, fetch_jars
from deploy.local.child import Child
from deploy.local.errors import LocalStackError
from deploy.local.folders import prepare, writing_in
from deploy.local.java import Java, find_java
from deploy.local.kafka_process import KafkaProcess
from deploy.local.ports import HOST
from deploy.local.remembered import Remembered

TUNING: Mapping[str, str] = {
    "COMANDA_KAFKA_IDEMPOTENCE": "true",
    "COMANDA_KAFKA_SESSION_TIMEOUT_MS": "10000",
    "COMANDA_KAFKA_FETCH_MAX_WAIT_MS": "500",
}

_MEGABYTES = 500
# Started often and on few cores: the quick compiler alone and the plain collector come up sooner and take less memory.
_JVM = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true", "-Djava.net.preferIPv4Stack=true")
_LOGGING = """\
rootLogger.level = WARN
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %c{1} %m%n
"""


def start(data_dir: Path, port: int | None = None) -> KafkaProcess:
    """Start the broker whose data is in `data_dir`, made on first use; without `port`, on the one it had before or else a free one."""
    java = find_java()
    jars = fetch_jars(java)
    archive = ensure_once(cache_folder(), f"classes-of-java-{java.version}", lambda unfinished: _archive_classes(java, jars, unfinished))
    broker = _node(java, jars, data_dir, port, f"-XX:SharedArchiveFile={archive}")
    broker.launch()
    return broker


def _archive_classes(java: Java, jars: Path, archive: Path) -> None:
    """Run a broker once for what the JVM can keep of its classes: with that, each later start takes half the time."""
    with tempfile.TemporaryDirectory() as folder:
        broker = _node(java, jars, Path(folder), None, f"-XX:ArchiveClassesAtExit={archive}")
        broker.launch()
        broker.stop()


def _node(java: Java, jars: Path, data_dir: Path, port: int | None, *flags: str) -> KafkaProcess:
    """Prepare a broker that is ready to launch."""
    folder = prepare(data_dir, _MEGABYTES)
    remembered = Remembered(folder / "state.json")
    port = port or remembered.port("broker")
    settings = _settings(folder / "logs", port, remembered.port("controller"))
    with writing_in(folder):
        (folder / "server.properties").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        (folder / "log4j2.properties").write_text(_LOGGING)
    logging = f"-Dlog4j2.configurationFile={(folder / 'log4j2.properties').as_uri()}"
    command = [java.java, *_JVM, logging, "-cp", f"{jars}/*"]
    _format(command, folder, remembered.text("cluster_id", _cluster_id))
    child = Child(
        name="kafka", arguments=[command[0], *flags, *command[1:], "kafka.Kafka", "server.properties"], folder=folder, log=folder / "kafka.log"
    )
    return KafkaProcess(kind="apache", port=port, tuning=TUNING, child=child)


def _settings(logs: Path, port: int, controller_port: int) -> dict[str, str]:
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "listeners": f"CLIENTS://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"CLIENTS://{HOST}:{port}",
        "listener.security.protocol.map": "CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "CLIENTS",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(logs),
        "auto.create.topics.enable": "false",
        # One machine, few clients: fewer threads hand over less.
        "num.network.threads": "1",
        "num.io.threads": "2",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "offsets.topic.num.partitions": "4",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # Small segments and index files: a topic's partition takes 20 MB of disk up front otherwise.
        "log.index.size.max.bytes": "1048576",
        "log.segment.bytes": "67108864",
        # How long a broker that was killed counts as alive, and so keeps its successor from registering.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
    }


def _format(command: list[str], folder: Path, cluster_id: str) -> None:
    """Write the cluster's identity into the data folder, once."""
    if (folder / "logs" / "meta.properties").exists():
        return
    done = subprocess.run(  # noqa: S603 - Kafka's own tool
        [*command, "kafka.tools.StorageTool", "format", "--cluster-id", cluster_id, "--config", "server.properties"],
        check=False,
        cwd=folder,
        env=os.environ,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise LocalStackError(f"Apache Kafka could not make its data folder {folder}: {(done.stderr or done.stdout).strip().splitlines()[-1]}")


def _cluster_id() -> str:
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
