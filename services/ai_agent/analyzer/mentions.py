"""Products that are named without a quantity: "and some butter", or a message that is nothing but "whole milk"."""

from collections.abc import Sequence

from schemas.analysis import Operation
from services.ai_agent.analyzer.parts import Joint, Part
from services.ai_agent.analyzer.phrases import Phrase, phrase_behind
from services.ai_agent.analyzer.readings import GUESS, UNSURE, Reading, is_pointer
from services.ai_agent.analyzer.tokens import Kind, Token
from services.ai_agent.analyzer.vocabulary import (
    ADJECTIVES,
    ADVERBS,
    ASSENT,
    DAY_WORDS,
    NOT_NAMED,
    ORDER_VERBS,
    POLITENESS,
    PREPARATIONS,
    PRONOUNS,
    STOPS,
    VERBS,
    words,
)

_OPENING = STOPS | ASSENT
_AFTERWORDS = POLITENESS | ADVERBS | DAY_WORDS
_TALK = NOT_NAMED | {"the"}
_LONGEST = 7
_LONGEST_USE = 4
_NO_USE = PRONOUNS | (VERBS - {"taste"})
_LINKS_TO_OTHERS = frozenset({"for", "from", "at", "by", "before"})
_TAKING = frozenset({"have", "get", "take"})
_WISHING = words("can could may would like want i'd i'll we'd we'll id ill let to")
_REMARK_ENDINGS = ("ed", "ly", "ing")


def read_mention(tokens: Sequence[Token], part: Part, earlier: Sequence[Reading]) -> Reading | None:
    """Read a product without a quantity: behind a verb of ordering, as one more item of a list, or all alone."""
    if part.quantities:
        return None
    spoken = [token.word for token in tokens[part.start : part.stop] if token.kind is not Kind.SYMBOL]
    if part.joint is Joint.COMMA and earlier and _is_remark(spoken):
        return None
    begin = _behind_opening(tokens, part)
    product = phrase_behind(tokens, begin, part.stop)
    has_verb = _is_asked_for(tokens, part.start, product.start if product else part.stop)
    if product is None or is_pointer(tokens, product) or _is_share(tokens, product) or not _may_be_product(tokens, part, product, has_verb=has_verb):
        return None
    if has_verb or (earlier and begin == part.start and part.joint is not Joint.START):
        return Reading(Operation.ADD, part.start, product.end, None, product, None, UNSURE)
    if all(token.word in ASSENT or token.kind is Kind.SYMBOL for token in tokens[part.start : begin]) and _ends_with_remark(
        tokens, product.end, part.stop, is_first=part.joint is Joint.START
    ):
        return Reading(Operation.ADD, part.start, product.end, None, product, None, GUESS)
    return None


def _is_share(tokens: Sequence[Token], product: Phrase) -> bool:
    """Tell whether a phrase is a percentage alone: 83% if you have it."""
    return product.end - product.start == 1 and tokens[product.start].kind is Kind.NAME and tokens[product.start].word.endswith("%")


def _is_asked_for(tokens: Sequence[Token], start: int, stop: int) -> bool:
    """Tell whether a verb of ordering stands before a product: send limes, can i get limes; "we have a wedding" asks for nothing."""
    spoken = {token.word for token in tokens[start:stop]}
    return bool(spoken & ORDER_VERBS) or (bool(spoken & _TAKING) and bool(spoken & _WISHING))


def _is_remark(spoken: Sequence[str]) -> bool:
    """Tell whether words behind a comma say how the last product is wanted: peeled, finely chopped, to taste."""
    spoken = [word for word in spoken if word not in POLITENESS]
    if not spoken or spoken[0] in PREPARATIONS or (len(spoken) == 1 and spoken[0] in ADJECTIVES):
        return True
    return any(word.endswith(_REMARK_ENDINGS) for word in spoken[:3])


def _behind_opening(tokens: Sequence[Token], part: Part) -> int:
    place = part.start
    while place < part.stop and (tokens[place].word in _OPENING or tokens[place].kind is Kind.SYMBOL):
        place += 1
    return place


def _may_be_product(tokens: Sequence[Token], part: Part, product: Phrase, *, has_verb: bool) -> bool:
    """Tell whether a phrase is short, and neither a place nor a person (for Joe's Diner) nor talk."""
    spoken = {token.word for token in tokens[product.start : product.end]}
    follows_link = product.start > part.start and tokens[product.start - 1].word in _LINKS_TO_OTHERS
    return product.end - product.start <= _LONGEST * (1 + has_verb) and not follows_link and not spoken & _TALK


def _ends_with_remark(tokens: Sequence[Token], start: int, stop: int, *, is_first: bool) -> bool:
    """Tell whether what follows a product alone is at most politeness, a parenthesis, or its use: for the kitchen, to taste."""
    rest = [token.word for token in tokens[start:stop]]
    if not set(rest) - _AFTERWORDS or rest[0] == "(":
        return True
    use = rest[: rest.index("(")] if "(" in rest else rest
    return is_first and use[0] in {"for", "to"} and len(use) <= _LONGEST_USE and not set(use) & _NO_USE
