"""Whether the writer says that nothing more is to come: that's all, nothing else, done."""

import re

_COMPLETE = re.compile(
    r"""
    \b(?:that(?:'?s|\sis|'?ll\sbe|\swill\sbe|\swould\sbe|s)\s(?:all|it|everything)\b(?!\s(?:right|wrong|good|fine|ok|the|a|an|in|of)\b)
    |that(?:'?ll|\swill|\sshould)\sdo(?:\sit)?\b
    |(?:nothing|anything)\s(?:else|more)\b
    |no\s(?:else|more)\b(?=\W*$|\W+(?:thanks|thank|thx|ty|for|please|pls|today|now)\b)
    |all\s(?:done|set|i\sneed|we\sneed|for\s(?:now|today|this\sweek|the\sday))\b
    |(?:i'?m|im|i\sam|we'?re|we\sare|were)\s(?:done|finished|good|all\sset)\b
    |(?:finish|finali[sz]e|complete|submit|close)\s(?:the|my|our|this)\sorder\b
    |end\sof\s(?:order|list)\b)
  | ^[^\w\n]*+(?:(?:ok|okay|yes|yep|no|and)[^\w\n]++)?(?:done|finished|end|fin)
    (?:[^\w\n]++(?:thanks|thank\syou|thx|ty|for\snow|for\stoday|ordering)\b){0,3}[^\w\n]*+$
    """,
    re.VERBOSE | re.MULTILINE,
)
_ASKED = re.compile(r"^\W*(?:is|are|will)\b[^?\n]{0,40}\?")


def is_complete(text: str) -> bool:
    """Tell whether `text` (lower case) ends the order."""
    return _COMPLETE.search(text) is not None and _ASKED.search(text) is None
