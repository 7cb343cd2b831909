"""Quantities: a number with its unit, and the size of a pack between them; what is no quantity is passed over."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from services.ai_agent.analyzer import units
from services.ai_agent.analyzer.numbers import PARTS, Number, may_be_number, read_number
from services.ai_agent.analyzer.tokens import Kind, Token, kind_at, touches, word_at
from services.ai_agent.analyzer.units import Unit, read_unit
from services.ai_agent.analyzer.vocabulary import STOPS, words


class Quantity(NamedTuple):
    """A quantity that was read from `tokens[start:end]`.

    `size` is the token range of a pack size that belongs to the product (2 **5lb** bags). `certain` is False where the reading is a guess.
    """

    start: int
    end: int
    value: Decimal
    upper: Decimal | None = None
    unit: str | None = None
    size: tuple[int, int] | None = None
    certain: bool = True


_DOZEN = 12
_LARGEST = 1_000_000
_NAME_ENDINGS = frozenset({"up", "%", "percent", "pct", "ct", "count", "ply", "way", "am", "pm", "left"})
_SPANS = words("minute minutes hour hours day days week weeks month months year years people persons guests")
_CLOCK_WORDS = frozenset({"at", "by", "before", "until", "till", "after", "around", "about"})
_LABELS = frozenset(
    {"table", "room", "apt", "suite", "number", "size", "grade", "type", "page", "option", "store", "unit", "door", "route", "dock", "item", "line"}
)
_POINTERS = words("second third fourth fifth last that this which any every each first other same next good nice the no another")
_BETWEEN = frozenset({"more", "extra", "additional", "full", "of"})
_SHORT = 2
_PARENTHESIS = 9


def find_quantities(tokens: Sequence[Token], start: int, stop: int) -> Iterator[Quantity]:
    """Yield the quantities of `tokens[start:stop]`, in order and apart from each other."""
    depth, place = 0, start
    while place < stop:
        word = tokens[place].word
        if word == "(" and depth == 0 and (noted := _noted(tokens, place, stop)):
            yield noted
            return
        depth += (word == "(") - (word == ")" and depth > 0)
        found = read_quantity(tokens, place) if depth == 0 and may_be_number(tokens[place]) else None
        if found is not None and found.end <= stop:
            yield found
            place = found.end
        else:
            place = _behind_name(tokens, place)


def read_quantity(tokens: Sequence[Token], index: int) -> Quantity | None:
    """Read the quantity that begins at `index`, or None where none does or the number is part of a name, a time or a label."""
    times = kind_at(tokens, index) is Kind.TIMES
    if not times and _is_size_of_many(tokens, index):
        return None
    number = read_number(tokens, index + times)
    if number is None or (not times and _is_no_quantity(tokens, index, number)):
        return None
    factor = _factor(tokens, number)
    if factor is not None:
        size = (number.end + 1, factor.end)
        container = read_unit(tokens, factor.end)
        if factor.name in units.MEASURES and container and container.name in units.CONTAINERS:
            return Quantity(index, container.end, number.value, number.upper, container.name, size)
        return (
            Quantity(index, _behind_second_measure(tokens, factor.end), number.value, number.upper, size=size)
            if factor.name in units.MEASURES
            else None
        )
    place = number.end + (kind_at(tokens, number.end) is Kind.TIMES)
    place += word_at(tokens, place) in _BETWEEN
    place += 2 * (word_at(tokens, place) in {"order", "orders"} and word_at(tokens, place + 1) == "of")
    place += word_at(tokens, place) == "-" and touches(tokens, place) and touches(tokens, place + 1)
    size, place = _pack_size(tokens, place)
    unit = read_unit(tokens, place)
    value, upper, unit = _of_dozens(tokens, number, unit)
    if value > _LARGEST or (upper or 0) > _LARGEST:
        return None
    if unit and [word_at(tokens, unit.end + step) for step in range(3)] == ["and", "a", "half"]:
        value, unit = value + PARTS["half"], unit._replace(end=unit.end + 3)
    end = _behind_second_measure(tokens, unit.end) if unit else place
    count = _count_end(tokens, end)
    if count > end:
        size, end = (end, count), count
    return Quantity(index, end, value, upper, unit.name if unit else None, size if unit or count == end else None, number.exact)


def _count_end(tokens: Sequence[Token], place: int) -> int:
    """Step over a count or a can's number behind which nothing follows, so that the product stands before: oranges 2 cs 88ct, olives 6 #10."""
    end = place
    if kind_at(tokens, place) is Kind.NAME and tokens[place].word.startswith("#"):
        end = place + 1
    elif kind_at(tokens, place) is Kind.NUMBER and word_at(tokens, place + 1) in {"ct", "count"}:
        end = place + 2
    return place if kind_at(tokens, end) in {Kind.WORD, Kind.NAME, Kind.NUMBER} else end


def _noted(tokens: Sequence[Token], place: int, stop: int) -> Quantity | None:
    """Read a count in parentheses at the end, as in: whole milk (3). A weight there is a size."""
    found = read_quantity(tokens, place + 1) if kind_at(tokens, place - 1) is Kind.WORD else None
    return found if found and found.end == stop - 1 and word_at(tokens, found.end) == ")" and found.unit not in units.MEASURES else None


def _is_size_of_many(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether a measure stands between its product and "x2", and so is its size: chicken breast 40 lb x2."""
    if kind_at(tokens, index - 1) is not Kind.WORD or tokens[index].kind is not Kind.NUMBER:
        return False
    unit = read_unit(tokens, index + 1)
    if unit is None or unit.name not in units.MEASURES:
        return False
    container = read_unit(tokens, unit.end)
    return kind_at(tokens, container.end if container else unit.end) is Kind.TIMES


def _is_no_quantity(tokens: Sequence[Token], index: int, number: Number) -> bool:
    before, behind = word_at(tokens, index - 1), word_at(tokens, number.end)
    word = tokens[index].word
    if word in {"a", "an", "another"}:
        return number.end == index + 1 and read_unit(tokens, number.end) is None and _pack_size(tokens, number.end)[0] is None
    if word == "one" and number.end == index + 1 and before in _POINTERS and kind_at(tokens, number.end) is not Kind.WORD:
        return True
    if (
        (word == "thousand" and behind == "island")
        or behind in _NAME_ENDINGS | _SPANS
        or before in _LABELS
        or (word == "zero" and kind_at(tokens, index - 1) is Kind.WORD and before not in STOPS)
    ):
        return True
    unit = read_unit(tokens, number.end)
    if before == "of" and kind_at(tokens, index - 2) is Kind.WORD and unit and unit.name in units.MEASURES:
        return True
    if word in PARTS and unit is None:
        return True
    if before in _CLOCK_WORDS and unit is None and (kind_at(tokens, number.end) is not Kind.WORD or behind in STOPS):
        return True
    return unit is None and _is_glued(tokens, number.end)


def _is_glued(tokens: Sequence[Token], end: int) -> bool:
    """Tell whether the number grows into a name: 7up, 3-bean. A longer word may just lack its space: 2burgers."""
    if kind_at(tokens, end) is Kind.WORD and touches(tokens, end):
        return len(tokens[end].word) <= _SHORT
    hyphen = word_at(tokens, end) == "-" and touches(tokens, end) and touches(tokens, end + 1) and kind_at(tokens, end + 1) is Kind.WORD
    return hyphen and read_unit(tokens, end + 1) is None


def _behind_name(tokens: Sequence[Token], place: int) -> int:
    """Step over a number that is no quantity together with its rest, so that the rest is not read again."""
    number = read_number(tokens, place) if kind_at(tokens, place) in {Kind.NUMBER, Kind.RATIO} else None
    if number is None:
        return place + 1
    factor = _factor(tokens, number)
    return factor.end if factor else number.end


def _factor(tokens: Sequence[Token], number: Number) -> Unit | None:
    """What the number is multiplied with: for 2x20kg a kilogram that ends behind it, for 5x6 a unit without a name, else None."""
    if kind_at(tokens, number.end) is not Kind.TIMES or kind_at(tokens, number.end + 1) is not Kind.NUMBER:
        return None
    factor = read_number(tokens, number.end + 1)
    if factor is None:
        return None
    return read_unit(tokens, factor.end) or Unit("", factor.end)


def _pack_size(tokens: Sequence[Token], place: int) -> tuple[tuple[int, int] | None, int]:
    """Read (12 ounce) or 5lb or #10 where a container follows: the size, which is None in parentheses, and the place behind it."""
    if word_at(tokens, place) == "(":
        closing = next((at for at in range(place, min(place + _PARENTHESIS, len(tokens))) if tokens[at].word == ")"), None)
        if closing is not None and read_unit(tokens, closing + 1):
            return None, closing + 1
        return None, place
    end = _size_end(tokens, place)
    unit = read_unit(tokens, end) if end > place else None
    return ((place, end), end) if unit and unit.name in units.CONTAINERS else (None, place)


def _size_end(tokens: Sequence[Token], place: int) -> int:
    if kind_at(tokens, place) is Kind.NAME and tokens[place].word.startswith("#"):
        return place + 1
    number = read_number(tokens, place) if kind_at(tokens, place) in {Kind.NUMBER, Kind.FRACTION, Kind.RATIO} else None
    if number is None:
        return place
    unit = read_unit(tokens, number.end + (word_at(tokens, number.end) == "-"))
    return unit.end if unit and unit.name in units.MEASURES else place


def unit_before(tokens: Sequence[Token], end: int) -> str | None:
    """The unit that ends right before a place."""
    return units.unit_name(word_at(tokens, end - 1)) or units.unit_name(word_at(tokens, end - 2))


def _of_dozens(tokens: Sequence[Token], number: Number, unit: Unit | None) -> tuple[Decimal, Decimal | None, Unit | None]:
    """A dozen of containers is twelve of them; a dozen of a product stays a dozen."""
    inner = read_unit(tokens, unit.end) if unit and unit.name == "dozen" else None
    if inner is None or inner.name not in units.CONTAINERS:
        return number.value, number.upper, unit
    return number.value * _DOZEN, number.upper * _DOZEN if number.upper is not None else None, inner


def _behind_second_measure(tokens: Sequence[Token], end: int) -> int:
    """Step over the same amount in another unit, and a little more of it: 250g/9oz, 475g/1lb 1oz, 1 cup plus 1 tablespoon, 2 lb or more."""
    word = word_at(tokens, end)
    if word == "or" and word_at(tokens, end + 1) in {"more", "so"}:
        return end + 2
    if word in {"plus", "+", "and"} and unit_before(tokens, end) in units.MEASURES:
        more = read_number(tokens, end + 1)
        added = read_unit(tokens, more.end) if more else None
        return added.end if added and added.name in units.MEASURES else end
    if word != "/":
        return end
    place = end + 1
    while (number := read_number(tokens, place)) and (unit := read_unit(tokens, number.end)):
        place = unit.end
    return place if place > end + 1 else end
