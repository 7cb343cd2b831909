"""One stack a folder: who holds it, known without a doubt even after a kill -9."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.errors import LocalStackError
from deploy.local.folders import writing_in

_FILE = "pid"


@contextmanager
def holding(folder: Path) -> Generator[None]:
    """Hold `folder` for this process; raise LocalStackError when another one does."""
    with writing_in(folder):
        lock = (folder / _FILE).open("a+")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalStackError(f"The local stack already runs (process {holder(folder)}): `comanda down` ends it.") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
        lock.truncate(0)


def holder(folder: Path) -> int | None:
    """Return the process that holds `folder`, if one does."""
    try:
        with (folder / _FILE).open("r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or 0) or None
    except FileNotFoundError:
        pass
    return None
