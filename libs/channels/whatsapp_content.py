"""What the types of WhatsApp messages say: as text, as parts, as files."""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue, ValidationError

from libs.channels.inbound import NO_PARTS, clean
from schemas.attachment import Attachment
from schemas.message import CartItem, MessageParts, MessageType

MEDIA_TYPES = {
    "image": MessageType.IMAGE,
    "sticker": MessageType.IMAGE,
    "video": MessageType.FILE,
    "document": MessageType.FILE,
    "audio": MessageType.AUDIO,
}
TYPES = MEDIA_TYPES | {
    "interactive": MessageType.INTERACTIVE,
    "button": MessageType.INTERACTIVE,
    "order": MessageType.INTERACTIVE,
    "location": MessageType.LOCATION,
}
"""All others count as text; what a type that is not known here says is left empty."""

SAYS_NOTHING = {"system", "unsupported"}
MOST_CART_ITEMS = 500
MOST_CONTACTS = 20


def content(kind: str, part: JsonValue) -> str:
    """Return what a message of this type says in words."""
    match kind, part:
        case ("text", {"body": str(text)}) | (_, {"caption": str(text)}):
            pass
        case "interactive", {"button_reply": {"title": str(text)}} | {"list_reply": {"title": str(text)}}:
            pass
        case ("button", {"text": str(text)} | {"payload": str(text)}) | ("order", {"text": str(text)}) | ("reaction", {"emoji": str(text)}):
            pass
        case "location", {**place}:
            text = _location(place)
        case "contacts", [*cards]:
            text = "\n".join(card for each in cards[:MOST_CONTACTS] if (card := _contact(each)))
        case _:
            return ""
    return clean(text)


def parts(kind: str, part: JsonValue) -> MessageParts:
    """Return what a message holds beside its words: the choice that was made, the cart that was filled."""
    match kind, part:
        case ("interactive", {"button_reply": {"id": str(choice)}} | {"list_reply": {"id": str(choice)}}) | ("button", {"payload": str(choice)}):
            return MessageParts(choice_id=clean(choice, 256) or None)
        case "order", {"product_items": [*items]}:
            return MessageParts(cart=tuple(found for item in items[:MOST_CART_ITEMS] if (found := _cart_item(item))))
        case _:
            return NO_PARTS


def unread_cart_items(part: JsonValue, read: MessageParts) -> int:
    """Return how many items of an `order` are not in the cart that was read from it."""
    match part:
        case {"product_items": [*items]}:
            return len(items) - len(read.cart)
        case _:
            return 0


def attachments(kind: str, part: JsonValue) -> tuple[Attachment, ...]:
    """Return the file of a message of a media type."""
    if kind not in MEDIA_TYPES:
        return ()
    found = {name: value for name, value in part.items() if isinstance(value, str)} if isinstance(part, dict) else {}
    return (
        Attachment(
            external_id=clean(found.get("id", ""), 500) or None,
            mime_type=clean(found.get("mime_type", ""), 200) or None,
            filename=clean(found.get("filename", ""), 500) or None,
            sha256=clean(found.get("sha256", ""), 100) or None,
        ),
    )


def _cart_item(item: JsonValue) -> CartItem | None:
    match item:
        case {"product_retailer_id": str(sku), "quantity": quantity}:
            line = {"sku": clean(sku, 201), "quantity": quantity}
            shown = {"price": item.get("item_price"), "currency": item.get("currency")}
            return _valid(line | shown) or _valid(line)
        case _:
            return None


def _valid(line: Mapping[str, JsonValue]) -> CartItem | None:
    try:
        return CartItem.model_validate(line)
    except ValidationError:
        return None


def _location(place: Mapping[str, JsonValue]) -> str:
    named = [str(place[name]) for name in ("name", "address") if isinstance(place.get(name), str)]
    match place:
        case {"latitude": (int() | float()) as latitude, "longitude": (int() | float()) as longitude}:
            named.append(f"{latitude}, {longitude}")
        case _:
            pass
    return "\n".join(named)


def _contact(card: JsonValue) -> str:
    match card:
        case {"name": {"formatted_name": str(name)}}:
            return " ".join([name, *_numbers(card)])
        case _:
            return ""


def _numbers(card: Mapping[str, JsonValue]) -> Iterator[str]:
    match card:
        case {"phones": [*phones]}:
            for phone in phones[:MOST_CONTACTS]:
                if isinstance(phone, dict) and isinstance(number := phone.get("phone"), str):
                    yield number
        case _:
            return
