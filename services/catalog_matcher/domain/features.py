"""What tells a right candidate from a wrong one, as numbers."""

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cdist

from services.catalog_matcher.domain.candidates import LONGEST, Found, Slot
from services.catalog_matcher.domain.normalise import Phrase
from services.catalog_matcher.domain.segment import Called, Floats, Ints, Segment

OF_WORDS = (
    "query_covered",
    "query_letters",
    "name_covered",
    "name_letters",
    "both",
    "first_of_name",
    "first_of_query",
    "contradicts",
    "lacks",
    "other_numbers",
    "negated",
    "unmatched",
    "exact",
    "beside",
    "words",
    "is_alias",
    "is_example",
    "score",
    "last_of_query",
    "squares",
    "weakest",
    "other_words",
)
OF_LETTERS = ("letters", "letters_in_order", "as_written")
NAMES = (*OF_WORDS, *OF_LETTERS)
PLAIN = {
    "query_covered": 4.0,
    "query_letters": 1.5,
    "name_covered": 2.5,
    "name_letters": 1.5,
    "contradicts": -1.0,
    "negated": -1.0,
    "score": 2.0,
    "exact": 0.5,
}
"""A first guess at what is right, by words alone."""
LOOKED_AT = 12
"""Candidates that are compared letter by letter: the best of that guess."""
CLEARLY = 0.5
SAME = 0.98
_plain = np.array([PLAIN.get(name, 0) for name in OF_WORDS], np.float32)
_board = np.zeros((LONGEST * 2, 1024), np.float32)


def features(segment: Segment, found: Found, phrase: Phrase) -> tuple[Ints, NDArray[np.float32]]:
    """Return the namings that are worth a closer look, and for each a row of numbers in the order of NAMES."""
    namings, rows = found.namings, _of_words(segment, found)
    if len(namings) > LOOKED_AT:
        best = np.argpartition(rows @ _plain, -LOOKED_AT)[-LOOKED_AT:]
        namings, rows = namings[best], rows[best]
    texts = ((phrase.text, segment.texts), (phrase.in_order, segment.in_order), (phrase.written, segment.written))
    letters = [cdist([text], all_texts.take(namings), scorer=fuzz.ratio, dtype=np.float32)[0] / 100 for text, all_texts in texts]
    return namings, np.concatenate([rows, np.stack(letters, axis=1)], axis=1)


def _of_words(segment: Segment, found: Found) -> NDArray[np.float32]:
    slots, namings = found.slots, found.namings
    starts = segment.starts[namings]
    sizes = segment.starts[namings + 1] - starts
    offsets = np.cumsum(sizes) - sizes
    flat = np.arange(int(sizes.sum()), dtype=np.int32) + np.repeat(starts - offsets, sizes)
    words, own = segment.words[flat], segment.own[flat].astype(np.float32)
    likeness = _likeness(slots, len(segment.rarity), words)
    best = np.maximum.reduceat(likeness, offsets, axis=1)
    of_word = likeness.max(axis=0)
    clear, same = best >= CLEARLY, best >= SAME
    rare, long = segment.rarity[words] * own, segment.lengths[words] * own
    kinds = segment.kinds[words]
    unmatched = (of_word < CLEARLY) * own
    counted = (of_word * rare, rare, of_word * long, long, (kinds >= 0) * unmatched, segment.negating[words] * unmatched, own, unmatched)
    sums = np.add.reduceat(np.stack(counted), offsets, axis=1)
    weights = np.array([(slot.weight, len(slot.word), slot.weight * slot.weight) for slot in slots], np.float32).T
    query = (weights @ best) / weights.sum(axis=1, keepdims=True)
    name = sums[0] / np.maximum(sums[1], 0.01)
    contradicts, lacks = _grades(segment, slots, clear, kinds, offsets)
    negated = sums[5] + sum(~clear[at] for at, slot in enumerate(slots) if slot.negating)
    in_name = np.maximum.reduceat(likeness * own, offsets, axis=1)
    beside = (best - in_name).sum(axis=0) / len(slots)
    called = segment.called[namings]
    count = len(slots)
    return np.stack(
        [
            query[0], query[1], name, sums[2] / np.maximum(sums[3], 0.01), query[0] * name, of_word[offsets], best[0], contradicts, lacks,
            np.minimum(sums[4], 4), np.minimum(negated, 3), 1 - clear.sum(axis=0) / count, same.sum(axis=0) / count, beside,
            np.log1p(sums[6]), called == Called.ALIAS, called > Called.ALIAS, found.scores, best[-1], query[2], best.min(axis=0), np.log1p(sums[7]),
        ],
        axis=1,
    ).astype(np.float32)  # fmt: skip


def _grades(segment: Segment, slots: list[Slot], clear: NDArray[np.bool_], kinds: NDArray[np.int8], offsets: Ints) -> tuple[Floats, Floats]:
    """Count the numbers of the phrase that a candidate contradicts (has another of that kind), and those that it lacks."""
    contradicts, lacks = np.zeros(len(offsets), np.float32), np.zeros(len(offsets), np.float32)
    for at, slot in enumerate(slots):
        if slot.kind is not None:
            another = np.logical_or.reduceat(kinds == segment.kind_numbers.get(slot.kind, -9), offsets)
            contradicts += another & ~clear[at]
            lacks += ~another & ~clear[at]
    return np.minimum(contradicts, 3), np.minimum(lacks, 3)


def _likeness(slots: list[Slot], width: int, words: Ints) -> NDArray[np.float32]:
    """Return how alike each word of the phrase (rows) and each word of the candidates (columns) are."""
    global _board  # noqa: PLW0603 - a scratch pad, clean between calls; a new one each time would cost more than all else here
    if _board.shape[1] < width:
        _board = np.zeros((LONGEST * 2, width * 5 // 4), np.float32)
    for at, slot in enumerate(slots):
        _board[at, slot.ids] = slot.shares
    taken = _board[: len(slots)][:, words]
    for at, slot in enumerate(slots):
        _board[at, slot.ids] = 0
    return taken
