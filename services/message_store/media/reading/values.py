"""The rows of comma-separated values, whatever separates them."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import BinaryIO

from services.message_store.media.reading.answer import answer
from services.message_store.media.reading.lines import MOST_ROWS, Truncated, row
from services.message_store.media.reading.text import decoded

DELIMITERS = ",;\t|"


def lines(file: BinaryIO) -> Iterator[str]:
    """Yield each row that says something."""
    text, more = decoded(file)
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    for number, cells in enumerate(csv.reader(StringIO(text, newline=""), delimiter=delimiter)):
        if number == MOST_ROWS:
            raise Truncated
        if line := row(cells):
            yield line
    if more:
        raise Truncated


if __name__ == "__main__":
    answer(lines)
