"""Products by the words of all their names, as compact arrays."""

import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from schemas.match import Product
from services.catalog_matcher.domain.normalise import Phrase, normalise, sku_key
from services.catalog_matcher.domain.vocabulary import Vocabulary

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]
NEGATING = {"without", "no", "non", "free", "less", "sin", "sem"}
NO_KIND = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A product that is offered, and everything that customers call it."""

    distributor_id: UUID
    product: Product
    aliases: tuple[str, ...] = ()
    misspellings: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    """What customers wrote who meant it."""
    beside: tuple[str, ...] = ()
    """Brand, category and keywords: words that may come with a name, and are no name themselves."""
    in_stock: bool = True
    in_season: bool = True


class Called(IntEnum):
    """What a phrase is to a product. Where two products are called the same, the lower one is meant."""

    SKU = 0
    NAME = 1
    ALIAS = 2
    MISSPELLING = 3
    EXAMPLE = 4


class Segment:
    """The namings of some products, one for each name that a product has, and for each word the namings that have it."""

    def __init__(self, entries: Sequence[Entry], frequencies: "Segment | None" = None) -> None:
        """Take the products; how rare a word is follows from `frequencies` too, where the segment is a small part of a catalog."""
        ids: dict[str, int] = {}
        words: list[int] = []
        own: list[bool] = []
        starts, places, called = [0], list[int](), list[int]()
        texts, in_order, written = list[str](), list[str](), list[str]()
        keys: list[tuple[int, int]] = []
        for place, entry in enumerate(entries):
            if key := sku_key(entry.product.sku):
                keys.append((hash("sku:" + key), -1 - place))
            beside = [ids.setdefault(word, len(ids)) for text in entry.beside for word in normalise(text).words]
            for kind, text in _names(entry):
                phrase = normalise(text)
                if not phrase.words:
                    continue
                keys.extend((key, len(places)) for key in {hash(phrase.joined), hash(phrase.in_order)})
                numbers = [ids.setdefault(word, len(ids)) for word in phrase.words]
                more = [ids.setdefault(word, len(ids)) for word in models(phrase.words)]
                more += [number for number in dict.fromkeys(beside) if number not in numbers]
                words += numbers + more
                own += [True] * len(numbers) + [False] * len(more)
                starts.append(len(words))
                places.append(place)
                called.append(kind)
                texts.append(phrase.text)
                in_order.append(phrase.in_order)
                written.append(phrase.written)
        self._keep(entries)
        self.place, self.called = np.array(places, np.int32), np.array(called, np.int8)
        self.starts, self.words, self.own = np.array(starts, np.int32), np.array(words, np.int32), np.array(own, np.bool_)
        self.texts, self.in_order, self.written = _Texts(texts), _Texts(in_order), _Texts(written)
        self.vocabulary = Vocabulary(list(ids))
        keys.sort()
        self._keys, self._named = np.array([key for key, _ in keys], np.int64), np.array([naming for _, naming in keys], np.int32)
        self._describe_words()
        self._post()
        self._weigh(frequencies)

    def __len__(self) -> int:
        return len(self.product_ids) // 16

    @property
    def size(self) -> int:
        """Bytes in memory, about."""
        arrays = sum(each.nbytes for each in vars(self).values() if isinstance(each, np.ndarray))
        texts = sum(each.size for each in (self.products, self.texts, self.in_order, self.written))
        return arrays + texts + len(self.product_ids) + self.vocabulary.size

    def product_id(self, place: int) -> UUID:
        """Return the id of a product."""
        return UUID(bytes=self.product_ids[place * 16 : place * 16 + 16])

    def places_of(self, product_id: UUID) -> list[int]:
        """Return where a product stands: one place, or none."""
        tail = np.uint64(int.from_bytes(product_id.bytes[8:]))
        first, last = np.searchsorted(self._tails, tail, "left"), np.searchsorted(self._tails, tail, "right")
        return [place for place in self._by_tail[first:last].tolist() if self.product_id(place) == product_id]

    def namings_of(self, place: int) -> range:
        """Return the namings of a product: they stand together."""
        return range(int(np.searchsorted(self.place, place, "left")), int(np.searchsorted(self.place, place, "right")))

    def product(self, place: int) -> Product:
        """Return a product."""
        return Product.model_validate_json(self.products[place])

    def exactly(self, text: str, phrase: Phrase) -> dict[int, Called]:
        """Return the places of the products that are called just this, and what the phrase is to each."""
        keys = [hash("sku:" + sku_key(text)), *((hash(phrase.joined), hash(phrase.in_order)) if phrase.words else ())]
        first = np.searchsorted(self._keys, keys, "left").tolist()
        last = np.searchsorted(self._keys, keys, "right").tolist()
        return next((self._owners(start, end) for start, end in zip(first, last, strict=True) if end > start), {})

    def _owners(self, first: int, last: int) -> dict[int, Called]:
        found: dict[int, Called] = {}
        for naming in self._named[first:last].tolist():
            place, called = (-1 - naming, Called.SKU) if naming < 0 else (int(self.place[naming]), Called(int(self.called[naming])))
            found[place] = min(called, found.get(place, called))
        return found

    def _keep(self, entries: Sequence[Entry]) -> None:
        self.products = _Slices([entry.product.model_dump_json().encode() for entry in entries])
        self.product_ids = b"".join([entry.product.product_id.bytes for entry in entries])
        self.available = np.array([entry.in_stock and entry.in_season for entry in entries], np.bool_)
        tails = np.frombuffer(self.product_ids, ">u8")[1::2]
        self._by_tail = np.argsort(tails, kind="stable").astype(np.int32)
        self._tails = tails[self._by_tail].astype(np.uint64)

    def _describe_words(self) -> None:
        vocabulary = self.vocabulary
        numbered = {kind: number for number, kind in enumerate(dict.fromkeys(kind for kind in vocabulary.kinds if kind is not None))}
        self.kind_numbers = numbered
        self.kinds = np.array([NO_KIND if kind is None else numbered[kind] for kind in vocabulary.kinds], np.int8)
        self.negating = np.array([word in NEGATING for word in vocabulary.words], np.bool_)
        self.lengths = np.array([len(word) for word in vocabulary.words], np.float32)

    def _post(self) -> None:
        namings = np.repeat(np.arange(len(self.place), dtype=np.int32), np.diff(self.starts))
        order = np.argsort(self.words, kind="stable")
        words, namings = self.words[order], namings[order]
        fresh = np.ones(len(words), np.bool_)
        fresh[1:] = (words[1:] != words[:-1]) | (namings[1:] != namings[:-1])
        self.post = namings[fresh]
        counts = np.bincount(words[fresh], minlength=len(self.vocabulary.words))
        self.post_starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

    def _weigh(self, frequencies: "Segment | None") -> None:
        counts, total = np.diff(self.post_starts).astype(np.float64), len(self.place)
        if frequencies:
            total += len(frequencies.place)
            others = np.diff(frequencies.post_starts)
            known = [frequencies.vocabulary.ids.get(word, -1) for word in self.vocabulary.words]
            counts += [others[number] if number >= 0 else 0 for number in known]
        self.rarity = np.log(1 + (total - counts + 0.5) / (counts + 0.5)).astype(np.float32)
        self.unknown = float(np.log(1 + total / 0.5)) if total else 1.0
        weights = self.rarity[self.words] * self.own
        self.mass = np.add.reduceat(weights, self.starts[:-1]).astype(np.float32) if len(self.place) else np.empty(0, np.float32)


def models(words: Sequence[str]) -> list[str]:
    """Return what parts of a model's number make when they are written as one: PS-LX350H and PSLX350H."""
    joined: list[str] = []
    for one, other in itertools.pairwise(words):
        both = one + other
        digits = sum(any(each.isdigit() for each in word) for word in (one, other))
        parts = digits == len((one, other)) or (digits and min(len(one), len(other)) <= LETTERS_OF_MODEL)
        if parts and LETTERS_OF_MODEL <= len(both) <= LONGEST_MODEL and both.isalnum():
            joined.append(both)
    return joined


LETTERS_OF_MODEL, LONGEST_MODEL = 4, 16


class _Slices:
    """Many short values in one."""

    def __init__(self, rows: Sequence[bytes]) -> None:
        self._all = b"".join(rows)
        self._ends = np.cumsum([0, *map(len, rows)])
        self.size = len(self._all) + self._ends.nbytes

    def __getitem__(self, number: int) -> bytes:
        return self._all[self._ends[number] : self._ends[number + 1]]


class _Texts:
    """Many short texts in one."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._all = "".join(texts)
        self._ends = np.cumsum([0, *map(len, texts)])
        self.size = sys.getsizeof(self._all) + self._ends.nbytes

    def take(self, numbers: Ints) -> list[str]:
        """Return some of the texts."""
        every = self._all
        return [every[start:end] for start, end in zip(self._ends[numbers].tolist(), self._ends[numbers + 1].tolist(), strict=True)]


def _names(entry: Entry) -> Iterator[tuple[Called, str]]:
    yield Called.NAME, entry.product.name
    yield from ((Called.ALIAS, text) for text in entry.aliases)
    yield from ((Called.MISSPELLING, text) for text in entry.misspellings)
    yield from ((Called.EXAMPLE, text) for text in entry.examples)
