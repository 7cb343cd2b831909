"""The log files of a stack, and their ends."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from deploy.local.errors import LocalStackError

_POLL_SECONDS = 0.2


def log_files(folder: Path, only: str | None = None) -> dict[str, Path]:
    """Return the log of each service and server of the stack in `folder`, or only the one called so; raise LocalStackError when there is none."""
    logs = {file.stem: file for file in sorted((folder / "logs").glob("*.log"))}
    logs |= {file.parent.name: file for file in sorted(folder.glob("*/*.log")) if file.parent.name != "logs"}
    if only is None and logs:
        return logs
    if only in logs:
        return {only: logs[only]}
    raise LocalStackError(f"There is no log of {only or 'anything'} in {folder}; there is one of: {', '.join(logs) or 'nothing'}.")


def tail(files: Mapping[str, Path], last: int, *, follow: bool) -> Iterator[tuple[str, str]]:
    """Yield (name, line) of the last so many lines of each file, and with `follow` for ever what is added to them."""
    opened = {name: file.open(errors="replace") for name, file in files.items()}
    try:
        for name, file in opened.items():
            yield from ((name, line) for line in file.read().splitlines()[-last:])
        while follow:
            time.sleep(_POLL_SECONDS)
            for name, file in opened.items():
                yield from ((name, line) for line in _whole_lines(file))
    finally:
        for file in opened.values():
            file.close()


def _whole_lines(file: TextIO) -> Iterator[str]:
    """Read what was added, up to the last line that is complete."""
    begin = file.tell()
    while (line := file.readline()).endswith("\n"):
        begin = file.tell()
        yield line.rstrip("\n")
    file.seek(begin)
