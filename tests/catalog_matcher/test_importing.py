"""What files say, cell by cell and column by column."""

from decimal import Decimal

import pytest

from services.catalog_matcher.importing.cells import Cell, Style, style_of
from services.catalog_matcher.importing.columns import COLUMNS, assign


@pytest.mark.parametrize(
    ("cell", "comma", "number"),
    [
        ("12.50", False, "12.50"),
        ("12,50", False, "12.50"),
        ("$1,017.90", False, "1017.90"),
        ("1,500", False, "1500"),
        ("1.500", False, "1.500"),
        ("1.500", True, "1500"),
        ("1,500", True, "1.500"),
        ("1.017,90 €", True, "1017.90"),
        ("R$ 1.017,90", True, "1017.90"),
        ("12.5", True, "12.5"),
        ("1 017,90", True, "1017.90"),
        (1.125, True, "1.125"),
        (12, False, "12"),
        ("-3", False, "-3"),
        ("twelve", False, None),
        ("1.2.3", False, None),
        ("NaN", False, None),
    ],
)
def test_a_number_is_read_as_its_file_writes_numbers(cell: Cell, comma: bool, number: str | None) -> None:
    assert Style(decimal_comma=comma).number(cell) == (None if number is None else Decimal(number))


@pytest.mark.parametrize(
    ("prices", "comma"),
    [(["1.500", "12,50"], True), (["1,500", "12.50"], False), (["1.500"], False), (["1.017,90"], True), ([12.5, "1.500"], False), ([], False)],
)
def test_how_numbers_are_written_follows_from_those_that_are_plain(prices: list[Cell], comma: bool) -> None:
    assert style_of(("sku", "unit_price"), [("A,1", price) for price in prices]).decimal_comma is comma


def test_columns_are_known_in_three_languages_however_they_are_written() -> None:
    english = assign(["Item No.", "Product Name", "U/M", "Price", "Case-Pack", "UPC"], {})
    spanish = assign(["Código", "Descripción", "Unidad", "Precio Unitario", "Categoría", "Existencias"], {})
    portuguese = assign(["código", "PRODUTO", "unidade", "preço", "estoque", "marca", "Obs"], {})

    assert english == ("sku", "name", "unit", "unit_price", "pack_quantity", "gtin")
    assert spanish == ("sku", "name", "unit", "unit_price", "category", "stock_quantity")
    assert portuguese == ("sku", "name", "unit", "unit_price", "stock_quantity", "brand", None)


def test_every_column_of_ours_is_known_by_its_own_name() -> None:
    assert assign(COLUMNS, {}) == COLUMNS
