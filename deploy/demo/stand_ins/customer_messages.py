"""What Meta tells us when a customer writes: the webhook's JSON, and the signed call that brings it."""

import hashlib
import hmac
import json
import time
from typing import Any

import aiohttp

BUSINESS_ACCOUNT_ID = "102290129340398"

Json = dict[str, Any]


def text_message(phone_number_id: str, from_: str, text: str, wamid: str, *, name: str = "Customer", timestamp: int | None = None) -> Json:
    """Return one change: a text from the E.164 number `from_` to our number. `timestamp` is in seconds, by default now."""
    return _change(phone_number_id, from_, name, _message(from_, wamid, timestamp) | {"type": "text", "text": {"body": text}})


def image_message(
    phone_number_id: str,
    from_: str,
    wamid: str,
    *,
    caption: str | None = None,
    media_id: str = "1234567890",
    name: str = "Customer",
    timestamp: int | None = None,
) -> Json:
    """Return one change: an image, with a text under it if `caption` is given."""
    image: Json = {"id": media_id, "mime_type": "image/jpeg", "sha256": hashlib.sha256(media_id.encode()).hexdigest()}
    if caption is not None:
        image["caption"] = caption
    return _change(phone_number_id, from_, name, _message(from_, wamid, timestamp) | {"type": "image", "image": image})


def status(phone_number_id: str, wamid: str, status_: str, recipient: str, *, callback_data: str | None = None, timestamp: int | None = None) -> Json:
    """Return one change: what became of a message of ours (sent, delivered, read, failed)."""
    entry: Json = {"id": wamid, "status": status_, "timestamp": str(timestamp or int(time.time())), "recipient_id": recipient.lstrip("+")}
    if callback_data is not None:
        entry["biz_opaque_callback_data"] = callback_data
    return {"field": "messages", "value": _our_side(phone_number_id) | {"statuses": [entry]}}


def webhook(*changes: Json) -> Json:
    """Return the body of one webhook call that carries all of `changes`."""
    return {"object": "whatsapp_business_account", "entry": [{"id": BUSINESS_ACCOUNT_ID, "changes": list(changes)}]}


async def signed_post(session: aiohttp.ClientSession, url: str, app_secret: str, payload: Json) -> int:
    """Call our webhook as Meta does, signed over the very bytes. Returns the status of the answer."""
    body = json.dumps(payload).encode()
    signature = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
    async with session.post(url, data=body, headers=headers) as response:
        await response.read()
        return response.status


def _message(from_: str, wamid: str, timestamp: int | None) -> Json:
    return {"from": from_.lstrip("+"), "id": wamid, "timestamp": str(timestamp or int(time.time()))}


def _change(phone_number_id: str, from_: str, name: str, message: Json) -> Json:
    contacts = [{"profile": {"name": name}, "wa_id": from_.lstrip("+")}]
    return {"field": "messages", "value": _our_side(phone_number_id) | {"contacts": contacts, "messages": [message]}}


def _our_side(phone_number_id: str) -> Json:
    return {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "15550000000", "phone_number_id": phone_number_id}}
