"""What a reading process does: takes a file on standard input, and writes `{"text", "truncated"}` or `{"error_code"}` to standard output."""

import os
import resource
import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO

from pydantic_core import to_json

from services.message_store.media.reading.lines import TooMuchInside, joined

MEMORY_BYTES = 1_000_000_000
PROCESSOR_SECONDS = 20
NICENESS = 10


def answer(lines: Callable[[BinaryIO], Iterator[str]]) -> None:
    """Give up what could do harm, then read."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    try:
        text, truncated = joined(lines(sys.stdin.buffer))
    except (TooMuchInside, MemoryError):
        found = {"error_code": "TEXT_TOO_LARGE"}
    else:
        found = {"text": text, "truncated": truncated}
    sys.stdout.buffer.write(to_json(found))
