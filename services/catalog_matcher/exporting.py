"""A catalog as a file with the columns that an import knows."""

import asyncio
import csv
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from decimal import Decimal
from enum import StrEnum
from io import StringIO
from typing import Any
from uuid import UUID

from xlsxwriter import Workbook

from libs.postgres import Connection
from services.catalog_matcher import store
from services.catalog_matcher.importing.columns import COLUMNS

ROWS_A_PAGE = 1_000
CHUNK_BYTES = 256 * 1024
SEPARATOR = " | "
PATH_SEPARATOR = " > "
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Format(StrEnum):
    """What kind of file."""

    CSV = "csv"
    XLSX = "xlsx"

    @property
    def mime_type(self) -> str:
        """How the file is called on the wire."""
        return "text/csv" if self is Format.CSV else "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def page(connection: Connection, distributor_id: UUID, after_sku: str) -> tuple[list[list[Any]], str | None]:
    """Return the next rows behind a SKU, by SKU, and the last one's; none at the end."""
    products = await store.select_to_export(connection, distributor_id, after_sku, ROWS_A_PAGE)
    return [[_cell(product[column]) for column in COLUMNS] for product in products], products[-1]["sku"] if products else None


async def written(to: Format, pages: AsyncIterator[list[list[Any]]]) -> AsyncGenerator[bytes]:
    """Yield the file in pieces."""
    if to is Format.CSV:
        yield _lines([list(COLUMNS)])
        async for rows in pages:
            yield await asyncio.to_thread(_lines, rows)
        return
    with tempfile.TemporaryFile() as file:
        book = Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
        sheet = book.add_worksheet("products")
        sheet.write_row(0, 0, COLUMNS)
        number = 1
        async for rows in pages:
            await asyncio.to_thread(_write_rows, sheet, number, rows)
            number += len(rows)
        await asyncio.to_thread(book.close)
        file.seek(0)
        while piece := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield piece


def _write_rows(sheet: Any, number: int, rows: list[list[Any]]) -> None:  # noqa: ANN401 - has no types
    for offset, row in enumerate(rows):
        sheet.write_row(number + offset, 0, row)


def _lines(rows: list[list[Any]]) -> bytes:
    text = StringIO()
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _harmless(cell: Any) -> Any:  # noqa: ANN401 - whatever a cell holds
    """Keep a spreadsheet from taking a text for a formula; an import reads it without the apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(BEGINS_A_FORMULA) else cell


def _cell(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return SEPARATOR.join(str(each) for each in value) if isinstance(value, list) else value
