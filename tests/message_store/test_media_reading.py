"""Files of orders become lines, and no file makes the reader hang or fill the memory."""

import asyncio
import io
import struct
import tempfile
import zipfile
import zlib
from datetime import date, datetime

import pytest

from services.message_store.media import text
from services.message_store.media.domain import Reading
from tests.message_store.media import ORDER, assemble, old_sheet, pdf, sheet

MILK_AND_EGGS = (("3", "cs", "Whole Milk"), ("2", "doz", "Eggs"))
TOO_LARGE, NOT_READABLE = Reading(error_code="TEXT_TOO_LARGE"), Reading(error_code="TEXT_NOT_READABLE")


async def read(content: bytes, reader: str) -> Reading:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return await text.read(file, reader, asyncio.Semaphore())


async def test_a_pdf_gives_its_rows_even_where_it_was_written_by_columns() -> None:
    assert await read(pdf(MILK_AND_EGGS), "pdf") == Reading(ORDER)
    assert await read(pdf(MILK_AND_EGGS, (("12", "ea", "Butter"),)), "pdf") == Reading(f"{ORDER}\n\n12 ea Butter")


async def test_a_pdf_without_text_says_nothing() -> None:
    assert await read(pdf(()), "pdf") == Reading("")


async def test_text_that_stands_on_its_side_is_read_nevertheless() -> None:
    stream = b"BT /F1 12 Tf 0 1 -1 0 300 100 Tm (3 cs milk) Tj ET"
    assert await read(pdf((), before=stream), "pdf") == Reading("3 cs milk")


async def test_a_workbook_gives_its_rows_with_numbers_as_people_write_them() -> None:
    content = sheet(
        ("Qty", "Unit", "Product"),
        (3, "cs", "Whole Milk"),
        (),
        (None, None),
        (2.50, None, "Butter,  salted\nand unsalted"),
        ("for", date(2026, 11, 26), datetime(2026, 11, 26, 7, 30)),  # noqa: DTZ001 - a workbook knows no time zones
        hidden=[("999", "never ordered")],
    )
    assert await read(content, "sheet") == Reading(
        "Qty Unit Product\n3 cs Whole Milk\n2.5 Butter, salted and unsalted\nfor 2026-11-26 2026-11-26T07:30:00"
    )


async def test_an_old_workbook_gives_its_rows() -> None:
    assert await read(old_sheet((3.0, "cs", "Whole Milk"), (2.0, "doz", "Eggs")), "sheet") == Reading(ORDER)


@pytest.mark.parametrize(
    "content",
    [
        b"3,cs,Whole Milk\n2,doz,Eggs\n",
        b"3;cs;Whole Milk\r\n2;doz;Eggs\r\n",
        b"3\tcs\tWhole Milk\n\n2\tdoz\tEggs",
        b'"3","cs","Whole\n Milk"\n"2","doz",Eggs',
        b"\xef\xbb\xbf3,cs,Whole Milk\n2,doz,Eggs",
        "3;cs;Whole Milk\n2;doz;Eggs".encode("utf-16"),
    ],
)
async def test_values_give_their_rows_whatever_separates_them(content: bytes) -> None:
    assert await read(content, "values") == Reading(ORDER)


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
async def test_text_is_read_in_its_own_characters(charset: str) -> None:
    assert await read("3 cs Crème fraîche\n\n\n2 × Jalapeño".encode(charset), "text") == Reading("3 cs Crème fraîche\n\n2 × Jalapeño")


async def test_what_postgresql_cannot_hold_is_left_out() -> None:
    assert await read(b"3 cs\x00 milk", "text") == Reading("3 cs milk")


async def test_an_empty_file_says_nothing() -> None:
    assert [await read(b"", reader) for reader in ("values", "text")] == [Reading(""), Reading("")]


@pytest.mark.parametrize(
    ("content", "reader"),
    [
        (b"\n".join(b"%d cs product number %d" % (n, n) for n in range(2_000)), "text"),
        (b"\n".join(b"%d,cs,product number %d" % (n, n) for n in range(2_000)), "values"),
        (b"a\n" * 2_000_000, "text"),
    ],
)
async def test_a_long_text_is_cut_after_a_whole_line_and_said_to_be(content: bytes, reader: str) -> None:
    found = await read(content, reader)
    assert found.truncated
    assert found.text is not None
    assert 19_900 < len(found.text) <= 20_000
    lines = content.decode().replace(",", " ").splitlines()
    assert found.text.splitlines() == lines[: len(found.text.splitlines())]


async def test_a_single_line_that_is_too_long_is_refused() -> None:
    assert await read(b"a" * 20_001, "text") == TOO_LARGE


async def test_no_more_rows_and_pages_are_read_than_an_order_has() -> None:
    values = await read(b"a,\n" * 5_001, "values")
    rows = await read(sheet(*[("a",)] * 5_001), "sheet")
    pages = await read(pdf(*[(("a",),)] * 51), "pdf")
    assert values == rows == Reading("\n".join("a" * 5_000), truncated=True)
    assert pages == Reading("\n\n".join("a" * 50), truncated=True)


def repacked(content: bytes, before: bytes, after: bytes, times: int = 1) -> bytes:
    """The workbook whose sheet holds `after`, so many times, where it held `before`."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as original, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in original.namelist():
            beginning, found, end = original.read(name).partition(before if name == SHEET else b"\x00")
            with copy.open(name, "w") as part:
                part.write(beginning)
                for _ in range(times if found else 0):
                    part.write(after)
                part.write(end)
    return changed.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
MEGABYTE = b"a" * 1_000_000


async def test_a_workbook_that_unpacks_to_more_than_any_order_is_refused() -> None:
    bomb = repacked(sheet(*MILK_AND_EGGS), b"Eggs", MEGABYTE, times=100)
    assert len(bomb) < 200_000
    assert await read(bomb, "sheet") == TOO_LARGE
    many = io.BytesIO(sheet(*MILK_AND_EGGS))
    with zipfile.ZipFile(many, "a") as parts:
        for number in range(1_001):
            parts.writestr(f"{number}", b"")
    assert await read(many.getvalue(), "sheet") == TOO_LARGE


async def test_a_workbook_that_lies_about_its_size_is_not_read_beyond_the_memory() -> None:
    bomb = repacked(sheet(*MILK_AND_EGGS), b"Eggs", MEGABYTE, times=600)
    with zipfile.ZipFile(io.BytesIO(bomb)) as parts:
        size = parts.getinfo(SHEET).file_size
    bomb = bomb.replace(struct.pack("<I", size), struct.pack("<I", 1_000))
    assert await read(bomb, "sheet") == NOT_READABLE


@pytest.mark.parametrize("place", [b"XFD1048576", b"XFD3500"])
async def test_a_sheet_that_is_all_empty_cells_gets_no_more_memory_than_others(place: bytes) -> None:
    far = repacked(sheet(*MILK_AND_EGGS), b'r="C2"', b'r="%s"' % place)
    assert await read(far, "sheet") == NOT_READABLE


async def test_a_pdf_that_unpacks_to_more_than_any_order_is_refused() -> None:
    packed = zlib.compress(b"BT (a) Tj ET " * 10_000_000, 9)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed),
    ]
    assert len(packed) < 400_000
    assert await read(assemble(objects), "pdf") == TOO_LARGE


async def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "SECONDS", 0.5)
    slow = pdf((), before=b"BT /F1 12 Tf " + b"(a) Tj " * 1_000_000 + b"ET ")
    assert await read(slow, "pdf") == Reading(error_code="TEXT_TOOK_TOO_LONG")


@pytest.mark.parametrize(("content", "reader"), [(b"%PDF-1.4", "pdf"), (b"PK\x03\x04", "sheet"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "sheet")])
async def test_a_broken_file_is_not_readable(content: bytes, reader: str) -> None:
    assert await read(content, reader) == NOT_READABLE


async def test_a_file_that_nothing_reads_costs_nothing() -> None:
    with tempfile.TemporaryFile() as file:
        assert await text.read(file, None, asyncio.Semaphore(0)) == Reading()
