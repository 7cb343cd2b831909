"""Changes to what was ordered before: make that 5, no butter this week, swap whole milk for 2%."""

from collections.abc import Callable, Sequence

from schemas.analysis import Operation
from services.ai_agent.analyzer.parts import Part
from services.ai_agent.analyzer.phrases import Phrase, parts_products, phrase_behind
from services.ai_agent.analyzer.readings import CERTAIN, LIKELY, UNSURE, Item, Reading, is_pointer, read_item
from services.ai_agent.analyzer.tokens import Kind, Token, word_at
from services.ai_agent.analyzer.vocabulary import ASSENT, NOT_NAMED, QUESTIONS, STOPS, words

_REMOVERS = words("remove scrap drop delete skip scratch omit cancel nix lose forget hold minus")
_ABANDONERS = frozenset({"cancel", "forget", "scrap", "scratch", "drop", "nix", "delete"})
_REFUSALS = frozenset({"don't", "dont", "not", "never"})
_REFUSED = words("need want send bring add include deliver give")
_CHANGERS = words("change update adjust bump increase decrease reduce raise lower cut up set correct edit modify")
_SWAPPERS = words("swap replace switch exchange substitute sub trade")
_SECOND_THOUGHTS = frozenset({"actually", "correction", "meant", "rather", "oops", "wait"})
_IN_PLACE_OF = {("instead", "of"), ("rather", "than")}
_POINTED = frozenset({"last", "one", "item", "line", "first", "second", "third"})
_ADDITIONS = words("add also another more extra additional plus")
_WHOLE_ORDER = words("order orders everything delivery purchase")
_DETERMINERS = words("the my our this that whole entire all of week's today's tomorrow's today tomorrow next")
_NOT_REFUSED = words(
    """
    thanks thank thx problem problems worries need one idea way longer other else hurry rush change changes question questions sir
    please sorry nothing order stress doubt later extra enough right queries matter biggie prob further dont don't not never thing stop wait actually
    """
)
_LEAD_IN = STOPS | ASSENT | _SECOND_THOUGHTS | {"no", "nope"}
_PLAIN_VERBS = _ADDITIONS | _CHANGERS | _SWAPPERS | _REMOVERS

_NOTHING = Item(None, None)
_Reader = Callable[[Sequence[Token], Part, int], list[Reading]]


def read_edits(tokens: Sequence[Token], part: Part) -> list[Reading]:
    """Read the changes that a part asks for; an empty list where it asks for none."""
    for read in (_instead, _opposed, _corrected):
        found = read(tokens, part)
        if found:
            return found
    trigger = _trigger(tokens, part)
    if trigger is None:
        return []
    read, place = trigger
    return read(tokens, part, place)


def continue_removal(tokens: Sequence[Token], part: Part) -> list[Reading]:
    """Read a further product of a list that began with "remove"."""
    return [] if part.quantities else _removed(tokens, part, part.start)


def _trigger(tokens: Sequence[Token], part: Part) -> tuple[_Reader, int] | None:
    """The reader for the first verb of change, and the place behind the verb. Only words of conversation may stand before it."""
    for place in range(part.start, part.stop):
        word, following = tokens[place].word, word_at(tokens, place + 1)
        if word in _REFUSALS and following in _REMOVERS:
            return None
        if (word == "need" and word_at(tokens, place - 1) != "no") or (word == "up" and not part.quantities):
            continue
        if following in QUESTIONS:
            return None
        found = _reader_of(word, following)
        if word in _REMOVERS and any(word_at(tokens, quantity.start - 1) == "to" for quantity in part.quantities):
            found = (_changed, 1)
        if found is not None:
            return found[0], place + found[1]
        if word not in _LEAD_IN and tokens[place].kind is not Kind.SYMBOL:
            break
    return None


def _reader_of(word: str, following: str) -> tuple[_Reader, int] | None:
    if (word in _REMOVERS and following not in {"off", "by"}) or (word in _REFUSALS and following in _REFUSED):
        return _removed, 1 if word in _REMOVERS else 2
    if word in {"take", "leave"}:
        return _taken_off, 1
    if word == "no" and following not in _NOT_REFUSED and following not in STOPS:
        return _refused, 1
    if word == "need" and following == "for":
        return _refused, 2
    if word == "get" and following == "rid":
        return _removed, 3
    if word == "make":
        return _made, 1
    if word in _CHANGERS:
        return _changed, 1
    if word in _SWAPPERS:
        return _swapped, 1 + (following == "out")
    return None


def _removed(tokens: Sequence[Token], part: Part, place: int) -> list[Reading]:
    if _speaks_of_all(tokens, part, place):
        return []
    readings: list[Reading] = []
    for start, stop in _alternatives(tokens, place, part.stop):
        item = read_item(tokens, start, stop)
        if set(_words(tokens, item)) & NOT_NAMED or (item == _NOTHING and _has_number(tokens, start, stop)):
            continue
        if item.product is not None or item.quantity is not None or not readings:
            confidence = LIKELY if item.product or not _POINTED.isdisjoint(token.word for token in tokens[start:stop]) else UNSURE
            readings.append(Reading(Operation.REMOVE, part.start, _end(item, stop), item.quantity, item.product, None, confidence))
    return readings


def _refused(tokens: Sequence[Token], part: Part, place: int) -> list[Reading]:
    """No more butter; no butter this week; but not: no onions on the burgers (a remark), nor: no 3 cases of milk (an order)."""
    item = read_item(tokens, place, part.stop)
    spoken = {tokens[at].word for at in range(item.product.start, item.product.end)} if item.product else set[str]()
    if item.product is None or spoken & {"on", "in"} or any(quantity.start == place for quantity in part.quantities):
        return []
    return [reading._replace(confidence=UNSURE if len(spoken) > 3 else LIKELY) for reading in _removed(tokens, part, place)]  # noqa: PLR2004


def _taken_off(tokens: Sequence[Token], part: Part, place: int) -> list[Reading]:
    off = next((at for at in range(place, part.stop) if tokens[at].word in {"off", "out", "away"}), None)
    if off is None:
        return []
    if off == place:
        return _removed(tokens, part, off + 1)
    return _removed(tokens, part._replace(stop=off), place)


def _made(tokens: Sequence[Token], part: Part, place: int) -> list[Reading]:
    """Make it 5, make the milk 6; but "make 2 pizzas" is an order."""
    quantity = next((quantity for quantity in part.quantities if quantity.start > place), None)
    if quantity is None or any(other.start == place for other in part.quantities):
        return []
    product = _named(tokens, place, quantity.start) or _named(tokens, quantity.end, part.stop)
    return [Reading(Operation.SET, part.start, _end(Item(quantity, product), quantity.end), quantity, product)]


def _changed(tokens: Sequence[Token], part: Part, place: int) -> list[Reading]:
    """Change the milk to 4, change 3 to 5, change the milk to oat milk."""
    ranged = next((quantity for quantity in part.quantities if quantity.upper is not None), None)
    if ranged is not None:
        product = _named(tokens, place, ranged.start) or _named(tokens, ranged.end, part.stop)
        return [Reading(Operation.SET, part.start, ranged.end, ranged._replace(value=ranged.upper or ranged.value, upper=None), product)]
    link = _link(tokens, place, part.stop, {"to", "into", "for"})
    if link is None or (tokens[place - 1].word == "cut" and not part.quantities):
        return []
    old = read_item(tokens, place, link - (tokens[link - 1].word in {"up", "down", "back"}))
    return _set_or_swap(tokens, part, old, read_item(tokens, link + 1, part.stop))


def _swapped(tokens: Sequence[Token], part: Part, place: int) -> list[Reading]:
    link = _link(tokens, place, part.stop, {"for", "with", "to", "by"})
    if link is None:
        return []
    old, new = read_item(tokens, place, link), read_item(tokens, link + 1, part.stop)
    if tokens[place - 1].word in {"substitute", "sub"} and tokens[link].word == "for":
        old, new = new, old
    return _set_or_swap(tokens, part, old, new)


def _instead(tokens: Sequence[Token], part: Part) -> list[Reading]:
    """2% milk instead of whole milk; instead of whole milk send 2%; 5 instead of 3."""
    at = next((at for at in range(part.start, part.stop) if (tokens[at].word, word_at(tokens, at + 1)) in _IN_PLACE_OF), None)
    if at is None:
        return []
    old = read_item(tokens, at + 2, part.stop)
    if at > part.start:
        return _set_or_swap(tokens, part, old, read_item(tokens, part.start, at))
    known = old.product or old.quantity
    return _set_or_swap(tokens, part, old, read_item(tokens, known.end, part.stop)) if known else []


def _opposed(tokens: Sequence[Token], part: Part) -> list[Reading]:
    """3 cases of limes, not lemons: what was said before is replaced."""
    at = next((at for at in range(part.start + 1, part.stop) if tokens[at].word == "not"), None)
    if at is None or not part.quantities or part.quantities[-1].start > at:
        return []
    new, old = read_item(tokens, part.start, at), phrase_behind(tokens, at + 1, part.stop)
    if new.product is None or old is None:
        return []
    return [Reading(Operation.SWAP, part.start, old.end, new.quantity, new.product, old, LIKELY)]


def _corrected(tokens: Sequence[Token], part: Part) -> list[Reading]:
    """Actually 4 cases; 5 not 3; the milk should be 4; eggs to 2. What was said wrongly is left out."""
    spoken = {token.word for token in tokens[part.start : part.stop]} if part.quantities else set[str]()
    if not part.quantities:
        return _renamed(tokens, part)
    if spoken & _PLAIN_VERBS:
        return []
    quantity = part.quantities[0]
    opposed = next((other for other in part.quantities[1:] if word_at(tokens, other.start - 1) == "not"), None)
    link = word_at(tokens, quantity.start - 1)
    becomes = (link == "be" and "should" in spoken) or (link == "to" and phrase_behind(tokens, quantity.end, part.stop) is None)
    if not (opposed or becomes or spoken & _SECOND_THOUGHTS):
        return []
    stop = opposed.start - 1 if opposed else part.stop
    product = _named(tokens, quantity.end, stop) or _named(tokens, part.start, quantity.start - becomes * (1 + (link == "be")))
    if product is None and becomes and not spoken & _SECOND_THOUGHTS:
        return []
    product = product or (_named(tokens, opposed.end, part.stop) if opposed else None)
    return [Reading(Operation.SET, part.start, _end(Item(quantity, product), quantity.end), quantity, product, None, LIKELY)]


def _renamed(tokens: Sequence[Token], part: Part) -> list[Reading]:
    """The lemons should be limes."""
    at = next((at for at in range(part.start, part.stop) if tokens[at].word == "should" and word_at(tokens, at + 1) == "be"), None)
    old = phrase_behind(tokens, part.start, at) if at is not None else None
    new = phrase_behind(tokens, at + 2, part.stop) if at is not None else None
    if at is None or old is None or new is None or is_pointer(tokens, old):
        return []
    return [Reading(Operation.SWAP, part.start, new.end, None, new, old, LIKELY)]


def _set_or_swap(tokens: Sequence[Token], part: Part, old: Item, new: Item) -> list[Reading]:
    """A new product in place of the old one is a swap, a new quantity alone is a change of it."""
    end = max(_end(old, part.start + 1), _end(new, part.start + 1))
    if new.product is None or (new.quantity is not None and old.product is None):
        if new.quantity is None:
            return []
        return [Reading(Operation.SET, part.start, end, new.quantity, new.product or old.product)]
    if old.product is not None and _words(tokens, old) == _words(tokens, new):
        return [Reading(Operation.SET, part.start, end, new.quantity, new.product)]
    return [Reading(Operation.SWAP, part.start, end, new.quantity, new.product, old.product, CERTAIN if old.product else UNSURE)]


def _named(tokens: Sequence[Token], start: int, stop: int) -> Phrase | None:
    return read_item(tokens, start, stop).product


def _words(tokens: Sequence[Token], item: Item) -> list[str]:
    return [token.word for token in tokens[item.product.start : item.product.end]] if item.product else []


def _has_number(tokens: Sequence[Token], start: int, stop: int) -> bool:
    return any(token.kind is Kind.NUMBER for token in tokens[start:stop])


def _link(tokens: Sequence[Token], start: int, stop: int, links: set[str]) -> int | None:
    return next((at for at in range(start, stop) if tokens[at].word in links), None)


def _speaks_of_all(tokens: Sequence[Token], part: Part, place: int) -> bool:
    """Tell whether the whole order is meant: cancel my order, scrap that; but "remove it" means a line."""
    spoken = [token.word.split()[0] for token in tokens[place : part.stop] if token.word.split()[0] not in _DETERMINERS]
    if spoken and spoken[0] in _WHOLE_ORDER:
        return True
    return tokens[place - 1].word in _ABANDONERS | _REFUSED and not set(spoken) - STOPS - {"all"}


def _alternatives(tokens: Sequence[Token], start: int, stop: int) -> list[tuple[int, int]]:
    """The ranges between the words "or", "nor" and "and"."""
    borders = [at for at in range(start, stop) if tokens[at].word in {"or", "nor"} or parts_products(tokens, at)]
    return list(zip([start, *(at + 1 for at in borders)], [*borders, stop], strict=True))


def _end(item: Item, least: int) -> int:
    """The token behind all that was read."""
    return max(item.quantity.end if item.quantity else 0, item.product.end if item.product else 0) or least
