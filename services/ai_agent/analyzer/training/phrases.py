"""When two product phrases, two units and two numbers are taken for the same in a measurement."""

import re
import unicodedata
from collections import Counter

from services.ai_agent.analyzer.units import unit_name
from services.ai_agent.analyzer.vocabulary import words

_SIZES = words(
    """
    small medium large medium-size medium-sized big extra-large jumbo thin thick whole x-large mini baby regular heaped heaping level scant
    generous rounded packed us of
    """
)
_SAME = {"container": "tub", "pack": "package"}
"""Units that nobody tells apart when labelling."""
_TOLERANCE, _LEAST = 0.011, 0.006
_SHORT = 3


def stems(text: str) -> list[str]:
    """The words of a phrase in lower case and singular."""
    plain = re.sub(r"[^\w%&'/-]+", " ", unicodedata.normalize("NFKC", text).lower().replace("’", "'")).strip(" -'/")
    return [_singular(word) for word in re.split(r"[^\w%]+", plain) if word]


def _singular(word: str) -> str:
    if len(word) > _SHORT + 1 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > _SHORT + 1 and word.endswith("oes"):
        return word[:-2]
    return word[:-1] if len(word) > _SHORT and word.endswith("s") and not word.endswith("ss") else word


def is_same_product(one: str, other: str) -> bool:
    """Tell whether two phrases have the same words."""
    return stems(one) == stems(other)


def overlap(one: str, other: str) -> float:
    """How many words two phrases share: the harmonic mean of both shares."""
    left, right = Counter(stems(one)), Counter(stems(other))
    if not left or not right:
        return float(left == right)
    return 2 * (left & right).total() / (left.total() + right.total())


def same_number(one: float | None, other: float | None) -> bool:
    """Tell whether two numbers are the same but for rounding."""
    return one is not None and other is not None and abs(float(one) - float(other)) <= max(_TOLERANCE * abs(float(other)), _LEAST)


def same_unit(one: str | None, other: str | None) -> bool:
    """Tell whether two spellings mean one unit."""
    return _unit(one) == _unit(other)


def _unit(written: str | None) -> str | None:
    if written is None or not written.strip(" ."):
        return None
    spelled = written.strip(" .").lower().replace(".", "").replace("_", " ").split()
    kept = [word for word in spelled if word not in _SIZES] if unit_name(" ".join(spelled)) is None else spelled
    if kept[:1] in (["fl"], ["fluid"]):
        return "fl oz"
    name = " ".join(kept)
    for form in (name, name.removesuffix("es"), name.removesuffix("s")):
        if found := unit_name(form):
            return _SAME.get(found, found)
    return name.removesuffix("s") if len(name) > _SHORT else name or None
