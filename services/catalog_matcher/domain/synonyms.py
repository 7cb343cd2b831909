"""Different names of the same thing: what no comparison of letters can find."""

from collections import defaultdict
from collections.abc import Iterator

from services.catalog_matcher.domain.abbreviations import MEANINGS, rows
from services.catalog_matcher.domain.normalise import normalise

Words = tuple[str, ...]

LONGEST = 4
"""Words of the longest name that is looked up."""
MOST_VARIANTS = 5


def _groups() -> Iterator[list[Words]]:
    for names in rows("synonyms.tsv"):
        yield list(dict.fromkeys(words for name in names if (words := normalise(name).words)))


def _pairs() -> Iterator[tuple[Words, Words, float]]:
    """Yield what may be written, what it may stand for, and how alike both are."""
    for group in _groups():
        yield from ((one, other, SYNONYM) for one in group for other in group if one != other)
    for short, meanings in MEANINGS.items():
        one = normalise(short).words
        for rank, meaning in enumerate(meanings):
            other = normalise(meaning).words
            if len(one) == 1 and one != other:
                yield one, other, FIRST_MEANING - LATER_MEANING * min(rank, 2)


def _tables() -> tuple[dict[str, dict[str, float]], dict[Words, list[Words]]]:
    single: dict[str, dict[str, float]] = defaultdict(dict)
    phrases: dict[Words, list[Words]] = defaultdict(list)
    for one, other, share in _pairs():
        if len(one) == len(other) == 1:
            single[one[0]][other[0]] = max(share, single[one[0]].get(other[0], 0))
        elif other not in phrases[one]:
            phrases[one].append(other)
    return dict(single), dict(phrases)


SYNONYM = 0.78
FIRST_MEANING, LATER_MEANING = 0.97, 0.04
"""How alike two words are that stand for the same, where 1 is the same word."""

SINGLE, PHRASES = _tables()


def variants(words: Words) -> Iterator[Words]:
    """Yield `words` with one name in them replaced by another of the same thing, longest names first; at most MOST_VARIANTS."""
    count = 0
    for length in range(min(LONGEST, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            for other in PHRASES.get(words[start : start + length], ()):
                yield words[:start] + other + words[start + length :]
                count += 1
                if count == MOST_VARIANTS:
                    return
