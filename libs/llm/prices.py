"""What a call costs, and what it can cost at most before it is made. Pure."""

from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from typing import Any

from libs.llm.call import Question, Usage
from libs.llm.schema import schema_of

MILLION = 1_000_000
MOST_IMAGE_TOKENS = 50_000
"""More than any model counts for one picture."""
MOST_FRAME_TOKENS = 20
"""What a message's role and its separators take."""
LEAST_BYTES_A_MINUTE = 45_000
"""Speech at 6 kbit/s: nobody records it smaller."""
MOST_SPEECH_TOKENS_A_MINUTE = 3_000
PLACES = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for a million tokens, and for a minute of speech."""

    input: Decimal
    cached_input: Decimal
    output: Decimal
    minute: Decimal = Decimal(0)


FREE = Price(input=Decimal(0), cached_input=Decimal(0), output=Decimal(0))


def cost(price: Price, usage: Usage) -> Decimal:
    """Return what `usage` costs, rounded up to a millionth of a dollar."""
    cached = min(usage.cached_tokens, usage.input_tokens)
    tokens = price.input * (usage.input_tokens - cached) + price.cached_input * cached + price.output * usage.output_tokens
    return (tokens / MILLION + price.minute * usage.minutes).quantize(PLACES, ROUND_UP)


def most(price: Price, question: Question[Any]) -> Decimal:
    """Return what asking can cost at most. A token is at least a byte, so that bytes count more than any tokenizer can."""
    if question.audio:
        minutes = Decimal(len(question.audio.content)) / LEAST_BYTES_A_MINUTE
        tokens = int(minutes * MOST_SPEECH_TOKENS_A_MINUTE) + MOST_FRAME_TOKENS
        return cost(price, Usage(input_tokens=tokens, output_tokens=tokens, minutes=minutes))
    return cost(price, Usage(input_tokens=most_input_tokens(question), output_tokens=question.most_output_tokens))


def most_input_tokens(question: Question[Any]) -> int:
    """Return more tokens than any model counts for what it is asked."""
    texts = [question.instructions, question.text, schema_of(question.answer), *(text for example in question.examples for text in example)]
    return sum(len(text.encode()) + MOST_FRAME_TOKENS for text in texts) + MOST_IMAGE_TOKENS * len(question.images)
