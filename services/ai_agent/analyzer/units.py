"""Units of measure and their many spellings, each with one canonical singular name."""

from collections.abc import Sequence
from typing import NamedTuple

from services.ai_agent.analyzer.tokens import Kind, Token, kind_at, touches, word_at


class Unit(NamedTuple):
    """A unit that was read: its canonical name, and the index of the first token behind it."""

    name: str
    end: int


_CONTAINERS = {
    "case": "case cases cs cse",
    "box": "box boxes bx bxs",
    "carton": "carton cartons ctn ctns crtn",
    "crate": "crate crates crt",
    "bag": "bag bags bg bgs",
    "sack": "sack sacks sk",
    "bottle": "bottle bottles btl btls bot",
    "can": "can cans cn tin tins",
    "jar": "jar jars",
    "tub": "tub tubs",
    "container": "container containers",
    "tray": "tray trays",
    "flat": "flat flats",
    "jug": "jug jugs",
    "keg": "keg kegs",
    "pack": "pack packs pk pks",
    "package": "package packages pkg pkgs pkt pkts packet packets",
    "pouch": "pouch pouches",
    "sachet": "sachet sachets",
    "envelope": "envelope envelopes",
    "punnet": "punnet punnets",
    "sleeve": "sleeve sleeves slv",
    "bucket": "bucket buckets",
    "pail": "pail pails",
    "drum": "drum drums",
    "barrel": "barrel barrels bbl",
    "pallet": "pallet pallets plt",
    "bundle": "bundle bundles bdl",
    "tube": "tube tubes",
    "roll": "roll rolls",
}
_MEASURES = {
    "lb": "lb lbs pound pounds #",
    "oz": "oz ozs ounce ounces",
    "kg": "kg kgs kilo kilos kilogram kilograms",
    "g": "g gr gm gms gram grams gramme grammes",
    "l": "l ltr ltrs lt lts liter liters litre litres",
    "ml": "ml mls milliliter milliliters millilitre millilitres",
    "cl": "cl",
    "dl": "dl",
    "gal": "gal gals gallon gallons",
    "quart": "quart quarts qt qts",
    "pint": "pint pints pt pts",
    "cup": "cup cups c",
    "tablespoon": "tablespoon tablespoons tbsp tbsps tbs tbl tblsp",
    "teaspoon": "teaspoon teaspoons tsp tsps",
    "inch": "inch inches",
    "cm": "cm centimeter centimeters centimetre centimetres",
}
_COUNTS = {
    "each": "each ea eaches nos qty quantity unit units",
    "piece": "piece pieces pc pcs",
    "dozen": "dozen dozens dz doz dzn",
    "bunch": "bunch bunches bn bch bnch bu",
    "head": "head heads hd hds",
    "log": "log logs",
    "bushel": "bushel bushels bsh",
    "loaf": "loaf loaves",
    "slice": "slice slices",
    "clove": "clove cloves",
    "sprig": "sprig sprigs",
    "stalk": "stalk stalks",
    "stick": "stick sticks",
    "ear": "ear ears",
    "rib": "rib ribs",
    "square": "square squares",
    "rasher": "rasher rashers",
    "leaf": "leaf leaves",
    "sheet": "sheet sheets",
    "strip": "strip strips",
    "wedge": "wedge wedges",
    "block": "block blocks",
    "bar": "bar bars",
    "bulb": "bulb bulbs",
    "knob": "knob knobs",
    "pinch": "pinch pinches",
    "dash": "dash dashes",
    "drop": "drop drops",
    "splash": "splash splashes",
    "spray": "spray sprays",
    "twist": "twist twists",
    "grind": "grind grinds grindings",
    "ball": "ball balls",
    "cube": "cube cubes",
    "jigger": "jigger jiggers",
    "pair": "pairs",
    "recipe": "recipe recipes",
    "handful": "handful handfuls",
    "scoop": "scoop scoops",
    "shot": "shot shots",
    "part": "part parts",
    "serving": "serving servings",
    "glass": "glass glasses",
    "wheel": "wheel wheels",
    "rack": "rack racks",
    "side": "side sides",
}
_NAMES = {alias: name for table in (_CONTAINERS, _MEASURES, _COUNTS) for name, aliases in table.items() for alias in aliases.split()}
WORDS = frozenset(_NAMES)
"""Every spelling of every unit."""
CONTAINERS = frozenset(_CONTAINERS)
"""What is bought by the piece and holds other things, so that a size may stand before it: 2 5lb bags."""
MEASURES = frozenset(_MEASURES)
"""Weights, volumes and lengths: behind a product they may be its size, as in milk 1 gal."""
COOKS = frozenset({"cup", "tablespoon", "teaspoon", "pinch", "dash", "handful", "clove", "sprig"})
"""What a cook measures with; a participle behind one is a preparation and no part of the product: 1 cup chopped parsley."""
EDIBLE = frozenset({"bar", "bulb", "clove", "ear", "head", "leaf", "loaf", "rib", "roll", "slice", "stick", "wedge", "bundle"})
"""Units that can be the product itself where no product follows: 2 rolls."""
TRAILING = frozenset({"bunch", "case", "clove", "slice", "sprig", "stalk"})
"""Units that people also write behind the product: 6 garlic cloves."""
_ADJECTIVES = frozenset(
    {"small", "medium", "large", "big", "heaped", "heaping", "rounded", "level", "scant", "generous", "thin", "thick", "full", "whole"}
)
_NOT_UNIT_BEFORE = {
    "ball": {"park"},
    "cube": {"steak", "steaks"},
    "flat": {"bread", "breads", "iron", "leaf", "white", "whites"},
    "rib": {"eye", "eyes", "roast", "tips", "steak", "steaks"},
    "side": {"salad", "salads"},
    "stick": {"pretzels"},
    "bar": {"mix"},
    "shot": {"glasses"},
    "part": {"skim"},
    "cup": {"cakes", "lids"},
    "head": {"cheese"},
}


def read_unit(tokens: Sequence[Token], index: int) -> Unit | None:
    """Read the unit that begins at `index`, with its full stop (qt.) and an adjective before it (large can), or None."""
    first = index + (word_at(tokens, index) in _ADJECTIVES)
    word = word_at(tokens, first).removesuffix("'s")
    if word in {"fl", "fluid"}:
        return _fluid_ounce(tokens, first)
    name = _NAMES.get(word)
    if name is None or word_at(tokens, first + 1) in _NOT_UNIT_BEFORE.get(name, ()):
        return None
    return Unit(name, _behind_stop(tokens, first + 1))


def unit_name(word: str) -> str | None:
    """The canonical name of one word, or None where it is no unit."""
    return _NAMES.get(word)


def _fluid_ounce(tokens: Sequence[Token], index: int) -> Unit | None:
    ounce = _behind_stop(tokens, index + 1)
    return Unit("fl oz", _behind_stop(tokens, ounce + 1)) if _NAMES.get(word_at(tokens, ounce)) == "oz" else None


def _behind_stop(tokens: Sequence[Token], index: int) -> int:
    """Step over the full stop of an abbreviation, which touches it and has more of the line behind it."""
    is_stop = word_at(tokens, index) == "." and touches(tokens, index) and kind_at(tokens, index + 1) in {Kind.WORD, Kind.NAME, Kind.NUMBER}
    return index + 1 if is_stop else index
