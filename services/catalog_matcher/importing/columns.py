"""Which column of a file is which of ours, by the names that people give them in English, Spanish and Portuguese."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from libs.refused import Refused

NEEDED = ("name", "unit", "unit_price")
"""Without these a file can change products, not add any."""
LISTS = frozenset({"aliases", "keywords", "common_misspellings", "ai_training_examples"})
TRUTHS = frozenset({"in_stock", "active", "seasonal"})
NUMBERS = frozenset(
    {"unit_price", "minimum_order_quantity", "maximum_order_quantity", "order_multiple", "stock_quantity", "lead_time_days", "pack_quantity"}
)
_NAMES = {
    "sku": "sku|code|item|item code|item no|item number|article|article no|article number|product code|product no|codigo|cod|clave|referencia|ref",
    "name": "name|product|product name|item name|title|nombre|producto|articulo|nome|produto",
    "description": "description|details|item description|product description|descripcion|descricao|detalles|detalhes",
    "unit": "unit|uom|u m|um|unit of measure|unit of sale|sold by|selling unit|unidad|unidad de medida|unidad de venta|unidade|unidade de venda",
    "unit_price": "unit price|price|list price|price per unit|precio|precio unitario|precio de lista|preco|preco unitario|valor|valor unitario",
    "category": "category|categoria|department|departamento|family|familia|group|grupo|rubro|section|seccion|secao",
    "brand": "brand|marca|manufacturer|fabricante",
    "model": "model|modelo",
    "minimum_order_quantity": "minimum order quantity|minimum|min|min qty|moq|minimum order|cantidad minima|pedido minimo|minimo|quantidade minima",
    "maximum_order_quantity": "maximum order quantity|maximum|max|max qty|maximum order|cantidad maxima|maximo|pedido maximo|quantidade maxima",
    "order_multiple": "order multiple|multiple|pack multiple|multiplo|multiplo de pedido",
    "lead_time_days": "lead time days|lead time|days|plazo|plazo de entrega|dias de entrega|prazo|prazo de entrega",
    "aliases": "aliases|alias|other names|alternative names|also known as|otros nombres|sinonimos|outros nomes|apelidos",
    "keywords": "keywords|search words|palabras clave|palavras chave",
    "common_misspellings": "common misspellings|misspellings|errores comunes|erros comuns",
    "ai_training_examples": "ai training examples|examples|ejemplos|exemplos",
    "seasonal": "seasonal|season|temporada|estacional|sazonal",
    "in_stock": "in stock|available|availability|disponible|disponivel|en stock|em estoque",
    "stock_quantity": "stock quantity|stock|qty on hand|on hand|quantity on hand|inventory|existencias|inventario|estoque|cantidad en stock",
    "active": "active|enabled|activo|ativo|habilitado",
    "pack_quantity": "pack quantity|pack|pack size|case pack|case qty|units per case|qty per case|unidades por caja|unidades por caixa",
    "pack_unit": "pack unit|inner unit|unit in case|unidad interior|unidade interna",
    "gtin": "gtin|ean|upc|barcode|bar code|ean code|codigo de barras",
}
COLUMNS = tuple(_NAMES)
_KNOWN = {name: column for column, names in _NAMES.items() for name in names.split("|")} | {column.replace("_", " "): column for column in COLUMNS}
_SEPARATOR = re.compile(r"[^\w]+|_+")


class NotTheColumns(Refused):
    """The file's columns are not such that products could be read."""


def assign(header: Sequence[str], mapping: Mapping[str, str]) -> tuple[str | None, ...]:
    """Return our column for each of the file's, None for those that are left out.

    `mapping` names ours by the file's name and goes before what is known; an empty value leaves a column out. Raises NotTheColumns.
    """
    chosen = {_plain(written): column for written, column in mapping.items()}
    if unknown := sorted(set(chosen.values()) - set(COLUMNS) - {""}):
        raise NotTheColumns(f"the mapping names {', '.join(unknown)}; there are only {', '.join(COLUMNS)}")
    if missing := sorted(written for written in mapping if _plain(written) not in {_plain(each) for each in header}):
        raise NotTheColumns(f"the mapping speaks of columns that the file does not have: {', '.join(missing)[:500]}")
    found = [chosen.get(_plain(written), _KNOWN.get(_plain(written))) or None for written in header]
    if "name" not in found and found.count("description") == 1 and "description" not in chosen.values():
        found[found.index("description")] = "name"
    if twice := sorted({column for column in found if column and found.count(column) > 1}):
        raise NotTheColumns(f"two columns of the file would be {', '.join(twice)}; say with a mapping which one it is")
    if "sku" not in found:
        raise NotTheColumns("no column is the SKU; name one sku, or say with a mapping which one it is")
    return tuple(found)


def _plain(written: str) -> str:
    decomposed = unicodedata.normalize("NFKD", written).casefold()
    letters = "".join(each for each in decomposed if not unicodedata.combining(each))
    return " ".join(_SEPARATOR.sub(" ", letters).split())
