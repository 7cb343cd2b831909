"""What the learned model sees of a message: words, pairs of words, pieces of words, and what the grammar found, each as a number of a bucket."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from zlib import crc32

from schemas.analysis import Intent, Line
from services.ai_agent.analyzer.tokens import Kind, Token

BUCKETS = 1 << 15
FINDINGS = 1 << 10
"""The buckets of what the grammar found lie behind those of words."""
_MOST_WORDS = 60
_PIECES = (3, 4)
_SHORTEST = 4
_MANY = 3
_LENGTHS = (1, 2, 3, 5, 8, 13, 21)
_STAND_INS = {Kind.NUMBER: "0", Kind.RATIO: "0", Kind.FRACTION: "0", Kind.NOISE: "#", Kind.TIMES: "x", Kind.BREAK: "\n", Kind.NAME: "#0"}


def features(tokens: Sequence[Token], lines: Sequence[Line], spoken: Intent, *, complete: bool) -> tuple[list[int], list[int]]:
    """The buckets of a message, each once: those of its words, and those of the grammar. `spoken` is the intent that the rules read in its words."""
    words = ["^", *(_STAND_INS.get(token.kind, token.word) for token in tokens[:_MOST_WORDS]), "$"]
    found = {crc32(name.encode()) & (FINDINGS - 1) for name in _of_grammar(tokens, lines, spoken, complete=complete)}
    return list({crc32(name.encode()) & (BUCKETS - 1) for name in _of_words(words)}), [BUCKETS + bucket for bucket in found]


def _of_words(words: Sequence[str]) -> Iterable[str]:
    yield from words
    yield from map(" ".join, pairwise(words))
    for word in words:
        if len(word) >= _SHORTEST:
            padded = f"<{word}>"
            for size in _PIECES:
                yield from (padded[start : start + size] for start in range(len(padded) - size + 1))


def _of_grammar(tokens: Sequence[Token], lines: Sequence[Line], spoken: Intent, *, complete: bool) -> Iterable[str]:
    counted = sum(line.quantity is not None for line in lines)
    yield f"=spoken {spoken}"
    yield f"=lines {min(len(lines), _MANY)} {min(counted, _MANY)}"
    yield f"=spoken {spoken} {min(len(lines), 1)} {min(counted, 1)}"
    yield f"=length {sum(len(tokens) > length for length in _LENGTHS)}"
    yield f"=complete {complete}"
    yield f"=first {tokens[0].word if tokens else ''}"
    yield from (f"=operation {operation}" for operation in {line.operation for line in lines})
    yield from (f"=unit {line.unit is not None}" for line in lines[:1])
    yield f"=asks {any(token.word == '?' for token in tokens[-2:])}"
