"""The lines of a message: its parts read one after the other, as orders or as changes, and put into the writer's own words."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from schemas.analysis import Line, Operation
from services.ai_agent.analyzer.context import Context
from services.ai_agent.analyzer.edits import continue_removal, read_edits
from services.ai_agent.analyzer.mentions import read_mention
from services.ai_agent.analyzer.orders import read_orders
from services.ai_agent.analyzer.parts import Joint, Part, Sentence, parts, sentences
from services.ai_agent.analyzer.phrases import Phrase, wording
from services.ai_agent.analyzer.readings import GUESS, UNSURE, Reading
from services.ai_agent.analyzer.tokens import Kind, Token, spoken
from services.ai_agent.analyzer.vocabulary import ASSENT, CONJUNCTIONS, CONNECTORS, FILLERS, ORDER_VERBS, STOPS

_MOST = 200
_AROUND = STOPS | FILLERS | ASSENT | CONNECTORS
_QUESTION = re.compile(
    r"^\W*(?:(?:hi|hello|hey|ok|okay|and|but|so|also|please|pls|sorry|thanks|good morning|morning)\b\W*){0,4}"
    r"(?:how(?! about)|what(?! about)|whats|what's|when|where|why|which|who|do (?:you|u|we|i)|does|did|is (?!it possible|it ok|there any chance)"
    r"|are|was|were|have (?:you|u)|has|will (?:it|my|the|there)|should|am i)\b"
    r"|\b(?:prices?|cost) (?:of|for|on)|how much (?:is|are|for|do|does|would)|(?:in stock|on hand|availability|available)\W*$"
)
_REPORT = re.compile(
    r"\b(?:missing|(?<!\( )(?<!, )broken(?! (?:in|into|up))|damaged|rotten|spoil(?:ed|t)|expired|mou?ldy|wrong|shorted"
    r"|never (?:came|arrived|got|received)"
    r"|(?:you|they|driver) (?:sent|delivered|charged|gave|brought|forgot)"
    r"|(?:we|i) (?:only |just )?(?:received|got|ordered|bought|paid|had)"
    r"|(?:invoice|bill|statement) (?:says|shows|has)|arrived|complain|complaint|refund|refunded|credit)\b"
)
_DEGREES = frozenset({"too", "very", "so", "way", "really"})
_FAREWELLS = frozenset({"thanks", "thank", "thx", "ty", "cheers", "regards", "best", "sincerely"})
_ORDERS_AGAIN = re.compile(r"\b(?:need|want|send|add|order|deliver|bring|please|pls|can (?:i|we|you))\b")


def read_lines(text: str, tokens: Sequence[Token]) -> list[Line]:
    """Read the lines of a message, at most 200, in the order of the text. Questions and reports of past orders have none."""
    readings, mentions = _read(tokens)
    if not readings and len(mentions) > 1 and not _covers(tokens, mentions):
        mentions = [mention for mention in mentions if mention.confidence > GUESS]
    ordered = sorted(readings + mentions, key=lambda reading: reading.start)
    return [_line(text, tokens, reading) for reading in ordered[:_MOST]]


def _read(tokens: Sequence[Token]) -> tuple[list[Reading], list[Reading]]:
    """What is surely meant, and the products that are merely named."""
    readings: list[Reading] = []
    mentions: list[Reading] = []
    asked = closed = False
    for sentence in sentences(tokens):
        written = spoken(tokens, sentence.start, sentence.stop)
        if _QUESTION.search(written):
            asked = True
            continue
        removing = False
        context = Context(tokens)
        for part in _parts_of_order(tokens, sentence, written):
            edits = read_edits(tokens, part)
            if not edits and removing and _goes_on(tokens, part):
                edits = continue_removal(tokens, part)
            closed = closed or any(token.word in _FAREWELLS for token in tokens[part.start : part.start + 2])
            removing = bool(edits) and edits[-1].operation is Operation.REMOVE and tokens[part.start].word != "no"
            found = [reading for reading in edits or read_orders(tokens, part) if reading.product is not None or not asked]
            context.take(part, found, readings, mentions)
            if not found and not closed and (mention := read_mention(tokens, part, readings)):
                context.mention(mention, readings, mentions)
    return readings, mentions


def _parts_of_order(tokens: Sequence[Token], sentence: Sentence, written: str) -> Iterator[Part]:
    """The parts of a sentence but those that report what was sent or ordered before."""
    reporting = False
    has_report = _REPORT.search(written) is not None
    for part in parts(tokens, sentence):
        if has_report:
            words = spoken(tokens, part.start, part.stop)
            reporting = _REPORT.search(words) is not None or (reporting and not _ORDERS_AGAIN.search(words))
        if not reporting:
            yield part


def _covers(tokens: Sequence[Token], mentions: Sequence[Reading]) -> bool:
    """Tell whether a message is nothing but products: milk, eggs, butter please."""
    named = {place for mention in mentions if mention.product for place in range(mention.product.start, mention.product.end)}
    return all(place in named or token.kind in {Kind.SYMBOL, Kind.BREAK} or token.word in _AROUND for place, token in enumerate(tokens))


def _goes_on(tokens: Sequence[Token], part: Part) -> bool:
    """Tell whether a part continues the list of the part before it, as eggs does in: remove the milk, eggs."""
    if part.joint is Joint.START or tokens[part.start - 1].word in CONJUNCTIONS or tokens[part.start].word in _DEGREES:
        return False
    return not any(token.word in ORDER_VERBS for token in tokens[part.start : part.stop])


def _line(text: str, tokens: Sequence[Token], reading: Reading) -> Line:
    quantity, operation = reading.quantity, reading.operation
    value = _tidy(quantity.value) if quantity else None
    if value == 0:
        operation, value = Operation.REMOVE, None
    confidence = reading.confidence if quantity is None or (quantity.certain and quantity.upper is None) else min(reading.confidence, UNSURE)
    return Line(
        operation=operation,
        quantity=value,
        quantity_max=_tidy(quantity.upper) if quantity and quantity.upper is not None and value is not None else None,
        unit=quantity.unit if quantity else None,
        product=_product(text, tokens, reading),
        replaces=wording(text, tokens, reading.replaces) if reading.replaces else None,
        text_start=tokens[reading.start].start,
        text_end=tokens[reading.end - 1].end,
        confidence=confidence,
    )


def _tidy(number: Decimal) -> Decimal:
    """1.500 as 1.5, but 10 as 10 and not as 1E+1."""
    return number.normalize() + 0


def _product(text: str, tokens: Sequence[Token], reading: Reading) -> str | None:
    """The phrase, with a pack size that stands before its container put in front: 2 5lb bags flour is 5lb flour."""
    size = reading.quantity.size if reading.quantity else None
    words = [wording(text, tokens, phrase) for phrase in (Phrase(*size) if size else None, reading.product) if phrase]
    return " ".join(words)[:200].rstrip() if reading.product else None
