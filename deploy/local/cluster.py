"""PostgreSQL's data folder: made once, and entered by one server at a time."""

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

from deploy.local.errors import LocalStackError
from deploy.local.folders import writing_in
from deploy.local.postgres_user import data_path, give_to, group_of
from deploy.local.waiting import wait_until

SUPERUSER = "postgres"

_LEAVING_SECONDS = 15.0


def server_environment() -> dict[str, str]:
    """Return the environment of PostgreSQL's programs: none of the PG… variables, and messages in English."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def ensure_cluster(cluster: Path, bin_folder: Path, user: str | None, password: str) -> None:
    """Run initdb unless it has been run to its end here; what a first try left behind when it was interrupted is cleared away."""
    finished = cluster.with_suffix(".complete")
    if finished.exists():
        return
    with writing_in(cluster):
        shutil.rmtree(cluster, ignore_errors=True)
        cluster.mkdir(mode=0o700)
        give_to(user, cluster)
        _initdb(cluster, bin_folder, user, password)
        finished.touch()


def _initdb(cluster: Path, bin_folder: Path, user: str | None, password: str) -> None:
    with tempfile.TemporaryFile() as secret:  # a nameless file: the password is on no command line and stays in no folder
        secret.write(password.encode())
        secret.seek(0)
        give_to(user, secret.fileno())
        done = subprocess.run(  # noqa: S603 - initdb
            [
                str(bin_folder / "initdb"),
                *("-D", data_path(cluster, user)),
                *("--username", SUPERUSER, "--pwfile", f"/dev/fd/{secret.fileno()}", "--auth", "scram-sha-256"),
                *("--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            ],
            check=False,
            env=server_environment(),
            cwd=cluster,
            user=user,
            group=group_of(user),
            extra_groups=None if user is None else [],
            pass_fds=(secret.fileno(),),
            capture_output=True,
            text=True,
        )
    if done.returncode != 0:
        raise LocalStackError(f"PostgreSQL could not make its data folder {cluster}: {done.stderr.strip().splitlines()[-1]}")


def await_no_server(cluster: Path) -> None:
    """Wait for a server that is just leaving this folder; raise LocalStackError when one stays. What a killed one left is no hindrance."""
    if not wait_until(lambda: _server_of(cluster) is None, _LEAVING_SECONDS):
        raise LocalStackError(f"PostgreSQL already runs on {cluster} (process {_server_of(cluster)}): stop that one first.")
    # The process id in it may by now belong to another program, and PostgreSQL would take that one for its own.
    (cluster / "postmaster.pid").unlink(missing_ok=True)


def _server_of(cluster: Path) -> int | None:
    with suppress(OSError, ValueError, IndexError, psutil.Error):
        pid = int((cluster / "postmaster.pid").read_text().splitlines()[0])
        if psutil.Process(pid).name().startswith("postgres") and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            return pid
    return None
