"""The words of a catalog, and which of them somebody meant who wrote another."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA, LCSseq
from rapidfuzz.process import cdist

from services.catalog_matcher.domain.normalise import kind_of
from services.catalog_matcher.domain.synonyms import SINGLE

Ids = NDArray[np.int32]
Shares = NDArray[np.float32]
Alike = tuple[Ids, Shares]

WORST = 0.5
"""Words less alike than this are not the same."""
MOST = 9
SPELT_AS_ANOTHER = 0.75
SPARE = 5
"""Letters from which on a word has some to spare."""
ANOTHER_BEGINNING = 0.06
"""What a word that begins with another letter is less alike."""
SHORTEST_NUMBER = SHORTEST_BEGINNING = 3
"""Digits of a number, and letters of a beginning, that are enough to know a word by."""
RUN = 3
SHORTEST_JOINED = 8
PART, AS_PART = 0.65, 0.8
"""The share of a word's runs that stand in a longer one, where both may have been written as one with a mistake; and how alike they are at most."""
SHARED_RUNS, MOST_SHARING = 0.4, 20
REMEMBERED = 10_000
VOWELS = re.compile(r"(?<=.)[aeiou]+")
DOUBLED = re.compile(r"(.)\1")
NEGATIONS = ("un", "non", "dis", "de", "in", "mis")
BYTES_A_WORD, BYTES_REMEMBERED = 330, 480
NOTHING: Alike = (np.empty(0, np.int32), np.empty(0, np.float32))


class Vocabulary:
    """Distinct words by number."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self.ids = {word: number for number, word in enumerate(self.words)}
        self._alike: dict[str, Alike] = {}
        self.kinds = [kind_of(word) for word in self.words]
        self._by_number = _by_number(self.words, self.kinds)
        self._fuzzy = _Spellings(self.words, self.kinds)

    @property
    def size(self) -> int:
        """Bytes in memory, about: what is remembered counts too."""
        return len(self.words) * BYTES_A_WORD + len(self._alike) * BYTES_REMEMBERED

    def alike(self, word: str) -> Alike:
        """Return the words that `word` may mean, and how alike each is: 1 for itself."""
        found = self._alike.get(word)
        if found is None:
            if len(self._alike) >= REMEMBERED:
                self._alike.clear()
            found = self._alike[word] = self._search(word)
        return found

    def split(self, word: str) -> tuple[str, str] | None:
        """Return the two words that `word` was joined of, if the catalog has both."""
        ids = self.ids
        best: tuple[str, str] | None = None
        for at in range(2, len(word) - 1):
            head, tail = word[:at], word[at:]
            if head in ids and tail in ids and (best is None or min(len(head), len(tail)) > min(map(len, best))):
                best = head, tail
        return best

    def _search(self, word: str) -> Alike:
        found: dict[int, float] = {}
        kind = kind_of(word)
        if kind is not None:
            found = self._numbers(word, kind)
            if kind == "" and len(word) >= SHORTEST_NUMBER:
                found |= self._fuzzy.find(word)
        else:
            found = self._fuzzy.find(word)
            for other, share in SINGLE.get(word, {}).items():
                if (number := self.ids.get(other)) is not None:
                    found[number] = max(share, found.get(number, 0))
        if (itself := self.ids.get(word)) is not None:
            found[itself] = 1.0
        if not found:
            return NOTHING
        best = sorted(found.items(), key=lambda each: -each[1])[:MOST]
        return np.array([number for number, _ in best], np.int32), np.array([share for _, share in best], np.float32)

    def _numbers(self, word: str, kind: str) -> dict[int, float]:
        """A bare number may be any that has it, and the other way around."""
        numbers = re.findall(r"[\d.]+", word)
        found: dict[int, float] = {}
        for value in numbers:
            for number in self._by_number.get(value, ()):
                if kind == "" or self.kinds[number] == "":
                    found[number] = 0.8
        return found


def _by_number(words: Sequence[str], kinds: Sequence[str | None]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, (word, kind) in enumerate(zip(words, kinds, strict=True)):
        if kind is not None:
            for value in re.findall(r"[\d.]+", word):
                found.setdefault(value, []).append(number)
    return found


def _letters(word: str) -> int:
    mask = 0
    for each in word:
        code = ord(each)
        mask |= 1 << (code - 97 if 97 <= code <= 122 else 26 + code % 5)  # noqa: PLR2004 - a to z; five places for all others
    return mask


def skeleton(word: str) -> str:
    """Return `word` without doubled letters and without vowels but the first letter."""
    return DOUBLED.sub(r"\1", VOWELS.sub("", word))


class _Spellings:
    """Finds words that differ by mistakes of the keyboard, or that shorten one another."""

    def __init__(self, words: Sequence[str], kinds: Sequence[str | None]) -> None:
        self.words = list(words)
        self.masks = np.array([_letters(word) for word in words], np.uint32)
        self.lengths = np.array([len(word) for word in words], np.int16)
        self.skeletons = np.array([hash(skeleton(word)) for word in words], np.int64)
        self.lasts = np.array([ord(word[-1]) for word in words], np.int32)
        texts = [number for number, kind in enumerate(kinds) if kind is None or (kind == "" and len(words[number]) >= SHORTEST_NUMBER)]
        by_first: dict[str, list[int]] = {}
        for number in texts:
            by_first.setdefault(words[number][0], []).append(number)
        self.by_first = {}
        for first, numbers in by_first.items():
            ids = np.array(numbers, np.int32)
            self.by_first[first] = (ids, self.masks[ids], self.lengths[ids])
        self._build_runs(texts)

    def find(self, word: str) -> dict[int, float]:
        """Return the numbers of words that `word` may be a spelling of."""
        slips, shortened = self._same_beginning(word)
        found = self._shortened(word, shortened) if len(shortened) and word.isalpha() else {}
        for number, share in (self._mistyped(word, slips) if len(slips) else {}).items():
            found[number] = max(share, found.get(number, 0))
        if len(word) >= SPARE and max(found.values(), default=0) < SPELT_AS_ANOTHER:
            near, within = self._sharing_runs(word)
            for number, share in self._mistyped(word, near).items():
                if number not in found and share - ANOTHER_BEGINNING >= WORST:
                    found[number] = share - ANOTHER_BEGINNING
            found = within | found
        return {number: share for number, share in found.items() if not _negates(word, self.words[number])}

    def _same_beginning(self, word: str) -> tuple[Ids, Ids]:
        """Return the words of the same first letter that differ by a few letters, and those that have all letters of the other."""
        if word[0] not in self.by_first:
            return NOTHING[0], NOTHING[0]
        ids, masks, lengths = self.by_first[word[0]]
        length = len(word)
        mask = np.uint32(_letters(word))
        missing = np.bitwise_count(~masks & mask)
        more = np.bitwise_count(masks & ~mask)
        off = lengths - length
        most = 1 if length < SPARE else 2 if length < SPARE + 2 else 3
        slips = (missing + more <= most) & (np.abs(off) <= (1 if length < SPARE else 2))
        shortened = ((missing == 0) & (off > 0)) | ((more == 0) & (off < 0) & (lengths * 2 >= length) & (lengths > 1))
        return ids[slips], ids[shortened]

    def _mistyped(self, word: str, ids: Ids) -> dict[int, float]:
        if not len(ids):
            return {}
        texts = [self.words[number] for number in ids.tolist()]
        slips = cdist([word], texts, scorer=OSA.distance, dtype=np.float32)[0]
        longest = np.maximum(self.lengths[ids], len(word))
        shares = 1 - 1.25 * slips / longest
        if not word.isalpha():
            shortest = np.minimum(self.lengths[ids], len(word))
            shares = np.where(slips == 0, 1, np.where((slips == 1) & (shortest >= SPARE), 0.55, 0))
            within = np.array([each in word or word in each for each in texts]) & (shortest >= SPARE - 2)
            shares = np.maximum(shares, np.where(within, 0.5 + 0.4 * shortest / longest, 0))
        return _above(ids, shares)

    def _shortened(self, word: str, ids: Ids) -> dict[int, float]:
        texts = [self.words[number] for number in ids.tolist()]
        common = cdist([word], texts, scorer=LCSseq.similarity, dtype=np.float32)[0]
        lengths = self.lengths[ids]
        shortest = np.minimum(lengths, len(word))
        within = common == shortest
        if not within.any():
            return {}
        ids, lengths, shortest, texts = (
            ids[within],
            lengths[within],
            shortest[within],
            [text for text, is_in in zip(texts, within, strict=True) if is_in],
        )
        share = shortest / np.maximum(lengths, len(word))
        shares = 0.5 + 0.3 * share + 0.1 * (self.lasts[ids] == ord(word[-1]))
        begins = np.array([text.startswith(word) or word.startswith(text) for text in texts]) & (shortest >= SHORTEST_BEGINNING)
        shares = np.where(begins, np.maximum(shares, 0.62 + 0.33 * share), shares)
        shares = np.where(self.skeletons[ids] == hash(skeleton(word)), np.maximum(shares, 0.9), shares)
        return _above(ids, shares)

    def _build_runs(self, texts: Sequence[int]) -> None:
        padded = [f"^{self.words[number]}$".encode() for number in texts]
        blob = np.frombuffer(b"".join(padded), np.uint8).astype(np.int32)
        owner = np.repeat(np.array(texts, np.int32), [len(each) for each in padded])
        if len(blob) < RUN:
            self.runs, self.run_starts, self.run_words = np.empty(0, np.int32), np.zeros(1, np.int32), np.empty(0, np.int32)
            return
        codes = (blob[:-2] << 16) | (blob[1:-1] << 8) | blob[2:]
        inside = owner[:-2] == owner[2:]
        codes, words = codes[inside], owner[:-2][inside]
        order = np.argsort(codes, kind="stable")
        self.run_words = words[order]
        self.runs, starts = np.unique(codes[order], return_index=True)
        self.run_starts = np.append(starts, len(order)).astype(np.int32)
        self.run_counts = np.maximum(self.lengths, 1)

    def _sharing_runs(self, word: str) -> tuple[Ids, dict[int, float]]:
        """Return the words that share many runs of three letters with `word`, and those that seem to be a part of it."""
        raw = f"^{word}$".encode()
        codes = {(raw[at] << 16) | (raw[at + 1] << 8) | raw[at + 2] for at in range(len(raw) - 2)}
        if not len(self.runs):
            return NOTHING[0], {}
        wanted = np.fromiter(codes, np.int32, len(codes))
        at = np.searchsorted(self.runs, wanted)
        at[at == len(self.runs)] = 0
        at = at[self.runs[at] == wanted]
        if not len(at):
            return NOTHING[0], {}
        shared = np.bincount(np.concatenate([self.run_words[self.run_starts[each] : self.run_starts[each + 1]] for each in at.tolist()]))
        words = np.flatnonzero(shared > 1).astype(np.int32)
        runs = self.run_counts[words]
        likeness = 2 * shared[words] / (len(codes) + runs)
        near = words[likeness >= SHARED_RUNS]
        if len(near) > MOST_SHARING:
            near = near[np.argpartition(-likeness[likeness >= SHARED_RUNS], MOST_SHARING)[:MOST_SHARING]]
        if len(word) < SHORTEST_JOINED:
            return near, {}
        parts = (shared[words] >= PART * runs) & (runs >= SPARE - 1) & (runs <= len(word) - 2)
        return near, dict(zip(words[parts].tolist(), (AS_PART * shared[words] / runs)[parts].tolist(), strict=True))


def _above(ids: Ids, shares: NDArray[np.floating]) -> dict[int, float]:
    kept = shares >= WORST
    return dict(zip(ids[kept].tolist(), shares[kept].tolist(), strict=True))


def _negates(one: str, other: str) -> bool:
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer.endswith(shorter) and longer.removesuffix(shorter) in NEGATIONS
