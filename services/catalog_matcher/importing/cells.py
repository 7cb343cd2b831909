"""What the cells of a row say, as the values of our columns; and where they say nothing that makes sense."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from services.catalog_matcher.importing.columns import LISTS, NUMBERS, TRUTHS

Cell = int | float | str | bool | date | datetime | time | timedelta

_YES = frozenset({"yes", "y", "true", "1", "x", "si", "sí", "s", "sim", "verdadero", "verdadeiro", "active", "activo", "ativo", "in stock"})
_NO = frozenset({"no", "n", "false", "0", "nao", "não", "falso", "inactive", "inactivo", "inativo", "out of stock", "-"})
_CURRENCY = re.compile(r"^(?:[A-Za-z]{0,3}\s?[$€£¥]|[A-Z]{3})\s*|\s*(?:[$€£¥]|[A-Z]{3})$")
_GROUPED = re.compile(r"^-?\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d+)?$")
_LIST = re.compile(r"\s*[|;\n]\s*")
THOUSANDS = 3
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


def read_row(number: int, columns: Sequence[str | None], cells: Sequence[Cell]) -> Row | list[Problem] | None:
    """Return what a row says, or what is wrong in it; None for one that says nothing."""
    texts = {column: text for column, cell in zip(columns, cells, strict=False) if column and (text := text_of(cell))}
    if not texts:
        return None
    problems = list(_problems(number, texts))
    return problems or Row(number, {column: _value(column, text) for column, text in texts.items()})


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


def number_of(text: str) -> Decimal | None:
    """Return the number that a text is, with a point or a comma for the decimals, and with a currency; None where it is none."""
    bare = _CURRENCY.sub("", text.strip()).strip()
    last = max(bare.rfind("."), bare.rfind(","))
    if _GROUPED.match(bare):
        separators = {each for each in bare if each in ".,' "}
        is_decimal = len(separators) > 1 or (len(bare) - last - 1 != THOUSANDS)
        whole, _, decimals = (bare[:last], ".", bare[last + 1 :]) if is_decimal else (bare, "", "")
        bare = re.sub(r"[.,' ]", "", whole) + ("." + decimals if decimals else "")
    try:
        value = Decimal(bare.replace(",", "."))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _problems(number: int, texts: Mapping[str, str]) -> Iterator[Problem]:
    if "sku" not in texts:
        yield Problem(number, "sku", "is empty; every product needs its SKU")
    for column, text in texts.items():
        if len(text) > LARGEST_CELL:
            yield Problem(number, column, f"has more than {LARGEST_CELL} characters; shorten it")
        elif column in NUMBERS and number_of(text) is None:
            yield Problem(number, column, "is not a number; write it as 12.50 or 12,50")
        elif column in TRUTHS and _truth(text) is None:
            yield Problem(number, column, "is neither yes nor no; write one of these")


def _value(column: str, text: str) -> Any:  # noqa: ANN401 - whatever the column holds; the product's model checks it
    if column in NUMBERS:
        return number_of(text)
    if column in TRUTHS:
        return _truth(text)
    if column in LISTS:
        return tuple(dict.fromkeys(each for each in _LIST.split(text) if each))
    return text


def _truth(text: str) -> bool | None:
    word = text.casefold()
    return True if word in _YES else False if word in _NO else None
