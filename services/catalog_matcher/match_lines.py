"""The lines of messages get their products, prices and amounts: what the customer taught, what the catalog says, what they bought before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeGuard
from uuid import UUID
from zoneinfo import ZoneInfo

from libs.postgres import Connection
from schemas.analysis import Line
from schemas.match import Match, MatchedLine, MatchingMethod, Product
from services.catalog_matcher import aliases_store, catalogs, copies, purchases_store, terms_store, variants_store
from services.catalog_matcher.catalogs import Catalog
from services.catalog_matcher.domain import learned, references, variants
from services.catalog_matcher.domain.bundles import Bundle, expand
from services.catalog_matcher.domain.learned import Recalled
from services.catalog_matcher.domain.matching import UNMATCHED
from services.catalog_matcher.domain.phrases import phrase_key
from services.catalog_matcher.domain.quantities import count
from services.catalog_matcher.domain.references import Purchase
from services.catalog_matcher.domain.variants import Named
from services.catalog_matcher.terms_store import Offer

UNKNOWN_CUSTOMER = UUID(int=0)
LONGEST_PHRASE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one message wants, and of whom it is."""

    distributor_id: UUID
    customer_id: UUID | None
    lines: tuple[Line, ...]
    references: tuple[str, ...] = ()
    content: str = ""
    sent_at: datetime
    delivery_date: date | None = None
    confidence: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Found:
    """The lines of a message with their products, and the earlier orders that it means and that there are none of."""

    lines: tuple[MatchedLine, ...]
    unresolved_references: tuple[str, ...] = ()


Draft = MatchedLine | tuple[Line, Bundle]
"""A line with its product, or with the bundle that its items are to come from."""


async def match_lines(connection: Connection, messages: Sequence[Wanted]) -> list[Found]:
    """Match the lines of a batch of messages: a handful of statements, however many messages there are."""
    current = await catalogs.current(connection, {message.distributor_id for message in messages})
    if not any(message.lines or message.references for message in messages):
        return [Found(()) for _ in messages]
    days = await _days(connection, messages)
    recalled = await _recall(connection, messages)
    named = await _bundles(connection, messages)
    earlier = await _earlier(connection, messages, days)
    drafts = [
        [*_reference_lines(message, earlier[at]), *_own_lines(at, message, current[message.distributor_id], recalled, named)]
        for at, message in enumerate(messages)
    ]
    drafts = await _with_variants(connection, messages, drafts)
    offers = await _offers(connection, messages, drafts)
    return [
        Found(
            tuple(line for place, draft in enumerate(of_message) for line in _settle(draft, message, days[at], offers, (at, place))),
            tuple(phrase for phrase, purchases in earlier[at].items() if not purchases),
        )
        for at, (message, of_message) in enumerate(zip(messages, drafts, strict=True))
    ]


async def _days(connection: Connection, messages: Sequence[Wanted]) -> list[date]:
    """Return the day on which each message was written, where its tenant is."""
    zones = await copies.select_timezones(connection, {message.distributor_id for message in messages})
    return [message.sent_at.astimezone(_zone(zones.get(message.distributor_id))).date() for message in messages]


def _zone(name: str | None) -> ZoneInfo | Any:  # noqa: ANN401 - UTC is a timezone of another class
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError):
        return UTC


async def _recall(connection: Connection, messages: Sequence[Wanted]) -> dict[tuple[int, str], Recalled]:
    """Return what phrases were learned to mean, by the place of their message and the phrase."""
    asked = [(at, phrase) for at, message in enumerate(messages) for phrase in dict.fromkeys(_phrases(message))]
    wanted = [
        {
            "place": place,
            "distributor_id": messages[at].distributor_id,
            "customer_id": messages[at].customer_id or UNKNOWN_CUSTOMER,
            "phrase_key": phrase_key(phrase),
        }
        for place, (at, phrase) in enumerate(asked)
    ]
    known = await aliases_store.select_known(connection, wanted) if wanted else {}
    found = {asked[place]: learned.recall(of_phrase) for place, of_phrase in known.items()}
    return {place: each for place, each in found.items() if each}


def _phrases(message: Wanted) -> Iterator[str]:
    for line in message.lines:
        yield from (phrase for phrase in (line.product, line.replaces) if phrase)


async def _bundles(connection: Connection, messages: Sequence[Wanted]) -> dict[tuple[UUID, str], Bundle]:
    keys = {phrase_key(line.product) for message in messages for line in message.lines if line.product}
    return await terms_store.select_bundles(connection, {message.distributor_id for message in messages}, keys) if keys else {}


async def _earlier(connection: Connection, messages: Sequence[Wanted], days: Sequence[date]) -> list[dict[str, tuple[Purchase, ...]]]:
    """Return what the earlier orders were made of that each message refers to; of a customer whom nobody knows there are none."""
    whose = {(message.distributor_id, message.customer_id) for message in messages if message.references and message.customer_id}
    bought = await purchases_store.select_purchases(connection, whose) if whose else {}
    return [
        {phrase: references.resolve(phrase, bought.get(message.customer_id, ()), day) if message.customer_id else () for phrase in message.references}
        for message, day in zip(messages, days, strict=True)
    ]


def _reference_lines(message: Wanted, earlier: Mapping[str, tuple[Purchase, ...]]) -> Iterator[MatchedLine]:
    """Yield the lines of earlier orders, each product once, as if the writer had named them in place of the reference."""
    ordered: set[tuple[UUID, UUID | None, str]] = set()
    for phrase, purchases in earlier.items():
        start = max(message.content.casefold().find(phrase.casefold()), 0)
        for purchase in purchases:
            key = purchase.product_id, purchase.variant_id, purchase.unit
            if key not in ordered:
                ordered.add(key)
                yield _reference_line(message, purchase, start, start + len(phrase))


def _reference_line(message: Wanted, purchase: Purchase, start: int, end: int) -> MatchedLine:
    product = Product(
        product_id=purchase.product_id,
        variant_id=purchase.variant_id,
        sku="",
        name=purchase.product_name,
        unit=purchase.unit,
        unit_price=Decimal(0),
    )
    line = Line(
        quantity=purchase.quantity,
        unit=purchase.unit,
        product=purchase.product_name[:LONGEST_PHRASE],
        text_start=start,
        text_end=min(end, max(len(message.content), start)),
        confidence=message.confidence,
    )
    return MatchedLine(line=line, match=Match(method=MatchingMethod.LEARNED, product=product, score=Decimal(1), confidence=Decimal(1)))


def _own_lines(
    at: int,
    message: Wanted,
    catalog: Catalog,
    recalled: Mapping[tuple[int, str], Recalled],
    named: Mapping[tuple[UUID, str], Bundle],
) -> Iterator[Draft]:
    for line in message.lines:
        bundle = named.get((message.distributor_id, phrase_key(line.product))) if line.product else None
        if bundle and (at, line.product or "") not in recalled:
            yield line, bundle
            continue
        yield MatchedLine(
            line=line,
            match=_match(catalog, line.product, recalled.get((at, line.product))) if line.product else UNMATCHED,
            replaces=_match(catalog, line.replaces, recalled.get((at, line.replaces))) if line.replaces else None,
        )


def _match(catalog: Catalog, phrase: str, recalled: Recalled | None) -> Match:
    """Return the product that a phrase means. A line of no product means the one spoken of last, which only the order knows."""
    if recalled and not recalled.of_others:
        return recalled.match
    return learned.prefer(recalled, catalog.match(phrase))


async def _with_variants(connection: Connection, messages: Sequence[Wanted], drafts: Sequence[Sequence[Draft]]) -> list[list[Draft]]:
    """Return the drafts with the variants that their phrases name."""
    matched = [(message.distributor_id, draft.match.product) for message, of in zip(messages, drafts, strict=True) for draft in of if _is_open(draft)]
    pairs = [(distributor_id, product.product_id) for distributor_id, product in matched if product]
    named = await variants_store.select_named(connection, pairs) if pairs else {}
    return [[_with_variant(draft, named) if named and _is_open(draft) else draft for draft in of_message] for of_message in drafts]


def _is_open(draft: Draft) -> TypeGuard[MatchedLine]:
    """Tell whether a phrase was matched with a product without saying which variant."""
    return isinstance(draft, MatchedLine) and draft.match.product is not None and draft.match.method is not MatchingMethod.LEARNED


def _with_variant(draft: MatchedLine, named: Mapping[UUID, Sequence[Named]]) -> MatchedLine:
    product, phrase = draft.match.product, draft.line.product
    variant_id = variants.choose(phrase, named.get(product.product_id, ())) if product and phrase and product.variant_id is None else None
    if product is None or variant_id is None:
        return draft
    found = draft.match.model_copy(update={"product": product.model_copy(update={"variant_id": variant_id})})
    return draft.model_copy(update={"match": found})


async def _offers(connection: Connection, messages: Sequence[Wanted], drafts: Sequence[Sequence[Draft]]) -> dict[tuple[int, int, int], Offer]:
    """Return the offers for every product of the drafts, by the places of message, draft and item."""
    places = [
        (at, place, item, product)
        for at, of_message in enumerate(drafts)
        for place, draft in enumerate(of_message)
        for item, product in enumerate(_products(draft))
        if product
    ]
    wanted = [
        {
            "place": number,
            "distributor_id": messages[at].distributor_id,
            "customer_id": messages[at].customer_id,
            "product_id": product.product_id,
            "variant_id": product.variant_id,
        }
        for number, (at, _, _, product) in enumerate(places)
    ]
    found = await terms_store.select_offers(connection, wanted) if wanted else {}
    return {places[number][:3]: offer for number, offer in found.items()}


def _products(draft: Draft) -> list[Product | None]:
    return [draft.match.product] if isinstance(draft, MatchedLine) else [item.product for item in draft[1].items]


def _settle(
    draft: Draft, message: Wanted, today: date, offers: Mapping[tuple[int, int, int], Offer], place: tuple[int, int]
) -> Iterator[MatchedLine]:
    """Give a draft the prices and amounts that hold for its customer."""
    if isinstance(draft, MatchedLine):
        yield _counted(draft, offers.get((*place, 0)), message, today)
        return
    line, bundle = draft
    of_items = [offers.get((*place, number)) for number in range(len(bundle.items))]
    items = [replace(item, product=offer.product) if offer and offer.product else item for item, offer in zip(bundle.items, of_items, strict=True)]
    for expanded, offer in zip(expand(line, replace(bundle, items=tuple(items))), of_items, strict=True):
        yield _counted(expanded, offer, message, today)


def _counted(matched: MatchedLine, offer: Offer | None, message: Wanted, today: date) -> MatchedLine:
    """Return the line at the price that its customer pays, in the unit of sale; without its product where that is not offered any more."""
    product = matched.match.product
    if product is None:
        return matched
    if offer is None or offer.product is None:
        return matched.model_copy(update={"match": UNMATCHED})
    counted = count(matched.line, offer.terms, today, message.delivery_date)
    changes: dict[str, Any] = {
        "quantity": counted.quantity,
        "unit": counted.unit,
        "factor": counted.factor,
        "issues": counted.issues,
        "clarification": counted.clarification,
    }
    if matched.bundle_id is None and product != offer.product:
        changes["match"] = matched.match.model_copy(update={"product": offer.product})
    return matched.model_copy(update=changes)
