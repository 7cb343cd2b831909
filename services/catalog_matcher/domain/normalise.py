"""Words as they are compared: one spelling for case, accents, punctuation, plurals, abbreviations and sizes."""

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

from services.catalog_matcher.domain.abbreviations import ABBREVIATIONS

FILLERS = {"a", "an", "and", "any", "for", "is", "it", "me", "more", "my", "n", "of", "or", "our", "please", "pls", "plz", "some", "that"}
FILLERS.update({"thank", "the", "these", "this", "those", "thx", "to", "u", "us", "we", "you", "your"})
FILLERS.update({"con", "da", "de", "del", "do", "dos", "e", "el", "la", "las", "los", "para", "por", "y"})
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
    "litro": "l",
    "ml": "ml",
    "cl": "cl",
    "oz": "oz",
    "ounce": "oz",
    "onza": "oz",
    "lb": "lb",
    "pound": "lb",
    "libra": "lb",
    "kg": "kg",
    "kilo": "kg",
    "g": "g",
    "gr": "g",
    "gram": "g",
    "gramo": "g",
    "grama": "g",
    "gal": "gal",
    "gallon": "gal",
    "qt": "qt",
    "quart": "qt",
    "pt": "pt",
    "in": "in",
    "inch": "in",
    '"': "in",
    "ft": "ft",
    "mm": "mm",
    "cm": "cm",
    "ct": "ct",
    "count": "ct",
    "ply": "ply",
    "yr": "year",
    "year": "year",
    "proof": "proof",
}
"""What a number can be a number of, by every way to write it in the singular."""
IN_SMALLER = {"l": ("ml", 1000), "cl": ("ml", 10), "kg": ("g", 1000)}

TOKENS = re.compile(
    r"""
    (?P<without> \b w/?o (?: / | \b ) )
    | (?P<with> \b w/ )
    | (?P<grade> \d+ \s?[/-] \s?\d+ | \#\s?\d+ | \d+ \s?x \s?\d+ )
    | (?P<model> [a-z]+\d[a-z\d]* | \d+[a-z]+\d[a-z\d]* )
    | (?P<number> \d+ (?:[.,]\d+)? | \.\d+ ) (?: [\s-]? (?P<kind> % | " | [a-z]+ \b ) )?
    | (?P<word> [^\W\d_]+ (?:'[^\W\d_]+)? )
    """,
    re.VERBOSE,
)

PARTS = re.compile(r"[^\W_]+|%")


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

    words: tuple[str, ...] = field(compare=False)
    """As they were written but for case, accents and plural; numbers with what they are numbers of are words too."""
    text: str
    """The words with abbreviations spelt out, with single spaces."""
    grades: frozenset[Grade]
    written: str = field(default="", compare=False)
    """Letters, digits and single spaces, but for case and accents as they were written."""

    @property
    def in_order(self) -> str:
        """The words by the alphabet: the same however they are turned."""
        return " ".join(sorted(self.text.split()))

    @property
    def joined(self) -> str:
        """The words without spaces: the same whether a compound is written as one word or as two."""
        return self.text.replace(" ", "")


def normalise(text: str) -> Phrase:
    """Return the words and grades of `text`; a text of nothing but punctuation has none."""
    words: list[str] = []
    grades: set[Grade] = set()
    plain = _plain(text)
    for token in TOKENS.finditer(plain):
        found = token.lastgroup
        if found == "word":
            words.append(_singular(_joined(token["word"])))
        elif found == "model":
            words.append(token["model"])
        elif found == "grade":
            written = "".join(token["grade"].split()).replace("-", "/")
            grades.add(Grade(next(mark for mark in "/x#" if mark in written), written))
            words.append(written)
        elif found in {"with", "without"}:
            words.append(found)
        else:
            _add_number(token["number"], token["kind"], words, grades)
    words = [word for word in words if word not in FILLERS] or words
    return Phrase(tuple(words), " ".join([_spelt_out(word) for word in words]), frozenset(grades), " ".join(PARTS.findall(plain)))


def sku_key(text: str) -> str:
    """Return `text` as SKUs are compared: letters and digits alone, one case."""
    return "".join(each for each in unicodedata.normalize("NFKC", text).casefold() if each.isalnum())


def kind_of(word: str) -> str | None:
    """Return what a word of `normalise` is a number of: "%", "oz", "/", "" for a bare number; None for a word that is no number."""
    if not (word[0].isdigit() or word[0] in "#."):
        return None
    mark = next((mark for mark in "/#" if mark in word), None)
    if mark:
        return mark
    kind = word.lstrip("0123456789.")
    return "x" if kind.startswith("x") else kind if kind in KINDS or not kind else None


def _plain(text: str) -> str:
    """One case, no accents, straight apostrophes."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return "".join(each for each in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(each))


def _joined(word: str) -> str:
    return word.replace("'", "") if "'" in word else word


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
        words.append(_singular(kind))


@lru_cache(maxsize=65_536)
def _spelt_out(word: str) -> str:
    return " ".join(_singular(each) for each in ABBREVIATIONS.get(word, word).split())


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
