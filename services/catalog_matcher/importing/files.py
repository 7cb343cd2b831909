"""The rows of a file: comma-separated values in whatever dialect and characters, or the first sheet of a workbook that a person sees."""

import codecs
import csv
import zipfile
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from libs.refused import Refused
from services.catalog_matcher.importing.cells import Cell

DELIMITERS = ",;\t|"
LINES_LOOKED_AT = 20
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
WESTERN = "cp1252"
"""What office programs write where it is not UTF-8."""
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
MOST_UNPACKED_BYTES = 500_000_000
MOST_PARTS = 1_000
MOST_ROWS = 500_000


class NotReadable(Refused):
    """The file is neither a workbook nor comma-separated values."""


def rows(file: BinaryIO) -> Iterator[Sequence[Cell]]:
    """Yield every row, empty ones too, the header first. Raises NotReadable."""
    file.seek(0)
    beginning = file.read(4)
    file.seek(0)
    for number, row in enumerate(_sheet(file) if beginning in WORKBOOKS else _values(file)):
        if number > MOST_ROWS:
            raise NotReadable(f"the file has more than {MOST_ROWS} rows; divide it")
        yield row


def _sheet(file: BinaryIO) -> Iterator[Sequence[Cell]]:
    try:
        _refuse_bombs(file)
        with CalamineWorkbook.from_filelike(file) as book:
            seen = [each for each in book.sheets_metadata if each.visible is SheetVisibleEnum.Visible and each.typ is SheetTypeEnum.WorkSheet]
            if not seen:
                raise NotReadable("the workbook has no sheet that can be seen")
            yield from book.get_sheet_by_name(seen[0].name).iter_rows()
    except (CalamineError, zipfile.BadZipFile):
        raise NotReadable("the workbook cannot be opened; save it again as .xlsx, without a password") from None


def _refuse_bombs(file: BinaryIO) -> None:
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as parts:
            sizes = [part.file_size for part in parts.infolist()]
        if len(sizes) > MOST_PARTS or sum(sizes) > MOST_UNPACKED_BYTES:
            raise NotReadable("unpacked, the workbook is larger than any catalog; save it again, or as CSV")
    file.seek(0)


def _values(file: BinaryIO) -> Iterator[Sequence[Cell]]:
    text = _decoded(file.read())
    try:
        yield from csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=False)
    except csv.Error:
        raise NotReadable("the file is not comma-separated values; look for a quotation mark that is not closed") from None


def _decoded(content: bytes) -> str:
    for mark, charset in MARKS:
        if content.startswith(mark):
            return content.decode(charset, errors="replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode(WESTERN, errors="replace")


def _delimiter(text: str) -> str:
    """Return what divides the first lines into the most columns, as many in each."""
    lines = text.splitlines()[:LINES_LOOKED_AT]

    def columns(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        return (widths.count(widths[0]) if widths and widths[0] > 1 else 0, widths[0] if widths else 0)

    return max(DELIMITERS, key=columns)
