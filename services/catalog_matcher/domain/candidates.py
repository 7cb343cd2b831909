"""The few namings of a segment that a phrase could mean."""

from dataclasses import dataclass

import numpy as np

from services.catalog_matcher.domain.normalise import kind_of
from services.catalog_matcher.domain.segment import NEGATING, Floats, Ints, Segment

MOST = 36
LONGEST = 24
"""Words of a phrase that are looked at."""
OF_BEST = 0.35
BESIDE_ITSELF = 0.6
"""What words that are only like the one that was written count for where the catalog has that very word."""
MOST_POSTINGS = 40_000
LENGTH_WEIGHT = 0.12
"""How much a naming loses for all that it says beside the phrase."""
SHORTEST_SPLIT = 5
"""Letters that a word has at least that is taken for two words joined; unless the catalog has one like it: SPELT_RIGHT."""
SPELT_RIGHT = 0.88
STANDS_FOR = 0.9
"""From which likeness on a word is taken for a short form of another."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A word of the phrase, and the words of the segment that it may mean."""

    word: str
    ids: Ints
    shares: Floats
    weight: float
    kind: str | None

    @property
    def negating(self) -> bool:
        """Whether it says that something is not there."""
        return self.word in NEGATING


@dataclass(frozen=True, slots=True)
class Found:
    """Namings, and how well each does by words alone."""

    namings: Ints
    scores: Floats
    slots: list[Slot]


def find(segment: Segment, words: tuple[str, ...], gone: Ints | None = None) -> Found | None:
    """Return the namings that have most of `words`, weighed by how rare each is, but none of `gone`."""
    slots = _slots(segment, words)
    post, starts, rarity = segment.post, segment.post_starts, segment.rarity
    lists: list[Ints] = []
    weights: list[float] = []
    for slot in slots:
        others = BESIDE_ITSELF if len(slot.shares) and slot.shares[0] == 1 else 1
        for number, share in zip(slot.ids.tolist(), slot.shares.tolist(), strict=True):
            lists.append(post[starts[number] : starts[number + 1]])
            weights.append(min(slot.weight, float(rarity[number])) * share * share * (others if share < 1 else 1))
    if not lists:
        return None
    lists, weights = _lighter(lists, weights)
    scores = np.bincount(np.concatenate(lists), np.repeat(weights, [len(each) for each in lists]), len(segment.place))
    if gone is not None:
        scores[gone] = 0
    highest = scores.max()
    if highest <= 0:
        return None
    near = np.flatnonzero(scores >= OF_BEST * highest)
    total = sum(slot.weight for slot in slots)
    fine = scores[near] / (total + LENGTH_WEIGHT * segment.mass[near])
    if len(near) > MOST:
        best = np.argpartition(-fine, MOST)[:MOST]
        near, fine = near[best], fine[best]
    return Found(near.astype(np.int32), fine.astype(np.float32), slots)


def _lighter(lists: list[Ints], weights: list[float]) -> tuple[list[Ints], list[float]]:
    """Leave out what weighs least where there is too much to add up."""
    total = sum(map(len, lists))
    if total <= MOST_POSTINGS:
        return lists, weights
    order = sorted(range(len(lists)), key=weights.__getitem__, reverse=True)
    kept, total = [], 0
    for at in order:
        total += len(lists[at])
        if kept and total > MOST_POSTINGS:
            break
        kept.append(at)
    return [lists[at] for at in kept], [weights[at] for at in kept]


def _slots(segment: Segment, words: tuple[str, ...]) -> list[Slot]:
    vocabulary = segment.vocabulary
    pieces: list[str] = []
    for word in words[:LONGEST]:
        if word not in vocabulary.ids and len(word) >= SHORTEST_SPLIT and kind_of(word) is None:
            ids, shares = vocabulary.alike(word)
            parts = vocabulary.split(word) if not len(ids) or shares[0] < SPELT_RIGHT else None
            if parts:
                pieces.extend(parts)
                continue
        pieces.append(word)
    slots: list[Slot] = []
    joined: dict[int, list[int]] = {}
    for at in range(len(pieces) - 1):
        number = vocabulary.ids.get(pieces[at] + pieces[at + 1])
        if number is not None:
            joined.setdefault(at, []).append(number)
            joined.setdefault(at + 1, []).append(number)
    for at, word in enumerate(pieces):
        ids, shares = vocabulary.alike(word)
        if at in joined:
            ids, shares = np.append(ids, np.array(joined[at], np.int32)), np.append(shares, np.full(len(joined[at]), 0.96, np.float32))
        slots.append(Slot(word, ids, shares, _weight(segment, word, ids, shares), kind_of(word)))
    return slots


def _weight(segment: Segment, word: str, ids: Ints, shares: Floats) -> float:
    """How rare a word is: the word itself, or else the likeliest that it stands for."""
    number = segment.vocabulary.ids.get(word)
    if number is not None and not (len(ids) > 1 and shares[1] >= STANDS_FOR):
        return float(segment.rarity[number])
    return float(segment.rarity[ids[:3]].min()) if len(ids) else segment.unknown * 0.6
