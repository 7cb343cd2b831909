"""The local analyzer: what a message means, worked out in process without a model: tokens, quantities, lines, intent."""

from datetime import date

from schemas.analysis import Analysis
from services.ai_agent.analyzer.dates import delivery_date
from services.ai_agent.analyzer.endings import is_complete
from services.ai_agent.analyzer.intents import LINE_INTENTS, read_intent
from services.ai_agent.analyzer.lines import read_lines
from services.ai_agent.analyzer.references import references
from services.ai_agent.analyzer.tokens import tokenize


def analyze(text: str, today: date) -> Analysis:
    """Work out the meaning of one message.

    `today` is the writer's day, from which "tomorrow" and "friday" count. The same text gives the same analysis; no text raises.
    """
    lowered = text.lower().replace("’", "'")
    lines = read_lines(text, tokenize(text))
    complete = is_complete(lowered)
    intent, confidence = read_intent(lowered, lines, complete=complete)
    if intent not in LINE_INTENTS:
        lines = []
    return Analysis(
        intent=intent,
        lines=tuple(lines),
        order_complete=complete,
        references=references(lowered),
        requested_delivery_date=delivery_date(lowered, today),
        confidence=confidence,
    )
