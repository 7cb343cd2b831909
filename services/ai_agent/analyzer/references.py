"""Earlier orders that a message points at: the usual, same as last week."""

import re

_REFERENCE = re.compile(
    r"\b(?:(?:the|my|our) (?:usual|regular|normal|standard|standing) ?(?:order|stuff|list)?|usual (?:order|please|pls)"
    r"|same (?:order )?(?:as|like) "
    r"(?:last|the last|before|always|usual|yesterday|previous)"
    r"(?: (?:time|week|month|order|one|monday|tuesday|wednesday|thursday|friday|saturday|sunday))?"
    r"|(?:the )?same (?:again|order)|repeat (?:the |my |our )?(?:last|previous) (?:order|one)|reorder|last week's order)\b"
)
_MOST = 10


def references(text: str) -> tuple[str, ...]:
    """The phrases of `text` (lower case) that mean an earlier order, at most ten, each once."""
    return tuple(dict.fromkeys(match.group().strip() for match in _REFERENCE.finditer(text)))[:_MOST]
