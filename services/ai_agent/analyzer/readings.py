"""What one part of a message says of one product, still as token ranges."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from schemas.analysis import Operation
from services.ai_agent.analyzer.phrases import Phrase, phrase_before, phrase_behind
from services.ai_agent.analyzer.quantities import Quantity, find_quantities
from services.ai_agent.analyzer.tokens import Kind, Token
from services.ai_agent.analyzer.vocabulary import STOPS, words

CERTAIN = Decimal("0.95")
LIKELY = Decimal("0.85")
UNSURE = Decimal("0.6")
GUESS = Decimal("0.4")

_POINTERS = words("first second third fourth fifth last one ones item items thing things previous line order other first all rest it that")


class Reading(NamedTuple):
    """A line before it is worded. `start` and `end` are the tokens that it was read from."""

    operation: Operation
    start: int
    end: int
    quantity: Quantity | None
    product: Phrase | None
    replaces: Phrase | None = None
    confidence: Decimal = CERTAIN


class Item(NamedTuple):
    """A product with its quantity; either may be missing."""

    quantity: Quantity | None
    product: Phrase | None


def read_item(tokens: Sequence[Token], start: int, stop: int) -> Item:
    """Read at most one product and its quantity, whichever comes first. "It" and "the last one" are no product."""
    quantity = next(find_quantities(tokens, start, stop), None)
    if quantity is None:
        product = phrase_behind(tokens, _behind_stops(tokens, start, stop), stop)
    else:
        product = phrase_behind(tokens, quantity.end, stop) or phrase_before(tokens, start, quantity.start)
    return Item(quantity, None if product is None or is_pointer(tokens, product) else product)


def is_pointer(tokens: Sequence[Token], phrase: Phrase) -> bool:
    """Tell whether a phrase only points at what was spoken of last."""
    return all(token.word in _POINTERS for token in tokens[phrase.start : phrase.end])


def _behind_stops(tokens: Sequence[Token], start: int, stop: int) -> int:
    """The first place from which a phrase can be read."""
    place = start
    while place < stop and (tokens[place].word in STOPS or tokens[place].kind in {Kind.SYMBOL, Kind.NOISE}):
        place += 1
    return place
