"""The intent of a message: by the rules where they are surer, else as learned from examples."""

from collections.abc import Sequence

from schemas.analysis import Intent, Line, Operation
from services.ai_agent.analyzer.features import features
from services.ai_agent.analyzer.intents import LINE_INTENTS, read_intent
from services.ai_agent.analyzer.learned import Learned
from services.ai_agent.analyzer.messages import Message
from services.ai_agent.analyzer.readings import UNSURE
from services.ai_agent.analyzer.tokens import Kind, Token
from services.ai_agent.analyzer.vocabulary import ORDER_VERBS

RULED = 0.97
"""How sure a rule is that needs no second opinion."""
_SHORT = 2
_MARKS = frozenset(".!?,")
_LOOK_UPS = frozenset({"tell", "show", "read", "look", "pull", "generate", "play", "replay", "list", "find"})
_PAST = frozenset({"was", "were", "arrived", "came", "got"})


def decide(learned: Learned, message: Message) -> tuple[Intent, float]:
    """The intent of a message and how likely it is."""
    spoken, _ = read_intent(message.meant, message.lines, complete=message.complete)
    if is_ruled(message, spoken):
        return spoken, RULED
    return learned.intent(*features(message.tokens, message.lines, spoken, complete=message.complete))


def is_ruled(message: Message, spoken: Intent) -> bool:
    """Tell whether the rules decide: on an order with quantities, a change that names its product, and what is said in one word or sign."""
    tokens, lines = message.tokens, message.lines
    if tokens and tokens[0].word in _LOOK_UPS:
        return False
    if spoken in LINE_INTENTS and any(line.quantity is not None for line in lines):
        return not _may_be_report(tokens)
    if any(line.operation is not Operation.ADD and (line.product or line.confidence > UNSURE) for line in lines):
        return spoken in LINE_INTENTS and not _may_be_refusal(tokens, lines)
    if lines or spoken is Intent.OTHER:
        return False
    words = [token for token in tokens if token.kind is Kind.WORD]
    return not words or (len(words) == 1 and all(token.word in _MARKS for token in tokens if token.kind is not Kind.WORD))


def _may_be_report(tokens: Sequence[Token]) -> bool:
    """Tell whether numbers may be told of something that was: 2 cases of milk were warm."""
    said = {token.word for token in tokens}
    return not said.isdisjoint(_PAST) and said.isdisjoint(ORDER_VERBS)


def _may_be_refusal(tokens: Sequence[Token], lines: Sequence[Line]) -> bool:
    """Tell whether what reads as a change may say no to everything: no desserts."""
    return (tokens[0].word == "no" and len(tokens) <= _SHORT) or all(line.confidence <= UNSURE for line in lines)
