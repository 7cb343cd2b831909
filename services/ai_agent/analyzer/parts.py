"""A message cut into parts, each of which speaks of one product or one change."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import NamedTuple

from services.ai_agent.analyzer.phrases import phrase_behind
from services.ai_agent.analyzer.quantities import Quantity, find_quantities
from services.ai_agent.analyzer.tokens import Kind, Token, kind_at, touches, word_at
from services.ai_agent.analyzer.units import unit_name
from services.ai_agent.analyzer.vocabulary import ADJECTIVES, CLAUSE_OPENERS, CONJUNCTIONS, CONNECTORS, PREPARATIONS, STOPS, words


class Joint(Enum):
    """What a part follows on."""

    START = auto()
    """Nothing: it begins a sentence or a line."""
    COMMA = auto()
    CONNECTOR = auto()
    """"and", "plus" and their like."""


class Part(NamedTuple):
    """A token range with its quantities, and how it hangs on the part before it."""

    start: int
    stop: int
    joint: Joint
    quantities: tuple[Quantity, ...]


class Sentence(NamedTuple):
    """A token range that ends with a line, a full stop or another mark."""

    start: int
    stop: int


_ABBREVIATION = 4
_ENDS = frozenset(".!?;…")
_NO_PRODUCT = PREPARATIONS | STOPS
_OPENERS = CLAUSE_OPENERS | words("a an some another any the")
_LIGHT = CONNECTORS | words("then the a an another some maybe please pls about just like")


def sentences(tokens: Sequence[Token]) -> Iterator[Sentence]:
    """Yield the sentences of a text; a parenthesis holds its sentence together, but not past the end of a line."""
    begin, depth = 0, 0
    for place, token in enumerate(tokens):
        if token.kind is Kind.BREAK:
            depth = 0
        elif token.kind is Kind.SYMBOL:
            depth += (token.word == "(") - (token.word == ")" and depth > 0)
        else:
            continue
        if token.kind is Kind.BREAK or (depth == 0 and _ends_sentence(tokens, place)):
            if place > begin:
                yield Sentence(begin, place)
            begin = place + 1
    if begin < len(tokens):
        yield Sentence(begin, len(tokens))


def parts(tokens: Sequence[Token], sentence: Sentence) -> Iterator[Part]:
    """Yield the parts of a sentence: at each comma, each "but", and at each "and" behind which another line begins."""
    joint = Joint.START
    for start, stop in _between_commas(tokens, sentence):
        yield from _between_connectors(tokens, start, stop, joint)
        joint = Joint.COMMA


def _ends_sentence(tokens: Sequence[Token], place: int) -> bool:
    """A mark ends a sentence, but for the full stop of an abbreviation."""
    if tokens[place].kind is not Kind.SYMBOL or tokens[place].word not in _ENDS:
        return False
    return not (tokens[place].word == "." and touches(tokens, place) and _is_abbreviated(tokens, place - 1))


def _is_abbreviated(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether a full stop may belong to the word before it: p.m., 2 cs. milk."""
    word, before = tokens[place].word, kind_at(tokens, place - 1)
    return len(word) == 1 or word == "fl" or (len(word) <= _ABBREVIATION and unit_name(word) is not None and before is not Kind.BREAK)


def _between_commas(tokens: Sequence[Token], sentence: Sentence) -> Iterator[tuple[int, int]]:
    begin, depth = sentence.start, 0
    for place in range(sentence.start, sentence.stop):
        word = tokens[place].word
        depth += (word == "(") - (word == ")" and depth > 0)
        if depth == 0 and (word in CONJUNCTIONS or (word == "," and not _joins_adjectives(tokens, place))):
            if place > begin:
                yield begin, place
            begin = place + 1
    if begin < sentence.stop:
        yield begin, sentence.stop


def _joins_adjectives(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether a comma stands between two words that describe one product: skinless, boneless chicken."""
    before, behind = word_at(tokens, place - 1), word_at(tokens, place + 1)
    leads = kind_at(tokens, place - 2) is not Kind.WORD or unit_name(word_at(tokens, place - 2)) is not None or _describes(word_at(tokens, place - 2))
    return leads and _describes(before) and kind_at(tokens, place + 1) is Kind.WORD and behind not in _NO_PRODUCT and unit_name(behind) is None


def _describes(word: str) -> bool:
    return word in ADJECTIVES or word.endswith(("ed", "less"))


def _between_connectors(tokens: Sequence[Token], start: int, stop: int, joint: Joint) -> Iterator[Part]:
    found = tuple(find_quantities(tokens, start, stop))
    inside = {place for quantity in found for place in range(quantity.start, quantity.end)}
    connectors = [place for place in range(start, stop) if tokens[place].word in CONNECTORS and place not in inside]
    begin = start
    for number, place in enumerate(connectors):
        following = connectors[number + 1] if number + 1 < len(connectors) else stop
        if _begins_anew(tokens, (begin, place, following), found):
            if place > begin:
                yield Part(begin, place, joint, _within(found, begin, place))
            begin, joint = place + 1, Joint.CONNECTOR
    if begin < stop:
        yield Part(begin, stop, joint, _within(found, begin, stop))


def _begins_anew(tokens: Sequence[Token], bounds: tuple[int, int, int], found: tuple[Quantity, ...]) -> bool:
    """Tell whether a connector at the middle bound parts two lines: mac and cheese is one, milk and 2 eggs are two."""
    begin, place, following = bounds
    if place == begin or word_at(tokens, place + 1) in _OPENERS:
        return True
    first = place + 1
    while first < following and tokens[first].word in _LIGHT:
        first += 1
    if any(quantity.start in {first, place + 1} for quantity in _within(found, place + 1, first + 1)):
        return True
    behind = _within(found, place, following)
    ends_with_quantity = bool(behind) and phrase_behind(tokens, behind[-1].end, following) is None
    return ends_with_quantity and bool(_within(found, begin, place))


def _within(found: tuple[Quantity, ...], start: int, stop: int) -> tuple[Quantity, ...]:
    return found[bisect_left(found, start, key=_start) : bisect_left(found, stop, key=_start)]


def _start(quantity: Quantity) -> int:
    return quantity.start
