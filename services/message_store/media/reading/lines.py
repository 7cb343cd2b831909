"""From cells and lines to one text of a bounded length."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta

MOST_CHARACTERS = 20_000
MOST_ROWS = 5_000

Cell = int | float | str | bool | date | datetime | time | timedelta


class Truncated(Exception):
    """The file says more than is read of it; raised after the last line that is."""


class TooMuchInside(Exception):
    """Unpacked, the file would be larger than any order."""


def joined(lines: Iterable[str]) -> tuple[str, bool]:
    """Return as many whole lines as fit, and whether there are more: half a line could be another quantity. Raises TooMuchInside if none fits."""
    kept: list[str] = []
    size = 0
    try:
        for line in _tidied(lines):
            size += len(line) + 1
            if size > MOST_CHARACTERS and not kept:
                raise TooMuchInside
            if size > MOST_CHARACTERS:
                return "\n".join(kept), True
            kept.append(line)
    except Truncated:
        return "\n".join(kept).strip(), True
    return "\n".join(kept).strip(), False


def row(cells: Sequence[Cell]) -> str:
    """Return the cells of a row as a line, in their order: `3 cs Whole Milk`."""
    return " ".join(text for cell in cells if (text := _text(cell)))


def _text(cell: Cell) -> str:
    match cell:
        case float() if cell.is_integer():
            return str(int(cell))
        case float():
            return f"{cell:.10g}"
        case datetime() if cell.time() == time():
            return cell.date().isoformat()
        case datetime() | date() | time():
            return cell.isoformat()
        case _:
            return str(cell).strip()


def _tidied(lines: Iterable[str]) -> Iterator[str]:
    """Leave out what neither PostgreSQL nor UTF-8 can hold, runs of spaces, and empty lines that follow each other."""
    before = ""
    for line in lines:
        tidy = " ".join(line.replace("\x00", "").encode(errors="replace").decode().split())
        if tidy or before:
            yield tidy
        before = tidy
