"""Which variant of a product a phrase names: the large coke, the milk of half a gallon."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.catalog_matcher.domain.phrases import phrase_key


@dataclass(frozen=True, slots=True)
class Named:
    """A variant, and all that it is called."""

    variant_id: UUID
    names: tuple[str, ...]


def choose(phrase: str, variants: Sequence[Named]) -> UUID | None:
    """Return the variant whose name is in the phrase, the longest where several are; None where none is, or two as long."""
    said = _words(phrase)
    lengths = {each.variant_id: max((len(key) for key in _keys(each.names) if key <= said), default=0) for each in variants}
    longest = max(lengths.values(), default=0)
    best = [variant_id for variant_id, length in lengths.items() if length == longest]
    return best[0] if longest and len(best) == 1 else None


def _keys(names: Iterable[str]) -> list[frozenset[str]]:
    """The words of each name; a number and its unit are one word however they are written."""
    return [frozenset(_joined(phrase_key(name).split())) for name in names if phrase_key(name)]


def _words(phrase: str) -> frozenset[str]:
    said = phrase_key(phrase).split()
    return frozenset(said) | frozenset(_joined(said))


def _joined(said: list[str]) -> list[str]:
    """Put a number and the word behind it together: 330 ml is 330ml."""
    joined: list[str] = []
    for word in said:
        if joined and joined[-1].replace(".", "").isdigit() and word.isalpha():
            joined[-1] += word
        else:
            joined.append(word)
    return joined
