"""Earlier orders that a message points at: the usual, same as last week."""

import re

from services.ai_agent.analyzer.languages import portuguese, spanish

_ENGLISH = re.compile(
    r"\b(?:(?:the|my|our) (?:usual|regular|normal|standard|standing) ?(?:order|stuff|list)?|usual (?:order|please|pls)"
    r"|same (?:order )?(?:as|like) "
    r"(?:last|the last|before|always|usual|yesterday|previous)"
    r"(?: (?:time|week|month|order|one|monday|tuesday|wednesday|thursday|friday|saturday|sunday))?"
    r"|(?:the )?same (?:again|order)|repeat (?:the |my |our )?(?:last|previous) (?:order|one)|reorder|last week's order)\b"
)
_REFERENCES = {"en": _ENGLISH, "es": re.compile(rf"\b(?:{spanish.USUAL})\b"), "pt": re.compile(rf"\b(?:{portuguese.USUAL})\b")}
_MOST = 10
_LONGEST = 200


def references(text: str, language: str) -> tuple[str, ...]:
    """The phrases of a text that mean an earlier order, in the writer's words and lower case, at most ten, each once."""
    written = " ".join(text.lower().replace("’", "'").split())
    return tuple(dict.fromkeys(match.group().strip()[:_LONGEST] for match in _REFERENCES[language].finditer(written)))[:_MOST]
