"""The rows of a workbook: xlsx and xls."""

import zipfile
from collections.abc import Iterator
from typing import BinaryIO

from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from services.message_store.media.reading.answer import answer
from services.message_store.media.reading.lines import MOST_ROWS, TooMuchInside, Truncated, row

MOST_UNPACKED_BYTES = 100_000_000
MOST_PARTS = 1_000


def lines(file: BinaryIO) -> Iterator[str]:
    """Yield each row that says something of the sheets that a person sees, an empty line between sheets. Raises TooMuchInside."""
    _refuse_bombs(file)
    read = 0
    with CalamineWorkbook.from_filelike(file) as book:
        for sheet in book.sheets_metadata:
            if sheet.visible is not SheetVisibleEnum.Visible or sheet.typ is not SheetTypeEnum.WorkSheet:
                continue
            for cells in book.get_sheet_by_name(sheet.name).iter_rows():
                if read == MOST_ROWS:
                    raise Truncated
                if line := row(cells):
                    read += 1
                    yield line
            yield ""


def _refuse_bombs(file: BinaryIO) -> None:
    """Raise TooMuchInside by what a zip says of itself; where it lies, the limit on memory holds."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as parts:
            sizes = [part.file_size for part in parts.infolist()]
        if len(sizes) > MOST_PARTS or sum(sizes) > MOST_UNPACKED_BYTES:
            raise TooMuchInside
    file.seek(0)


if __name__ == "__main__":
    answer(lines)
