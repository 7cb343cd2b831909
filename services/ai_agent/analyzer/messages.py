"""A message as the grammar reads it, before anything learned is asked."""

from collections.abc import Sequence
from typing import NamedTuple, Self

from schemas.analysis import Line
from services.ai_agent.analyzer.endings import is_complete
from services.ai_agent.analyzer.languages import ENGLISH, detect, read_as_english
from services.ai_agent.analyzer.lines import read_lines
from services.ai_agent.analyzer.tokens import Token, spoken, tokenize


class Message(NamedTuple):
    """The tokens of a message in the words of the grammar, what they say, and its lines."""

    language: str
    tokens: Sequence[Token]
    meant: str
    lines: Sequence[Line]
    complete: bool

    @classmethod
    def read(cls, text: str, language: str = ENGLISH) -> Self:
        """Read a text; `language` counts where the text does not show its own."""
        tokens = tokenize(text)
        language = detect(tokens, language)
        if language != ENGLISH:
            tokens = read_as_english(tokens, language)
        meant = spoken(tokens)
        return cls(language, tokens, meant, read_lines(text, tokens), is_complete(meant))
