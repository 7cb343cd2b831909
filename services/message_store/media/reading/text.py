"""Plain text, in whatever characters."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from services.message_store.media.reading.answer import answer
from services.message_store.media.reading.lines import Truncated

MOST_BYTES = 2_000_000
"""More is not looked at: it is a hundred times what is kept."""
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
WESTERN = "cp1252"
"""What office programs write where it is not UTF-8."""


def lines(file: BinaryIO) -> Iterator[str]:
    """Yield the lines as they are."""
    text, more = decoded(file)
    yield from text.splitlines()
    if more:
        raise Truncated


def decoded(file: BinaryIO) -> tuple[str, bool]:
    """Return the text, and whether there is more of it."""
    content = file.read(MOST_BYTES + 1)
    more, content = len(content) > MOST_BYTES, content[:MOST_BYTES]
    for mark, charset in MARKS:
        if content.startswith(mark):
            return content.decode(charset, errors="replace"), more
    try:
        return content.decode(), more
    except UnicodeDecodeError:
        return content.decode(WESTERN, errors="replace"), more


if __name__ == "__main__":
    answer(lines)
