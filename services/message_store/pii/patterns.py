"""Patterns of tenants' own, in RE2: it takes no longer than the text is long, whatever somebody writes."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2

from libs.refused import Refused

MOST_BYTES = 1_000_000
MOST_MATCHES = 100


class PatternUnusable(Refused):
    """The pattern of a rule is none, or would match anything."""


def check(pattern: str) -> None:
    """Raise PatternUnusable unless `pattern` can be looked for."""
    if _compiled(pattern).search("") is not None:
        raise PatternUnusable("the pattern matches a text without anything in it; let it demand at least one character")


def find(pattern: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield where `pattern` stands in `text`: its first group if it has one. At most MOST_MATCHES."""
    compiled = _compiled(pattern)
    group = 1 if compiled.groups else 0
    for count, match in enumerate(compiled.finditer(text)):
        if count == MOST_MATCHES:
            return
        start, end = match.span(group)
        if 0 <= start < end:
            yield start, end


@lru_cache(maxsize=1_000)
def _compiled(pattern: str) -> Any:  # noqa: ANN401 - re2 carries no types
    options = re2.Options()
    options.max_mem = MOST_BYTES
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise PatternUnusable(f"the pattern is not a regular expression of RE2's: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
