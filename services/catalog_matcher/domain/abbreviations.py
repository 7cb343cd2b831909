"""How the trade shortens its words."""

from collections.abc import Iterator
from importlib import resources


def rows(name: str) -> Iterator[list[str]]:
    """Yield the lines of a table of this package, cut at tabs; those that begin with # are remarks."""
    text = resources.files(__package__ or "").joinpath(name).read_text(encoding="utf-8")
    yield from (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))


MEANINGS = {short: tuple(long) for short, *long in rows("abbreviations.tsv")}
"""What a short form may stand for, the likeliest first."""

ABBREVIATIONS = {short: long[0] for short, long in MEANINGS.items() if len(long) == 1}
"""Those that stand for one thing. Spelt out on both sides, in catalogs and in messages, so only consistency counts."""
