"""Units of measure: the canonical names that analyses use, what catalogs write for them, and what one is in another."""

from decimal import Decimal
from types import MappingProxyType

_WRITTEN = {
    "case": "cases cs cse caja cajas caixa caixas cx cxs",
    "box": "boxes bx bxs",
    "carton": "cartons ctn ctns carton cartones",
    "crate": "crates crt guacal",
    "bag": "bags bg bgs bolsa bolsas",
    "sack": "sacks saco sacos costal costales",
    "bottle": "bottles btl btls bot botella botellas garrafa garrafas",
    "can": "cans cn tin tins lata latas",
    "jar": "jars frasco frascos pote potes",
    "tub": "tubs",
    "tray": "trays bandeja bandejas",
    "jug": "jugs",
    "keg": "kegs barril barriles barris",
    "pack": "packs pk pks pack paq",
    "package": "packages pkg pkgs pkt pkts packet packets paquete paquetes pacote pacotes",
    "bucket": "buckets cubeta cubetas balde baldes",
    "lb": "lbs pound pounds # libra libras",
    "oz": "ozs ounce ounces onza onzas",
    "kg": "kgs kilo kilos kilogram kilograms kilogramo kilogramos quilo quilos",
    "g": "gr gm gms gram grams gramo gramos grama gramas",
    "l": "ltr ltrs lt lts liter liters litre litres litro litros",
    "ml": "mls milliliter milliliters millilitre millilitres",
    "gal": "gals gallon gallons galon galones",
    "quart": "quarts qt qts",
    "pint": "pints pt pts",
    "fl oz": "floz",
    "each": "ea eaches unit units unidad unidades unidade un und pza pieza piezas peça peças",
    "piece": "pieces pc pcs",
    "dozen": "dozens dz doz docena docenas dúzia dúzias duzia duzias",
    "bunch": "bunches bn manojo manojos maço maços",
}
_NAMES = MappingProxyType({written: name for name, all_of in _WRITTEN.items() for written in (name, *all_of.split())})

ONE_OF = (frozenset({"case", "box", "carton", "crate"}), frozenset({"each", "piece"}), frozenset({"pack", "package"}), frozenset({"bag", "sack"}))
"""Units that people use for each other where a product has only one of them."""

_MASS = {"g": "1", "kg": "1000", "oz": "28.349523125", "lb": "453.59237"}
_METRIC_VOLUME = {"ml": "1", "cl": "10", "dl": "100", "l": "1000"}
_VOLUME = _METRIC_VOLUME | {
    "fl oz": "29.5735295625",
    "cup": "236.5882365",
    "pint": "473.176473",
    "quart": "946.352946",
    "gal": "3785.411784",
}
_COUNT = {"each": "1", "piece": "1", "dozen": "12"}
_SCALES = tuple({unit: Decimal(size) for unit, size in scale.items()} for scale in (_MASS, _VOLUME, _COUNT))
MEASURES = frozenset(_MASS) | frozenset(_VOLUME)
"""Units of which any amount can be had, not whole ones alone."""


def canonical(unit: str) -> str:
    """Return the name by which analyses call a unit; one that is not known here stays as it is, in lower case."""
    written = unit.strip().rstrip(".").casefold()
    return _NAMES.get(written, written)


def ratio(unit: str, to: str) -> Decimal | None:
    """Return how many of `to` one `unit` always is, both canonical: 1 lb is 16 oz. None where that depends on the product."""
    for scale in _SCALES:
        if unit in scale and to in scale:
            return scale[unit] / scale[to]
    return Decimal(1) if unit == to else None


def used_alike(one: str, other: str) -> bool:
    """Tell whether people say one of these units and mean the other."""
    return one == other or any(one in group and other in group for group in ONE_OF)
