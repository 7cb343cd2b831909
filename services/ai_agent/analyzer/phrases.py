"""Product phrases: the words that name a product, cut out of what politeness and links surround them."""

from collections.abc import Sequence
from typing import NamedTuple

from services.ai_agent.analyzer.tokens import Kind, Token, word_at
from services.ai_agent.analyzer.vocabulary import FILLERS, PAIRS, PREPARED, STOPS, TRAILERS


class Phrase(NamedTuple):
    """The token range of a product phrase; never empty."""

    start: int
    end: int


_LONGEST = 200
_NOTE = 5
_DASHES = frozenset("-–—")
_EDGES = frozenset("-–—:;,./|=+&*_~\"'`’‘“”>•·?!¿¡()[]")
_INNER = frozenset("-–&/+'’.®™,\"“”°|:*#")
_PART_OF = {Kind.WORD, Kind.NAME, Kind.RATIO, Kind.NUMBER, Kind.FRACTION, Kind.TIMES}


def phrase_behind(tokens: Sequence[Token], start: int, stop: int) -> Phrase | None:
    """Read the product that follows a quantity: skip fillers and notes, end where something else begins."""
    begin = _skip_fillers(tokens, start, stop)
    end = begin
    while end < stop and _belongs(tokens[end]) and not _is_remark(tokens, end):
        end = _behind_note(tokens, end + 1, stop)
    return _trimmed(tokens, begin, end)


def phrase_before(tokens: Sequence[Token], start: int, stop: int) -> Phrase | None:
    """Read the product that stands before its quantity: what follows the last word of conversation."""
    end = stop
    while end > start and _is_edge(tokens[end - 1]) and tokens[end - 1].word != ")":
        end -= 1
    if end - 1 > start and tokens[end - 1].word == ")":
        opening = next((at for at in range(end - 2, max(start, end - _NOTE), -1) if tokens[at].word == "("), None)
        named = phrase_before(tokens, start, opening) if opening is not None else None
        if named is not None and named.end == opening:
            return Phrase(named.start, end)
    while end > start and _is_edge(tokens[end - 1]):
        end -= 1
    begin = end
    while begin > start and _belongs(tokens[begin - 1]) and tokens[begin - 1].word != ":":
        begin -= 1
    return _trimmed(tokens, begin, end)


def parts_products(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether an "and" parts two products rather than standing within the name of one."""
    return tokens[place].word in {"and", "&"} and (word_at(tokens, place - 1), word_at(tokens, place + 1)) not in PAIRS


def split_at_and(tokens: Sequence[Token], phrase: Phrase) -> list[Phrase]:
    """The products of a phrase: mint, basil of "mint and basil"."""
    head = tokens[phrase.end - 1].word
    borders = [at for at in range(phrase.start + 1, phrase.end - 1) if parts_products(tokens, at) and (word_at(tokens, at - 1), head) not in PAIRS]
    edges = zip([phrase.start, *(at + 1 for at in borders)], [*borders, phrase.end], strict=True)
    return [found for start, end in edges if (found := _trimmed(tokens, start, end))]


def wording(text: str, tokens: Sequence[Token], phrase: Phrase) -> str:
    """A phrase as it was written, with single spaces, at most 200 characters."""
    return " ".join(text[tokens[phrase.start].start : tokens[phrase.end - 1].end].split())[:_LONGEST].rstrip()


def _is_remark(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether a remark on the product begins: 4 red peppers - halved and seeded; a burger with no cheese."""
    if tokens[place].word == "with" and word_at(tokens, place + 1) == "no":
        return True
    if tokens[place].word not in _DASHES or tokens[place - 1].end == tokens[place].start or place + 1 >= len(tokens):
        return False
    return tokens[place + 1].word in PREPARED or tokens[place + 1].word.endswith(("ed", "ly"))


def _belongs(token: Token) -> bool:
    if token.kind is Kind.SYMBOL:
        return token.word in _INNER
    return token.kind in _PART_OF and token.word not in STOPS


def _skip_fillers(tokens: Sequence[Token], start: int, stop: int) -> int:
    place = start
    while place < stop:
        if tokens[place].word == "(":
            closing = next((at for at in range(place, stop) if tokens[at].word == ")"), None)
            if closing is None:
                break
            place = closing + 1
        elif tokens[place].word in FILLERS or _is_edge(tokens[place]):
            place += 1
        else:
            break
    return place


def _behind_note(tokens: Sequence[Token], place: int, stop: int) -> int:
    """Step over a parenthesis in the middle of a product: plum (Roma) tomatoes."""
    if place >= stop or tokens[place].word != "(":
        return place
    closing = next((at for at in range(place, min(place + _NOTE, stop)) if tokens[at].word == ")"), None)
    goes_on = closing is not None and closing + 1 < stop and tokens[closing + 1].kind is Kind.WORD and _belongs(tokens[closing + 1])
    return closing + 1 if closing is not None and goes_on else place


def _is_edge(token: Token) -> bool:
    return token.kind is Kind.SYMBOL and token.word in _EDGES


def _trimmed(tokens: Sequence[Token], start: int, end: int) -> Phrase | None:
    while start < end and (tokens[start].word in FILLERS or _is_edge(tokens[start])):
        start += 1
    while end > start and (tokens[end - 1].word in TRAILERS or _is_edge(tokens[end - 1])):
        end -= 1
    has_name = any(token.kind in {Kind.WORD, Kind.NAME} for token in tokens[start:end])
    return Phrase(start, end) if has_name else None
