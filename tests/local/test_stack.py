"""The stack as a whole, without services, on the broker that starts fastest."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

import services
from deploy.local.commands import down
from deploy.local.errors import LocalStackError
from deploy.local.logs import log_files, tail
from deploy.local.stack import Stack
from deploy.local.waiting import complete
from schemas import topics

UP = "import services; services.NAMES = (); from deploy.local.commands import up; up()"


@pytest.fixture(autouse=True)
def _embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMANDA_BROKER", "embedded")


def quiet(folder: Path) -> Stack:
    return Stack(folder, names=(), say=lambda _: None)


async def topic_names(bootstrap: str) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    names = await admin.list_topics()
    await admin.close()
    return set(names)


async def databases(admin_url: str) -> set[str]:
    connection = await asyncpg.connect(admin_url)
    rows = await connection.fetch("select datname from pg_database")
    await connection.close()
    return {row["datname"] for row in rows}


def test_a_stack_has_databases_and_topics_and_finds_its_ports_and_secrets_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_left: Callable[[], bool]
) -> None:
    monkeypatch.setattr(services, "NAMES", services.NAMES[:2])  # two databases show it as well as eight
    with quiet(tmp_path) as stack:
        assert complete(databases(stack.admin_url)) >= set(services.NAMES)
        assert complete(topic_names(stack.bootstrap)) >= set(topics.load())
        first = stack.environment("ingest")
        stack.restart_broker()
        assert complete(topic_names(stack.bootstrap)) >= set(topics.load())
    assert nothing_left()
    assert quiet(tmp_path).environment("ingest") == first
    assert first["COMANDA_DATABASE_URL"].endswith("/ingest")
    assert stack.url("ingest").endswith(first["COMANDA_HTTP_PORT"])
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600
    with quiet(tmp_path) as again:
        assert again.environment("ingest") == first


def test_servers_that_end_unasked_are_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "NAMES", ())
    with quiet(tmp_path) as stack:
        assert stack.postgres is not None
        assert stack.broker is not None
        stack.postgres.kill()
        stack.broker.kill()
        stack.mend()
        assert stack.postgres.alive()
        assert complete(topic_names(stack.bootstrap)) >= set(topics.load())


def test_a_part_that_fails_ends_what_was_started_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_left: Callable[[], bool]) -> None:
    monkeypatch.setenv("COMANDA_BROKER", "rabbit")
    with pytest.raises(LocalStackError, match="COMANDA_BROKER=rabbit"):
        quiet(tmp_path).start()
    assert nothing_left()


def test_a_folder_where_nothing_was_started_says_so(tmp_path: Path) -> None:
    with pytest.raises(LocalStackError, match=r"^Nothing has been started in .+ yet: `comanda up` does\.$"):
        _ = quiet(tmp_path).admin_url


def up(folder: Path) -> "subprocess.Popen[str]":
    running = subprocess.Popen([sys.executable, "-c", UP], cwd=folder, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert any("Comanda runs" in line for line in running.stdout)
    return running


def test_up_runs_until_ctrl_c(tmp_path: Path, nothing_left: Callable[[], bool]) -> None:
    with up(tmp_path) as running:
        running.send_signal(signal.SIGINT)
        assert running.stdout is not None
        assert "has ended" in running.stdout.read()
    assert running.returncode == 0
    assert nothing_left()


def test_up_runs_once_and_until_comanda_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_left: Callable[[], bool]) -> None:
    with up(tmp_path) as running:
        second = subprocess.run([sys.executable, "-c", UP], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (second.returncode, "already runs" in second.stdout) == (1, True)
        monkeypatch.chdir(tmp_path)
        down()
    assert running.returncode == 0
    assert nothing_left()


def test_down_where_nothing_runs_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    down()
    assert capsys.readouterr().out == "nothing runs here\n"


def test_logs_are_shown_by_name_and_followed(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "ingest.log").write_text("one\ntwo\nthree\n")
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "postgres.log").write_text("ready\n")
    assert list(tail(log_files(tmp_path), last=2, follow=False)) == [("ingest", "two"), ("ingest", "three"), ("postgres", "ready")]
    lines = tail(log_files(tmp_path, "ingest"), last=1, follow=True)
    assert next(lines) == ("ingest", "three")
    with (tmp_path / "logs" / "ingest.log").open("a") as log:
        log.write("four\n")
    assert next(lines) == ("ingest", "four")
    with pytest.raises(LocalStackError, match=r"^There is no log of outbound in .+; there is one of: ingest, postgres\.$"):
        log_files(tmp_path, "outbound")
