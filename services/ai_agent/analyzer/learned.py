"""What was learned from examples: how the features of a message speak for each intent, and how often readings of each kind are right.

The weights lie in `learned.bin`: a line of JSON, then a byte for each intent and bucket, compressed. `training` writes it.
"""

import json
import math
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import NamedTuple, Self

from schemas.analysis import Intent

FILE = Path(__file__).with_name("learned.bin")
_THOUSANDTH = Decimal("0.001")


class Learned(NamedTuple):
    """The weights of a model, and the tables of how often it is right."""

    intents: tuple[Intent, ...]
    biases: tuple[float, ...]
    steps: tuple[float, ...]
    weights: tuple[Sequence[int], ...]
    lines: Mapping[str, float]
    """How often lines of a kind are right."""
    analyses: tuple[tuple[float, float], ...]
    """From a score on: how often analyses of that score are right, rising."""

    @classmethod
    @cache
    def load(cls, file: Path = FILE) -> Self:
        """Read what `training` wrote."""
        header, _, packed = file.read_bytes().partition(b"\n")
        told = json.loads(header)
        table = zlib.decompress(packed)
        size = len(table) // len(told["intents"])
        return cls(
            intents=tuple(map(Intent, told["intents"])),
            biases=tuple(told["biases"]),
            steps=tuple(told["steps"]),
            weights=tuple(array("b", table[start : start + size]) for start in range(0, len(table), size)),
            lines=told["lines"],
            analyses=tuple((float(score), float(right)) for score, right in told["analyses"]),
        )

    def intent(self, words: Sequence[int], grammar: Sequence[int]) -> tuple[Intent, float]:
        """The likeliest intent and its probability, from the buckets that `features` gives."""
        share = 1 / math.sqrt(len(words) or 1)
        scores = [
            bias + step * (share * sum(map(row.__getitem__, words)) + sum(map(row.__getitem__, grammar)))
            for bias, step, row in zip(self.biases, self.steps, self.weights, strict=True)
        ]
        best = max(scores)
        return self.intents[scores.index(best)], 1 / sum(math.exp(score - best) for score in scores)

    def line_confidence(self, kinds: Sequence[str]) -> Decimal:
        """How often lines of a kind are right, by the first of `kinds` that was seen in training."""
        return _rounded(next((self.lines[kind] for kind in kinds if kind in self.lines), 0.5))

    def analysis_confidence(self, score: float) -> Decimal:
        """How often analyses of such a score are right."""
        at = bisect_right(self.analyses, (score, math.inf)) - 1
        return _rounded(self.analyses[max(at, 0)][1] if self.analyses else score)


def _rounded(share: float) -> Decimal:
    return Decimal(str(min(max(share, 0.0), 1.0))).quantize(_THOUSANDTH)
