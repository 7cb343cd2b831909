"""What the cells of a row say, as the values of our columns; and where they say nothing that makes sense."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from services.catalog_matcher.importing.columns import LISTS, NUMBERS, TRUTHS

Cell = int | float | str | bool | date | datetime | time | timedelta

_YES = frozenset({"yes", "y", "true", "1", "x", "si", "sí", "s", "sim", "verdadero", "verdadeiro", "active", "activo", "ativo", "in stock"})
_NO = frozenset({"no", "n", "false", "0", "nao", "não", "falso", "inactive", "inactivo", "inativo", "out of stock", "-"})
_CURRENCY = re.compile(r"^(?:[A-Za-z]{0,3}\s?[$€£¥]|[A-Z]{3})\s*|\s*(?:[$€£¥]|[A-Z]{3})$")
_COMMA_DECIMALS = re.compile(r",(?:\d{1,2}|\d{4,})(?!\d)|\.\d{3},")
_POINT_DECIMALS = re.compile(r"\.(?:\d{1,2}|\d{4,})(?!\d)|,\d{3}\.")
_LIST = re.compile(r"\s*[|;\n]\s*")
LARGEST_CELL = 20_000
FORMULA = ("=", "+", "-", "@")
"""An apostrophe before one of these is how spreadsheets mark it as text."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a row, and what to do; `column` is ours, None where the row as a whole is meant."""

    row_number: int
    column: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """The values of a row by our columns; empty cells are left out."""

    number: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Style:
    """How a file writes numbers: 1,017.90, or 1.017,90 with a decimal comma."""

    decimal_comma: bool = False

    def number(self, cell: Cell) -> Decimal | None:
        """Return the number that a cell is, with or without a currency; None where it is none."""
        bare = _CURRENCY.sub("", text_of(cell)).strip()
        if isinstance(cell, str):
            mark, other = (",", ".") if self.decimal_comma else (".", ",")
            if re.fullmatch(rf"-?\d{{1,3}}(?:[{other}' ]\d{{3}})+(?:{re.escape(mark)}\d+)?", bare):
                bare = re.sub(rf"[{other}' ]", "", bare)
            bare = bare.replace(",", ".")
        try:
            value = Decimal(bare)
        except InvalidOperation:
            return None
        return value if value.is_finite() else None


def style_of(columns: Sequence[str | None], rows: Iterable[Sequence[Cell]]) -> Style:
    """Return how most numbers are written that can be read in one way only; with none such, a point is for the decimals."""
    places = [place for place, column in enumerate(columns) if column in NUMBERS]
    commas = points = 0
    for row in rows:
        for place in places:
            if place < len(row) and isinstance(text := row[place], str):
                commas += _COMMA_DECIMALS.search(text) is not None
                points += _POINT_DECIMALS.search(text) is not None
    return Style(decimal_comma=commas > points)


def read_row(number: int, columns: Sequence[str | None], cells: Sequence[Cell], style: Style) -> Row | list[Problem] | None:
    """Return what a row says, or what is wrong in it; None for one that says nothing."""
    said = {column: cell for column, cell in zip(columns, cells, strict=False) if column and text_of(cell)}
    if not said:
        return None
    values: dict[str, Any] = {}
    problems: list[Problem] = [] if "sku" in said else [Problem(number, "sku", "is empty; every product needs its SKU")]
    for column, cell in said.items():
        try:
            values[column] = _value(column, cell, style)
        except ValueError as error:
            problems.append(Problem(number, column, str(error)))
    return problems or Row(number, values)


def text_of(cell: Cell) -> str:
    """Return a cell as a person sees it."""
    match cell:
        case bool():
            return "yes" if cell else "no"
        case float() if cell.is_integer():
            return str(int(cell))
        case float():
            return f"{cell:.10g}"
        case str():
            text = cell.replace("\x00", "").encode(errors="replace").decode().strip()
            return text.removeprefix("'") if text[1:2] in FORMULA else text
        case _:
            return str(cell)


def _value(column: str, cell: Cell, style: Style) -> Any:  # noqa: ANN401 - whatever the column holds; the product's model checks it
    """Return what a cell says. Raises ValueError with what is wrong and what to do."""
    text = text_of(cell)
    if len(text) > LARGEST_CELL:
        raise ValueError(f"has more than {LARGEST_CELL} characters; shorten it")
    if column in NUMBERS:
        value = style.number(cell)
    elif column in TRUTHS:
        value = _truth(text)
    else:
        return tuple(dict.fromkeys(each for each in _LIST.split(text) if each)) if column in LISTS else text
    if value is None:
        raise ValueError("is not a number; write it as 12.50 or 12,50" if column in NUMBERS else "is neither yes nor no; write one of these")
    return value


def _truth(text: str) -> bool | None:
    word = text.casefold()
    return True if word in _YES else False if word in _NO else None
