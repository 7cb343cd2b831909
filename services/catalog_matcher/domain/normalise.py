"""Words as they are compared: one spelling for case, accents, punctuation, plurals, abbreviations and sizes."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from services.catalog_matcher.domain.abbreviations import ABBREVIATIONS

FILLERS = {"a", "an", "and", "any", "for", "is", "it", "me", "more", "my", "n", "of", "or", "our", "please", "pls", "plz", "some", "that"}
FILLERS.update({"thank", "the", "these", "this", "those", "thx", "to", "u", "us", "we", "you", "your"})
"""Words that name nothing; they are dropped as long as something is left."""

KINDS = {
    "%": "%",
    "pct": "%",
    "percent": "%",
    "l": "l",
    "lt": "l",
    "ltr": "l",
    "liter": "l",
    "litre": "l",
    "ml": "ml",
    "oz": "oz",
    "ounce": "oz",
    "lb": "lb",
    "pound": "lb",
    "kg": "kg",
    "kilo": "kg",
    "g": "g",
    "gram": "g",
    "gal": "gal",
    "gallon": "gal",
    "qt": "qt",
    "quart": "qt",
    "pt": "pt",
    "in": "in",
    "inch": "in",
    '"': "in",
    "ct": "ct",
    "count": "ct",
    "ply": "ply",
    "yr": "year",
    "year": "year",
    "proof": "proof",
}
"""What a number can be a number of, by every way to write it in the singular."""
IN_SMALLER = {"l": ("ml", 1000), "kg": ("g", 1000)}

TOKENS = re.compile(
    r"""
    (?P<grade> \d+ \s?[/-] \s?\d+ | \#\s?\d+ | \d+ \s?x \s?\d+ )
    | (?P<number> \d+ (?:[.,]\d+)? | \.\d+ ) (?: [\s-]? (?P<kind> % | " | [a-z]+ \b ) )?
    | (?P<word> [^\W\d_]+ (?:'[^\W\d_]+)? )
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Grade:
    """A number that tells products apart: 2 % fat, 16/20 shrimp, a #10 can, 1 l. A bare number has the kind "" and may be any of them."""

    kind: str
    value: str

    @property
    def numbers(self) -> list[str]:
        """The numbers that the value is made of: 16 and 20."""
        return re.findall(r"[\d.]+", self.value)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A normalised text."""

    text: str
    """Its words, with single spaces; numbers with what they are numbers of are words too."""
    grades: frozenset[Grade]
    in_order: str
    """The words by the alphabet: the same however they are turned."""
    joined: str
    """The words without spaces: the same whether a compound is written as one word or as two."""


def normalise(text: str) -> Phrase:
    """Return the words and grades of `text`; a text of nothing but punctuation has none."""
    words: list[str] = []
    grades: set[Grade] = set()
    for token in TOKENS.finditer(_plain(text)):
        if word := token["word"]:
            words.extend(_spelt_out(word))
        elif size := token["grade"]:
            written = "".join(size.split()).replace("-", "/")
            grades.add(Grade(next(mark for mark in "/x#" if mark in written), written))
            words.append(written)
        else:
            _add_number(token["number"], token["kind"], words, grades)
    words = [word for word in words if word not in FILLERS] or words
    return Phrase(" ".join(words), frozenset(grades), " ".join(sorted(words)), "".join(words))


def sku_key(text: str) -> str:
    """Return `text` as SKUs are compared: letters and digits alone, one case."""
    return "".join(each for each in unicodedata.normalize("NFKC", text).casefold() if each.isalnum())


def _plain(text: str) -> str:
    """One case, no accents, straight apostrophes."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    if folded.isascii():
        return folded
    return "".join(each for each in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(each))


def _add_number(number: str, kind: str | None, words: list[str], grades: set[Grade]) -> None:
    known = KINDS.get(kind) or KINDS.get(kind.rstrip("s")) if kind else None
    value = float(number.replace(",", "."))
    if known in IN_SMALLER:
        known, factor = IN_SMALLER[known]
        value *= factor
    grade = Grade(known or "", f"{value:.12g}")
    grades.add(grade)
    words.append(grade.value + grade.kind)
    if kind and not known:
        words.extend(_spelt_out(kind))


@lru_cache(maxsize=65_536)
def _spelt_out(word: str) -> tuple[str, ...]:
    word = word.replace("'s", "s").replace("'", "")
    spelt = ABBREVIATIONS.get(word) or ABBREVIATIONS.get(_singular(word)) or word
    return tuple(_singular(each) for each in spelt.split())


@lru_cache(maxsize=65_536)
def _singular(word: str) -> str:
    """Cut a plural's ending. Need not be good English: both sides lose the same letters."""
    if len(word) <= 3 or word.endswith(("ss", "us", "is")):  # noqa: PLR2004 - gas, oz
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("oes", "ches", "shes", "sses", "xes")):
        return word[:-2]
    return word.removesuffix("s")
