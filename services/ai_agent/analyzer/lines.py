"""The lines of a message: its parts read one after the other, as orders or as changes, and put into the writer's own words."""

import re
from collections.abc import Iterator, Sequence

from schemas.analysis import Line, Operation
from services.ai_agent.analyzer.edits import continue_removal, read_edits
from services.ai_agent.analyzer.mentions import read_mention
from services.ai_agent.analyzer.orders import read_orders
from services.ai_agent.analyzer.parts import Joint, Part, Sentence, parts, sentences
from services.ai_agent.analyzer.phrases import Phrase, wording
from services.ai_agent.analyzer.readings import GUESS, UNSURE, Reading
from services.ai_agent.analyzer.tokens import Token
from services.ai_agent.analyzer.vocabulary import ORDER_VERBS

_MOST = 200
_OPENING = r"^\W*(?:(?:hi|hello|hey|ok|okay|and|but|so|also|please|pls|sorry|thanks|good morning|morning)\b\W*){0,4}"
_QUESTION = re.compile(
    _OPENING
    + r"(?:how(?! about)|what(?! about)|whats|what's|when|where|why|which|who|do (?:you|u|we|i)|does|did|is (?!it possible|it ok|there any chance)|are|was|were"
    r"|have (?:you|u)|has|will (?:it|my|the|there)|should|am i)\b"
    r"|\b(?:prices?|cost) (?:of|for|on)|how much (?:is|are|for|do|does|would)|(?:in stock|on hand|availability|available)\W*$"
)
_REPORT = re.compile(
    r"\b(?:missing|broken|damaged|rotten|spoil(?:ed|t)|expired|mou?ldy|wrong|shorted|never (?:came|arrived|got|received)|(?:you|they|driver) "
    r"(?:sent|delivered|charged|gave|brought|forgot)|(?:we|i) (?:received|got|ordered|bought|paid|had)|arrived|complain|complaint|refund|refunded|credit)\b"
)
_FAREWELLS = frozenset({"thanks", "thank", "thx", "ty", "cheers", "regards", "best", "sincerely"})
_ORDERS_AGAIN = re.compile(r"\b(?:need|want|send|add|order|deliver|bring|please|pls|can (?:i|we|you))\b")


def read_lines(text: str, tokens: Sequence[Token]) -> list[Line]:
    """Read the lines of a message, at most 200, in the order of the text. Questions and reports of past orders have none."""
    readings, mentions = _read(text, tokens)
    if not any(reading.quantity is not None or reading.operation is not Operation.ADD for reading in readings + mentions):
        mentions = [mention for mention in mentions if mention.confidence > GUESS or len(readings) + len(mentions) == 1]
    ordered = sorted(readings + mentions, key=lambda reading: reading.start)
    return [_line(text, tokens, reading) for reading in ordered[:_MOST]]


def _read(text: str, tokens: Sequence[Token]) -> tuple[list[Reading], list[Reading]]:
    """What is surely meant, and the products that are merely named."""
    readings: list[Reading] = []
    mentions: list[Reading] = []
    closed = False
    for sentence in sentences(tokens):
        written = text[tokens[sentence.start].start : tokens[sentence.stop - 1].end].lower().replace("’", "'")
        if _QUESTION.search(written):
            continue
        removing = False
        for part in _parts_of_order(text, tokens, sentence, written):
            edits = read_edits(tokens, part)
            if not edits and removing and part.joint is not Joint.START and not _has_order_verb(tokens, part):
                edits = continue_removal(tokens, part)
            closed = closed or any(token.word in _FAREWELLS for token in tokens[part.start : part.start + 2])
            removing = bool(edits) and edits[-1].operation is Operation.REMOVE and tokens[part.start].word != "no"
            found = edits or read_orders(tokens, part)
            readings.extend(found)
            if not found and not closed and (mention := read_mention(tokens, part, readings)):
                mentions.append(mention)
    return readings, mentions


def _parts_of_order(text: str, tokens: Sequence[Token], sentence: Sentence, written: str) -> Iterator[Part]:
    """The parts of a sentence but those that report what was sent or ordered before."""
    reporting = False
    has_report = _REPORT.search(written) is not None
    for part in parts(tokens, sentence):
        if has_report:
            words = text[tokens[part.start].start : tokens[part.stop - 1].end].lower()
            reporting = _REPORT.search(words) is not None or (reporting and not _ORDERS_AGAIN.search(words))
        if not reporting:
            yield part


def _has_order_verb(tokens: Sequence[Token], part: Part) -> bool:
    return any(token.word in ORDER_VERBS for token in tokens[part.start : part.stop])


def _line(text: str, tokens: Sequence[Token], reading: Reading) -> Line:
    quantity, operation = reading.quantity, reading.operation
    value = quantity.value if quantity else None
    if value == 0:
        operation, value = Operation.REMOVE, None
    confidence = reading.confidence if quantity is None or (quantity.certain and quantity.upper is None) else min(reading.confidence, UNSURE)
    return Line(
        operation=operation,
        quantity=value,
        quantity_max=quantity.upper if quantity and value is not None else None,
        unit=quantity.unit if quantity else None,
        product=_product(text, tokens, reading),
        replaces=wording(text, tokens, reading.replaces) if reading.replaces else None,
        text_start=tokens[reading.start].start,
        text_end=tokens[reading.end - 1].end,
        confidence=confidence,
    )


def _product(text: str, tokens: Sequence[Token], reading: Reading) -> str | None:
    """The phrase, with a pack size that stands before its container put in front: 2 5lb bags flour is 5lb flour."""
    size = reading.quantity.size if reading.quantity else None
    words = [wording(text, tokens, phrase) for phrase in (Phrase(*size) if size else None, reading.product) if phrase]
    return " ".join(words)[:200].rstrip() if reading.product else None
