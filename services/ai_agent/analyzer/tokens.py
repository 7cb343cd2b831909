"""A text cut into tokens: words, numbers, names with digits in them, and what only looks like a number."""

import re
from collections.abc import Sequence
from enum import StrEnum, auto
from typing import NamedTuple


class Kind(StrEnum):
    """What a token can be a part of."""

    WORD = auto()
    """Letters, with hyphens and apostrophes between them: half-and-half, baker's."""
    NUMBER = auto()
    """Plain digits, perhaps with decimals or thousands: 12, 1.5, 1,000."""
    RATIO = auto()
    """Two numbers and a slash. It may be a fraction (1/2), a size (16/20) or a date (12/24)."""
    FRACTION = auto()
    """One character such as ½."""
    NAME = auto()
    """Digits that belong to a product: 2%, #10, V8."""
    NOISE = auto()
    """Digits that say nothing of products: a price, a phone number, a time, a date, an address."""
    TIMES = auto()
    """The x of 3x and x3."""
    BREAK = auto()
    """The end of a line, with the bullet or the number that begins the next one."""
    SYMBOL = auto()


class Token(NamedTuple):
    """A piece of the text; `text[start:end]` is how it was written, `word` the same in lower case."""

    kind: Kind
    word: str
    start: int
    end: int


FRACTIONS = "½¼¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"

_LETTER = rf"[^\W\d_{FRACTIONS}]"
_MONTH = "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_WORDY_NOISE = rf"""
    https?://\S+ | [\w.+-]{{1,64}}@[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,4}}
  | (?:usd|eur)\s?\d+(?:[.,]\d+)*
  | {_MONTH}\.?\s\d{{1,2}}(?:st|nd|rd|th)?\b(?!\s?[/.]\d)
  | (?:order|purchase|invoice|po|ref|account|acct|ticket)\s?(?:no\b\.?|number|num\b|nr\b|id|\#)\s?:?\s?\#?\w*\d\w* | (?:invoice|po)\s\d+
  | (?:order|purchase)\s(?:0\d+|\d{{5,}})
"""
_NUMERIC_NOISE = rf"""(?=[\d$€£@+(\#])(?:
    [$€£]\s?\d+(?:[.,]\d+)*(?:\s?/\s?{_LETTER}{{1,10}})? | @\s?\d+(?:\.\d+)?
  | \d+(?:\.\d+)?\s?(?:[$€£]|(?:dollars?|bucks|cents|euros?|pesos?|reais|soles|usd|eur|mxn|brl)\b)
  | \d{{4}}-\d\d?-\d\d?(?!\d) | \d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{2,4}}(?!\d)
  | \+?\(?\d{{3}}\)?[\s.-]{{1,2}}\d{{3}}[\s.-]\d{{4}}(?!\d) | \+\d[\d\s-]{{6,16}}\d | \d{{3}}-\d{{4}}(?!\d)
  | \d{{1,2}}(?:\s?[-–]\s?\d{{1,2}})?(?::\d\d)?\s?[ap]\.?m\b\.? | \d{{1,2}}:\d\d(?!\d) | \d{{1,2}}\s?o['’]clock
  | \d{{1,2}}(?:st|nd|rd|th)\b(?:\s(?:of\s)?{_MONTH}\b)? | \d{{1,2}}\s{_MONTH}\b
  | \d+(?:\s?(?:-|–|to)\s?\d+)?\s?(?:minut[eo]s?|mins?|hours?|hrs?|h|horas?|days?|d[ií]as?|weeks?|semanas?|months?|meses|years?|yrs?|a[ñn]os
    |people|persons|person[ae]s|pessoas|guests|miles)\b
  | \#\d{{3,}} | \d{{7,}} | \d{{1,5}}\s(?:{_LETTER}{{1,20}}\s){{1,3}}
    (?:(?:street|avenue|ave|road|boulevard|blvd)\b|(?:st|rd|dr|ln)\b\.?(?=\s*(?:$|[\n,]))))
"""
_TOKEN = re.compile(
    rf"""
    (?P<BREAK>(?:^|\n)[^\S\n]*(?:(?:[-*•·–—▪◦‣●]+|\d{{1,2}}[.)])(?=\s)[^\S\n]*)?)
  | (?P<NOISE>{_NUMERIC_NOISE}|{_WORDY_NOISE})
  | (?P<NAME>\d+(?:[.,]\d+)?\s?% | 0\d{{1,3}}(?![\d.,/:-]) | \#\d{{1,2}}(?!\d) | (?!x\d){_LETTER}+\d\w*)
  | (?P<RATIO>\d+[/⁄]\d+(?![\d/]))
  | (?P<NUMBER>\d{{1,3}}(?:,\d{{3}}){{1,3}}(?:\.\d+)?(?!\d) | \d+\.\d+ | \d+,\d{{1,2}}(?!\d) | \d+ | \.\d+)
  | (?P<FRACTION>[{FRACTIONS}])
  | (?P<TIMES>x(?![^\W\d]) | [×*](?=\s?\d) | (?<=\d)[×*])
  | (?P<WORD>to\sgo(?=\s(?:bag|box|container|cup|tray|lid|clamshell)) | {_LETTER}+(?:['’-]{_LETTER}+)*)
  | (?P<SYMBOL>[^\s\ufe0f\u200d])
    """,
    re.VERBOSE | re.IGNORECASE,
)


_KINDS = {kind.name: kind for kind in Kind}


def tokenize(text: str) -> list[Token]:
    """Cut a text into its tokens, in order. Spaces are left out, offsets count characters."""
    return [
        Token(_KINDS[match.lastgroup], match.group().lower().replace("’", "'"), match.start(), match.end())
        for match in _TOKEN.finditer(text)
        if match.lastgroup and (match.lastgroup != "BREAK" or match.start() != match.end())
    ]


def spoken(tokens: Sequence[Token], start: int = 0, stop: int | None = None) -> str:
    """What tokens say, in the words of the grammar, with single spaces; a line's end stays one."""
    return " ".join("\n" if token.kind is Kind.BREAK else token.word for token in tokens[start:stop])


def word_at(tokens: Sequence[Token], index: int) -> str:
    """The word at a place, or an empty string past either end."""
    return tokens[index].word if 0 <= index < len(tokens) else ""


def kind_at(tokens: Sequence[Token], index: int) -> Kind | None:
    """The kind at a place, or None past either end."""
    return tokens[index].kind if 0 <= index < len(tokens) else None


def touches(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether no space stands between a token and the one before it."""
    return 0 < index < len(tokens) and tokens[index - 1].end == tokens[index].start
