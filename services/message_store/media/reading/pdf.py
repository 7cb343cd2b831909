"""The text of a PDF, page by page, with what stands side by side on one line."""

from collections.abc import Iterator
from typing import BinaryIO

from pypdf import PageObject, PdfReader
from pypdf.errors import LimitReachedError

from services.message_store.media.reading.answer import answer
from services.message_store.media.reading.lines import TooMuchInside, Truncated

MOST_PAGES = 50


def lines(file: BinaryIO) -> Iterator[str]:
    """Yield the lines of every page, an empty one between pages. Raises TooMuchInside."""
    reader = PdfReader(file)
    if reader.is_encrypted:
        reader.decrypt("")
    for number, page in enumerate(reader.pages):
        if number == MOST_PAGES:
            raise Truncated
        yield from _text(page).splitlines()
        yield ""


def _text(page: PageObject) -> str:
    """Return the text in rows, or as it was written where that is all that can be had: the layout leaves out what stands on its side."""
    try:
        found = page.extract_text(extraction_mode="layout")
    except LimitReachedError:
        raise TooMuchInside from None
    except Exception:  # pages that only the layout stumbles over
        found = ""
    return found or page.extract_text()


if __name__ == "__main__":
    answer(lines)
