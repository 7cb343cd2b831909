"""A tenant's catalog in memory, arranged so that a phrase finds the few products that it could mean."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from uuid import UUID

from schemas.match import Product
from services.catalog_matcher.domain.normalise import Grade, Phrase, normalise, sku_key

CANDIDATES = 25
"""Texts that are compared closely. More finds nothing more in catalogs of some hundred products."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A product that is offered, and everything that customers call it."""

    distributor_id: UUID
    product: Product
    aliases: tuple[str, ...] = ()
    misspellings: tuple[str, ...] = ()


class Called(IntEnum):
    """What a phrase is to a product. Where two products are called the same, the lower one is meant."""

    SKU = 0
    NAME = 1
    ALIAS = 2
    MISSPELLING = 3


class Fit(Enum):
    """Whether a product has the grades that a phrase names, names none of that kind itself, or has another."""

    HAS = auto()
    LACKS = auto()
    CONTRADICTS = auto()


@dataclass(frozen=True, slots=True)
class Naming:
    """One text that names one product."""

    place: int
    """The product's, within the index."""
    called: Called
    phrase: Phrase


class Index:
    """The products of one tenant, by every name they have."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.products = tuple(entry.product for entry in entries)
        self._by_sku: dict[str, list[Naming]] = defaultdict(list)
        self._by_key: dict[str, list[Naming]] = defaultdict(list)
        self._namings: list[Naming] = []
        self._by_trigram: dict[str, list[int]] = defaultdict(list)
        self._grades: list[frozenset[Grade]] = []
        for place, entry in enumerate(entries):
            self._add(place, entry)

    def exactly(self, text: str, phrase: Phrase) -> tuple[int, ...]:
        """Return the places of the products that are called just this; several where the catalog is ambiguous."""
        found = self._by_sku.get(sku_key(text), [])
        found = found or self._by_key.get(phrase.joined, []) or self._by_key.get(phrase.in_order, [])
        if not found:
            return ()
        strongest = min(naming.called for naming in found)
        return tuple(dict.fromkeys(naming.place for naming in found if naming.called == strongest))

    def nearest(self, phrase: Phrase) -> Iterator[Naming]:
        """Yield the namings that share the most runs of three letters with `phrase`, for their length; at most `CANDIDATES`."""
        wanted = _trigrams(phrase)
        shared: Counter[int] = Counter()
        for trigram in wanted:
            shared.update(self._by_trigram.get(trigram, ()))
        likeness = {number: count / (len(wanted) + len(self._namings[number].phrase.text)) for number, count in shared.items()}
        for number in sorted(likeness, key=likeness.__getitem__, reverse=True)[:CANDIDATES]:
            yield self._namings[number]

    def fit(self, place: int, phrase: Phrase) -> Fit:
        """Compare the grades that the phrase names (2 %, 16/20, 1 l) with the product's. Bare numbers count only where the product has some."""
        has = self._grades[place]
        missing = [grade for grade in phrase.grades if not _has(has, grade)]
        if any(grade.kind and any(other.kind == grade.kind for other in has) for grade in missing):
            return Fit.CONTRADICTS
        return Fit.LACKS if any(grade.kind or has for grade in missing) else Fit.HAS

    def _add(self, place: int, entry: Entry) -> None:
        if sku := sku_key(entry.product.sku):
            self._by_sku[sku].append(Naming(place, Called.SKU, normalise(sku)))
        grades: set[Grade] = set()
        for called, text in _names(entry):
            phrase = normalise(text)
            if not phrase.text:
                continue
            grades |= phrase.grades
            naming = Naming(place, called, phrase)
            for key in {phrase.joined, phrase.in_order}:
                self._by_key[key].append(naming)
            for trigram in _trigrams(phrase):
                self._by_trigram[trigram].append(len(self._namings))
            self._namings.append(naming)
        self._grades.append(frozenset(grades))


def _has(grades: frozenset[Grade], wanted: Grade) -> bool:
    return wanted in grades or (not wanted.kind and any(wanted.value in grade.numbers for grade in grades))


def _names(entry: Entry) -> Iterable[tuple[Called, str]]:
    yield Called.NAME, entry.product.name
    yield from ((Called.ALIAS, alias) for alias in entry.aliases)
    yield from ((Called.MISSPELLING, misspelling) for misspelling in entry.misspellings)


def _trigrams(phrase: Phrase) -> set[str]:
    """Runs of three letters of every word, with a space before and after it."""
    return {padded[at : at + 3] for word in phrase.text.split() for padded in (f" {word} ",) for at in range(len(padded) - 2)}
