"""What a part of a message orders with quantities, which stand before or behind their products."""

from collections.abc import Sequence
from decimal import Decimal

from schemas.analysis import Operation
from services.ai_agent.analyzer import units
from services.ai_agent.analyzer.parts import Part
from services.ai_agent.analyzer.phrases import Phrase, phrase_before, phrase_behind
from services.ai_agent.analyzer.quantities import Quantity
from services.ai_agent.analyzer.readings import CERTAIN, LIKELY, UNSURE, Reading
from services.ai_agent.analyzer.tokens import Kind, Token, word_at
from services.ai_agent.analyzer.vocabulary import ADJECTIVES, ASSENT, FILLERS, ORDER_VERBS, POLITENESS, PREPARED, words

_MORE = frozenset({"more", "another", "extra", "additional", "add"})
_GENERIC = words("item items product products article articles order orders thing things question questions")
_SIZES = units.MEASURES | {"pack"}
_AROUND_ALONE = (
    POLITENESS
    | ASSENT
    | FILLERS
    | ORDER_VERBS
    | words(
        "i we just only about them those that it no maybe me us for now then total this time week today tomorrow take can could get have i'll we'll"
    )
)


def read_orders(tokens: Sequence[Token], part: Part) -> list[Reading]:
    """Read the lines of a part that names quantities; an empty list where it names none."""
    quantities = part.quantities
    if not quantities or tokens[part.start].word == "not":
        return []
    borders = [part.start, *(edge for quantity in quantities for edge in (quantity.start, quantity.end)), part.stop]
    gaps = list(zip(borders[::2], borders[1::2], strict=True))
    products_behind = [_unless_size(tokens, phrase_behind(tokens, *gap)) for gap in gaps[1:]]
    lead = phrase_before(tokens, *gaps[0])
    if lead is not None and products_behind[-1] is None:
        products_before = [lead, *(phrase_before(tokens, *gap) for gap in gaps[1:-1])]
        return [_ordered(tokens, quantity, product, LIKELY) for quantity, product in zip(quantities, products_before, strict=True) if product]
    if lead is not None and len(quantities) == 1 and _is_named_before(tokens, lead, quantities[0], products_behind[0]):
        return [_ordered(tokens, quantities[0], lead, UNSURE)]
    if products_behind == [None]:
        return _alone(tokens, part, quantities[0])
    return _forward(tokens, quantities, products_behind, LIKELY if lead else CERTAIN)


def _is_named_before(tokens: Sequence[Token], lead: Phrase, quantity: Quantity, behind: Phrase | None) -> bool:
    """Tell whether the product stands between a verb of ordering and a bare number, and one odd word behind it: i need veg pizza 3 pcss."""
    asked = word_at(tokens, lead.start - 1) in ORDER_VERBS
    return asked and quantity.unit is None and lead.end - lead.start > 1 and behind is not None and behind.end - behind.start == 1


def _forward(tokens: Sequence[Token], quantities: Sequence[Quantity], products: Sequence[Phrase | None], first: Decimal) -> list[Reading]:
    """Read quantities before their products. One that has no product of its own may be the size of one: 3 cs 12 oz cups, milk 1 gal."""
    readings: list[Reading] = []
    count: Quantity | None = None
    for quantity, product in zip(quantities, products, strict=True):
        if product is None and quantity is not quantities[-1]:
            count = count or quantity
        elif product is None:
            readings[-1:] = [_with_second(tokens, reading, quantity) for reading in readings[-1:]]
        elif tokens[product.end - 1].word not in _GENERIC:
            is_size = count is not None and count.end == quantity.start and quantity.unit in units.MEASURES
            whole = Phrase(quantity.start, product.end) if is_size else product
            readings.append(_ordered(tokens, count if count and is_size else quantity, whole, CERTAIN if readings else first))
            count = None
    return readings


def _with_second(tokens: Sequence[Token], reading: Reading, second: Quantity) -> Reading:
    """A line with a second quantity behind its product: one of the two is the size. 2 cs milk 1 gal, but 16 oz cups 2 sleeves."""
    one, product = reading.quantity, reading.product
    if one is None or product is None or one.start > product.start or tokens[second.start - 1].word == "(":
        return reading
    is_size = second.unit in units.MEASURES or second.size is not None
    if is_size and product.end == second.start:
        return reading._replace(product=Phrase(product.start, second.end), end=second.end)
    if not is_size and (one.unit in _SIZES or one.size is not None):
        return _ordered(tokens, second, Phrase(one.start, product.end), LIKELY)
    return reading


def _unless_size(tokens: Sequence[Token], product: Phrase | None) -> Phrase | None:
    """A lone adjective behind a quantity is no product: coke 2 medium."""
    return None if product and all(token.word in ADJECTIVES for token in tokens[product.start : product.end]) else product


def _alone(tokens: Sequence[Token], part: Part, quantity: Quantity) -> list[Reading]:
    """Read a quantity without a product: the line spoken of last gets it, or the unit is the product (2 rolls)."""
    others = [*tokens[part.start : quantity.start], *tokens[quantity.end : part.stop]]
    if any(token.kind not in {Kind.SYMBOL, Kind.NOISE} and token.word not in _AROUND_ALONE for token in others):
        return []
    if quantity.unit in units.EDIBLE:
        described = tokens[quantity.end - 2].word in ADJECTIVES | {"whole"}
        return [_ordered(tokens, quantity._replace(unit=None), Phrase(quantity.end - 1 - described, quantity.end), UNSURE)]
    is_more = any(token.word in _MORE for token in tokens[part.start : part.stop])
    return [Reading(Operation.ADD if is_more else Operation.SET, quantity.start, quantity.end, quantity, None, None, UNSURE)]


def _ordered(tokens: Sequence[Token], quantity: Quantity, product: Phrase, confidence: Decimal) -> Reading:
    """A line to add. A unit behind the product is taken from it: 6 garlic cloves."""
    unit = units.unit_name(tokens[product.end - 1].word) if quantity.unit is None and product.end - product.start > 1 else None
    start, end = min(quantity.start, product.start), max(quantity.end, product.end)
    product = _without_preparation(tokens, quantity.unit, product)
    if unit in units.TRAILING:
        quantity, product = quantity._replace(unit=unit), Phrase(product.start, product.end - 1)
    return Reading(Operation.ADD, start, end, quantity, product, None, confidence)


def _without_preparation(tokens: Sequence[Token], unit: str | None, product: Phrase) -> Phrase:
    """Leave out how a cook wants it: 1 cup finely chopped parsley, 2 oz freshly grated parmesan; but 2 cases diced tomatoes are that."""
    place = product.start
    while unit in units.MEASURES | units.COOKS and place < product.end - 1:
        word, following = tokens[place].word, word_at(tokens, place + 1)
        if word.endswith("ly") and (following.endswith("ed") or following in PREPARED | {"ground"}):
            place += 2
        elif unit in units.COOKS and word in PREPARED:
            place += 1
        else:
            break
        joined = place + 1 if word_at(tokens, place) in {"and", ",", "or"} else place
        place = joined if word_at(tokens, joined) in PREPARED or word_at(tokens, joined).endswith("ly") else place
    return Phrase(place, product.end) if place < product.end else product
