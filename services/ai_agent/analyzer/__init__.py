"""The local analyzer: what a message means, worked out in process without a model: tokens, quantities, lines, intent."""

from datetime import date

from schemas.analysis import Analysis
from services.ai_agent.analyzer.confidence import line_confidence, score
from services.ai_agent.analyzer.dates import delivery_date
from services.ai_agent.analyzer.intents import LINE_INTENTS
from services.ai_agent.analyzer.languages import ENGLISH
from services.ai_agent.analyzer.learned import Learned
from services.ai_agent.analyzer.messages import Message
from services.ai_agent.analyzer.references import references
from services.ai_agent.analyzer.replies import suggested_replies
from services.ai_agent.analyzer.verdicts import decide


def analyze(text: str, today: date, *, language: str = ENGLISH) -> Analysis:
    """Work out the meaning of one message.

    `today` is the writer's day, from which "tomorrow" and "friday" count; `language` is what the customer writes otherwise, for a text that
    does not show its language. The same text gives the same analysis; no text raises.
    """
    learned = Learned.load()
    message = Message.read(text, language)
    intent, likelihood = decide(learned, message)
    lines = [line.model_copy(update={"confidence": line_confidence(learned, line)}) for line in message.lines if intent in LINE_INTENTS]
    return Analysis(
        intent=intent,
        lines=tuple(lines),
        order_complete=message.complete,
        references=references(text, message.language),
        requested_delivery_date=delivery_date(message.meant, today, day_first=message.language != ENGLISH),
        language=message.language,
        confidence=learned.analysis_confidence(score(likelihood, lines)),
        suggested_replies=suggested_replies(message.language, intent, lines, complete=message.complete),
    )
