"""The local analyzer: what a message means, worked out in process without a model: tokens, quantities, lines, intent."""

from datetime import date

from schemas.analysis import Analysis
from services.ai_agent.analyzer.dates import delivery_date
from services.ai_agent.analyzer.endings import is_complete
from services.ai_agent.analyzer.intents import LINE_INTENTS, read_intent
from services.ai_agent.analyzer.languages import ENGLISH, detect, read_as_english
from services.ai_agent.analyzer.lines import read_lines
from services.ai_agent.analyzer.references import references
from services.ai_agent.analyzer.tokens import spoken, tokenize


def analyze(text: str, today: date, *, language: str = ENGLISH) -> Analysis:
    """Work out the meaning of one message.

    `today` is the writer's day, from which "tomorrow" and "friday" count; `language` is what the customer writes otherwise, for a text that
    does not show its language. The same text gives the same analysis; no text raises.
    """
    tokens = tokenize(text)
    language = detect(tokens, language)
    if language != ENGLISH:
        tokens = read_as_english(tokens, language)
    meant = spoken(tokens)
    lines = read_lines(text, tokens)
    complete = is_complete(meant)
    intent, confidence = read_intent(meant, lines, complete=complete)
    if intent not in LINE_INTENTS:
        lines = []
    return Analysis(
        intent=intent,
        lines=tuple(lines),
        order_complete=complete,
        references=references(text, language),
        requested_delivery_date=delivery_date(meant, today, day_first=language != ENGLISH),
        language=language,
        confidence=confidence,
    )
