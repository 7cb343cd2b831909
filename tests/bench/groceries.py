"""Catalogs of groceries as large as real ones, made by combination, and how customers write what is in them."""

import random
import re
from dataclasses import dataclass

from deploy.commands.eval_match import MatchSet
from services.catalog_matcher.domain.abbreviations import rows
from services.catalog_matcher.domain.normalise import FILLERS, normalise
from tests.bench.grocery_words import ENDINGS, FLAVOURS, FORMS, SIZES, SORTS, SYLLABLES


@dataclass(frozen=True, slots=True)
class Task:
    """A catalog by SKU, and phrases with the SKUs that are right for each."""

    names: dict[str, str]
    queries: list[tuple[str, frozenset[str]]]


def catalog(size: int, chance: random.Random, given: tuple[str, ...] = ()) -> dict[str, str]:
    """Return `size` different names; those of `given` (of a public catalog) are nouns beside our own."""
    nouns = [row[0] for row in rows("synonyms.tsv")] + [_turned(name) for name in given]
    brands = ["".join(chance.choices(SYLLABLES, k=chance.choice((2, 2, 3)))) + chance.choice(ENDINGS) for _ in range(size // 40 + 5)]
    names: set[str] = set()
    while len(names) < size:
        parts = [chance.choice(brands)] if chance.random() < 0.5 else []
        parts += chance.sample(SORTS, chance.choice((0, 1, 1, 2)))
        noun = chance.choice(nouns)
        if chance.random() < 0.35:
            parts.append(chance.choice(FLAVOURS))
        parts.append(noun if chance.random() < 0.7 or len(noun.split()) > 2 else f"{noun} {chance.choice(FORMS)}")
        if chance.random() < 0.2:
            parts.append(chance.choice(SIZES))
        name = " ".join(parts)
        names.add(name.title() if chance.random() < 0.9 else name.upper())
    return {f"G{number}": name for number, name in enumerate(sorted(names))}


def noisy(names: dict[str, str], count: int, chance: random.Random) -> Task:
    """Whole names with misspellings, dropped vowels, cut and joined words, words left out or turned."""
    chosen = chance.sample(sorted(names), min(count, len(names)))
    return Task(names, [(_noise(names[sku], chance), frozenset((sku,))) for sku in chosen])


def plain(names: dict[str, str], count: int, chance: random.Random) -> Task:
    """One to three words of a name as they stand; every product that has them all is right."""
    having: dict[str, set[str]] = {}
    for sku, name in names.items():
        for word in normalise(name).words:
            having.setdefault(word, set()).add(sku)
    queries: list[tuple[str, frozenset[str]]] = []
    while len(queries) < count:
        words = _words(names[chance.choice(sorted(names))]) if not queries else _words(names[chance.choice(tuple(names))])
        length = chance.choice((1, 2, 2, 3, 3, 4))
        start = chance.randrange(max(1, len(words) - length + 1))
        taken = words[start : start + length]
        meant = normalise(" ".join(taken)).words
        if taken[0] not in FILLERS and taken[-1] not in FILLERS and all(len(word) > 1 for word in taken) and all(word in having for word in meant):
            queries.append((" ".join(taken), frozenset(set.intersection(*(having[word] for word in meant)))))
    return Task(names, queries)


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['%][^\W_]*)?", name.lower())


def _turned(name: str) -> str:
    """A name of the form "Cheese, cottage, creamed" the other way around, of few words."""
    first, *more = [part.strip() for part in name.split(",")]
    return " ".join([*reversed(more[:2]), first])[:60]


def _noise(name: str, chance: random.Random) -> str:
    words = name.lower().split()
    kind = chance.random()
    if kind < 0.2 and len(words) > 2:
        del words[chance.randrange(len(words))]
    if kind > 0.75:
        chance.shuffle(words)
    share = chance.choice((0.25, 0.4, 0.7))
    words = [_damaged(word, chance) if len(word) > 3 and chance.random() < share else word for word in words]
    if chance.random() < 0.12 and len(words) > 1:
        at = chance.randrange(len(words) - 1)
        words[at : at + 2] = [words[at] + words[at + 1]]
    text = " ".join(words)
    return text.upper() if chance.random() < 0.15 else text


def _damaged(word: str, chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.2:
        return word[0] + re.sub("[aeiou]", "", word[1:])
    if kind < 0.35:
        return word[: chance.randint(3, max(3, len(word) - 1))]
    for _ in range(1 if kind < 0.85 else 2):
        at = chance.randrange(1 if chance.random() < 0.9 else 0, len(word))
        letter = chance.choice("abcdefghijklmnopqrstuvwxyz")
        word = chance.choice((word[:at] + word[at + 1 :], word[:at] + letter + word[at:], word[:at] + letter + word[at + 1 :], _swapped(word, at)))
        if len(word) < 3:
            break
    return word


def _swapped(word: str, at: int) -> str:
    return word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :]


def as_set(name: str, task: Task) -> MatchSet:
    """Return a task as `comanda eval match` takes it."""
    products = [{"sku": sku, "name": text} for sku, text in task.names.items()]
    return MatchSet(
        name,
        products,
        [(str(number), query) for number, (query, _) in enumerate(task.queries)],
        {str(number): set(right) for number, (_, right) in enumerate(task.queries)},
    )
