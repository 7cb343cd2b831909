"""The PostgreSQL launcher, on real servers."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from deploy.local import postgres
from deploy.local.errors import LocalStackError
from deploy.local.folders import prepare
from deploy.local.ports import HOST, free_port
from deploy.local.postgres import Postgres
from deploy.local.waiting import complete, wait_until
from tests.local.conftest import runs


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "postgres"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Make a folder that every user can reach, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    running = postgres.start(tmp_path_factory.mktemp("server"))
    yield running
    running.stop("immediate")


def ask(url: str, statement: str) -> object:
    async def fetch() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return complete(fetch())


def keep_a_row(server: Postgres) -> None:
    ask(server.admin_url, "create table if not exists kept as select 42 as row")


def kept_row(server: Postgres) -> object:
    return ask(server.admin_url, "select row from kept")


def postmaster(server: Postgres) -> psutil.Process:
    return psutil.Process(int((server.cluster / "postmaster.pid").read_text().splitlines()[0]))


def test_a_second_start_finds_its_data_on_the_same_port_and_leaves_nothing_running(data: Path, nothing_left: Callable[[], bool]) -> None:
    first = postgres.start(data)
    keep_a_row(first)
    first.stop()
    assert nothing_left()
    second = postgres.start(data)
    try:
        assert second.port == first.port
        assert kept_row(second) == 42
    finally:
        second.stop()


def test_it_is_version_18_durable_and_listens_on_the_loopback_only(server: Postgres) -> None:
    assert str(ask(server.admin_url, "show server_version")).startswith("18.")
    assert ask(server.admin_url, "show fsync") == "on"
    assert ask(server.admin_url, "show max_connections") == "300"
    listening = [each for each in postmaster(server).net_connections("all") if each.status in {psutil.CONN_LISTEN, psutil.CONN_NONE}]
    assert {each.laddr for each in listening if each.laddr} == {(HOST, server.port)}


def test_it_asks_for_the_password_which_is_kept_from_other_users(server: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(f"postgresql://postgres:wrong@{HOST}:{server.port}/postgres", "select 1")
    assert (server.cluster.parent / "state.json").stat().st_mode & 0o777 == 0o600
    assert ask(server.admin_url, "select rolpassword like 'SCRAM-SHA-256%' from pg_authid where rolname = 'postgres'")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_it_restarts_with_its_data_kept(server: Postgres, mode: postgres.StopMode) -> None:
    keep_a_row(server)
    before = postmaster(server).pid
    server.restart(mode)
    assert kept_row(server) == 42
    assert postmaster(server).pid != before


def test_a_server_that_was_killed_starts_again_with_what_it_had_committed(server: Postgres) -> None:
    keep_a_row(server)
    os.kill(postmaster(server).pid, signal.SIGKILL)
    assert wait_until(lambda: not server.alive(), 5)
    server.restart()
    assert kept_row(server) == 42


def test_a_process_id_file_that_names_another_program_is_no_hindrance(server: Postgres) -> None:
    server.kill()
    lines = (server.cluster / "postmaster.pid").read_text().splitlines()
    (server.cluster / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))
    server.restart()
    assert server.alive()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as somebody else")
def test_root_runs_it_as_nobody_from_a_folder_that_nobody_may_enter_and_from_one_open_to_all(data: Path, open_folder: Path) -> None:
    data.parent.chmod(0o700)
    for folder in (data, open_folder / "postgres"):
        running = postgres.start(folder)
        try:
            assert postmaster(running).username() == "nobody"
            assert ask(running.admin_url, "select 1") == 1
        finally:
            running.stop()


def python_of_nobody() -> str | None:
    """Find a Python of this version that every user can run; a virtual environment's may lead into somebody's home."""
    for python in (Path(sys.executable).resolve(), Path(f"/usr/bin/python3.{sys.version_info.minor}")):
        if python.exists() and all(folder.stat().st_mode & 0o001 for folder in python.parents):
            return str(python)
    return None


@pytest.mark.skipif(
    os.geteuid() != 0 or python_of_nobody() is None, reason="only root can take another user's place, with a Python that is open to all"
)
def test_a_normal_user_runs_it_as_oneself(open_folder: Path) -> None:
    shutil.chown(open_folder, "nobody")
    script = (
        "from pathlib import Path; import sys, psutil; from deploy.local import postgres\n"
        "server = postgres.start(Path(sys.argv[1])); print(psutil.Process(server.child.pid).username()); server.stop()"
    )
    done = subprocess.run(
        [str(python_of_nobody()), "-c", script, str(open_folder / "postgres")],
        user="nobody",
        env={"PYTHONPATH": ":".join(sys.path), "PATH": os.defpath},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip(), done.returncode) == ("nobody", 0), done.stderr


def test_it_does_not_outlive_a_starter_that_is_killed(data: Path) -> None:
    script = (
        "from pathlib import Path; import os, sys; from deploy.local import postgres\n"
        "server = postgres.start(Path(sys.argv[1])); print(server.child.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(data)], capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    assert wait_until(lambda: not runs(pid), 10)


def test_a_port_in_use_is_told_in_one_sentence(server: Postgres, tmp_path: Path) -> None:
    with pytest.raises(LocalStackError, match=f"^Port {server.port}, which PostgreSQL needs, is in use by another program: .+$"):
        postgres.start(tmp_path / "other", port=server.port)


def test_a_folder_with_a_running_server_is_told_in_one_sentence(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.cluster._LEAVING_SECONDS", 0.1)
    with pytest.raises(LocalStackError, match=r"^PostgreSQL already runs on .+ \(process \d+\): stop that one first\.$"):
        postgres.start(server.cluster.parent, port=free_port())


def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalStackError, match=r"^Comanda cannot write in .+/file/postgres: Not a directory\.$"):
        postgres.start(tmp_path / "file" / "postgres")


def test_a_full_disk_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LocalStackError, match=r"^The disk that holds .+ is full: \d+ MB are free and 1000000000 MB are needed\.$"):
        prepare(tmp_path, megabytes=1_000_000_000)
