"""Folders that the local stack writes in, and plain words where it cannot."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.errors import LocalStackError

_MEGABYTE = 1 << 20


@contextmanager
def writing_in(folder: Path) -> Generator[None]:
    """Turn whatever keeps us from writing in `folder` (no permission, full, read-only, a file in its place) into one sentence."""
    try:
        yield
    except OSError as error:
        raise LocalStackError(f"Comanda cannot write in {folder}: {error.strerror or error}.") from error


def prepare(folder: Path, megabytes: int) -> Path:
    """Make `folder` (mode 0755, so that PostgreSQL's user can pass through it) and see to it that so many megabytes are free."""
    with writing_in(folder):
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
        free = shutil.disk_usage(folder).free // _MEGABYTE
    if free < megabytes:
        raise LocalStackError(f"The disk that holds {folder} is full: {free} MB are free and {megabytes} MB are needed.")
    return folder.resolve()
