"""Phrases as they are remembered: what a customer called something is found again however it is capitalised, accented or put in the plural.

These keys are kept in the database, so they follow from the text alone and not from how matching reads it, which changes.
"""

import re
import unicodedata

from schemas.units import canonical

MOST_CHARACTERS = 200
_WORD = re.compile(r"[^\W_]+(?:[.,/][^\W_]+)*%?")


def words(written: str) -> frozenset[str]:
    """The set of the words of a text; it keeps long lists readable."""
    return frozenset(written.split())


_ARTICLES = words("a an the some of el la los las un una unos unas de del o os as um uma do da dos das")
_AROUND = _ARTICLES | words("x and more please pls por favor y e i we need want send quiero queremos manda mande")
_NUMBER_WORDS = words(
    """
    one two three four five six seven eight nine ten eleven twelve half couple
    uno dos tres cuatro cinco seis siete ocho nueve diez media medio
    dois duas quatro sete oito nove dez meia meio
    """
)
_UNITS = words(
    """
    case box carton crate bag sack bottle can jar tub tray jug keg pack package bucket lb oz kg g l ml gal quart pint each piece dozen bunch
    """
)
_NUMBER = re.compile(r"x?\d+(?:[.,/]\d+)?x?")
_JOINED = re.compile(r"(\d+(?:[.,]\d+)?)([^\W\d_]+)")
_SHORTEST_PLURAL = 4


def phrase_key(text: str) -> str:
    """Return what phrases are compared by; empty for a text without letters and digits."""
    said = [_singular(word) for word in _WORD.findall(_plain(text))]
    kept = [word for word in said if word not in _ARTICLES] or said
    return " ".join(kept)[:MOST_CHARACTERS].strip()


def phrase_in(original_text: str) -> str:
    """Return what is left of a line, such as "3 cs whole milk", without its quantity and unit; empty where that is nothing."""
    left = original_text.split()
    while left and (_is_amount(left[0]) or _plain(left[0]) in _NUMBER_WORDS):
        left.pop(0)
    while left and _is_amount(left[-1]):
        left.pop()
    return " ".join(left).strip(" -–:,;.()*•")[:MOST_CHARACTERS]


def _is_amount(written: str) -> bool:
    word = _plain(written).strip(" -–:,;.()*•")
    joined = _JOINED.fullmatch(word)
    is_counted = joined is not None and canonical(joined[2]) in _UNITS
    return not word or word in _AROUND or canonical(word) in _UNITS or is_counted or _NUMBER.fullmatch(word) is not None


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold().replace("’", "").replace("'", "")
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def _singular(word: str) -> str:
    if len(word) < _SHORTEST_PLURAL or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith(("oes", "ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s")
