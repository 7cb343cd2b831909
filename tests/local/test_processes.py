"""The supervisor, with small children of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.child import Child
from deploy.local.errors import LocalStackError
from deploy.local.ports import free_port
from deploy.local.probe import ask
from deploy.local.processes import Supervisor
from deploy.local.waiting import wait_until
from tests.local.conftest import runs

SERVICE = """
import http.server, sys
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[2])); self.end_headers()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Health).serve_forever()
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with Supervisor(grace_seconds=1, say=lambda _: None) as running:
        yield running


def child(folder: Path, name: str, script: str, *arguments: str) -> Child:
    return Child(name=name, arguments=[sys.executable, "-c", script, *arguments], log=folder / f"{name}.log")


def service(folder: Path, name: str, status: int = 200) -> tuple[Child, int]:
    port = free_port()
    return child(folder, name, SERVICE, str(port), str(status)), port


def test_children_become_ready_and_end_with_the_supervisor(supervisor: Supervisor, tmp_path: Path, nothing_left: Callable[[], bool]) -> None:
    supervisor.start([service(tmp_path, "one"), service(tmp_path, "two")])
    supervisor.wait_ready(10)
    assert supervisor.names() == ["one", "two"]
    assert supervisor.alive("one")
    supervisor.stop()
    assert nothing_left()


def test_a_child_that_is_killed_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([service(tmp_path, "one"), service(tmp_path, "two")])
    supervisor.wait_ready(10)
    before = supervisor.pid("one")
    supervisor.kill("one")
    assert wait_until(lambda: supervisor.restarts("one") == 1 and supervisor.alive("one"), 5)
    supervisor.wait_ready(10)
    assert supervisor.pid("one") != before
    assert supervisor.restarts("two") == 0


def test_a_child_that_dies_again_and_again_is_given_ever_more_time(tmp_path: Path) -> None:
    said: list[str] = []
    with Supervisor(say=said.append) as supervisor:
        supervisor.start([(child(tmp_path, "dying", "raise SystemExit(3)"), free_port())])
        assert wait_until(lambda: len(said) == 3, 10)
    assert [line.replace("; it starts again in", "") for line in said] == [f"dying ended with 3 {seconds} s" for seconds in (0.4, 0.8, 1.6)]


def test_a_paused_child_does_not_answer_until_it_is_resumed(supervisor: Supervisor, tmp_path: Path) -> None:
    one, port = service(tmp_path, "one")
    supervisor.start([(one, port)])
    supervisor.wait_ready(10)
    supervisor.pause("one")
    assert ask(port, "/health/live", seconds=0.2) is None
    assert supervisor.alive("one")
    supervisor.resume("one")
    assert wait_until(lambda: ask(port, "/health/live") == 200, 5)
    assert supervisor.restarts("one") == 0


def test_a_paused_child_and_one_that_ignores_us_end_too(supervisor: Supervisor, tmp_path: Path, nothing_left: Callable[[], bool]) -> None:
    stubborn = child(tmp_path, "stubborn", STUBBORN)
    supervisor.start([service(tmp_path, "paused"), (stubborn, free_port())])
    assert wait_until(lambda: "up" in stubborn.last_lines(), 5)
    supervisor.pause("paused")
    supervisor.stop()
    assert nothing_left()
    assert stubborn.exit_code == -signal.SIGKILL


def test_what_is_not_ready_is_named_with_the_end_of_its_log(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([service(tmp_path, "fine"), service(tmp_path, "joining", status=503)])
    with pytest.raises(LocalStackError, match=r"^joining is not ready after 1 seconds; its log, .+joining.log, ends with:\n.*GET /health/ready"):
        supervisor.wait_ready(1)


def test_all_children_can_be_started_anew(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([service(tmp_path, "one")])
    before = supervisor.pid("one")
    supervisor.restart_all()
    supervisor.wait_ready(10)
    assert supervisor.pid("one") not in {None, before}
    assert supervisor.restarts("one") == 0


def test_a_supervisor_that_is_killed_leaves_no_orphans(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from deploy.local.child import Child\n"
        "child = Child(name='c', arguments=['/bin/sh', '-c', 'sleep 60 & echo $!; wait'], log=Path(sys.argv[1])); child.start()\n"
        "while not Path(sys.argv[1]).read_text(): pass\n"
        "print(child.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "log")], capture_output=True, text=True, check=False)
    pids = [int(done.stdout), int((tmp_path / "log").read_text())]
    assert wait_until(lambda: not any(runs(pid) for pid in pids), 5)


def test_a_child_that_ends_by_itself_takes_nobody_with_it(tmp_path: Path) -> None:
    short = child(tmp_path, "short", "print('done')")
    short.start()
    assert wait_until(lambda: not short.alive(), 5)
    short.stop()
    assert (short.exit_code, short.last_lines()) == (0, "done")
    assert runs(os.getpid())
