"""Addresses that anybody may download a file from for a short while: who has one was allowed to."""

import hashlib
import hmac
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from pydantic import SecretStr

from libs import crypto
from libs.refused import Refused

LIFETIME = timedelta(minutes=5)
PURPOSE = b"comanda links to attachments"


class LinkNotValid(Refused):
    """A link that was changed, or has expired."""

    status = 403


def path(master_key: SecretStr, distributor_id: UUID, attachment_id: UUID, expires_at: datetime) -> str:
    """Return the address of a file's content on this service."""
    expires = int(expires_at.timestamp())
    signature = _signature(crypto.keys(master_key)[0], distributor_id, attachment_id, expires)
    return f"/v1/attachments/{attachment_id}/content?distributor_id={distributor_id}&expires={expires}&signature={signature}"


def check(master_key: SecretStr, distributor_id: UUID, attachment_id: UUID, expires: int, signature: str, now: datetime) -> None:
    """Raise LinkNotValid unless the link is ours and has not expired."""
    expected = [_signature(key, distributor_id, attachment_id, expires) for key in crypto.keys(master_key)]
    if not any(hmac.compare_digest(each.encode(), signature.encode()) for each in expected) or now.timestamp() >= expires:
        raise LinkNotValid("this link was changed or has expired: ask for the attachment again")


def disposition(filename: str | None, attachment_id: UUID) -> str:
    """Return the header that makes a browser save the file rather than show it."""
    name = (filename or str(attachment_id)).replace("/", "_").replace("\\", "_")
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def _signature(master_key: bytes, distributor_id: UUID, attachment_id: UUID, expires: int) -> str:
    key = hmac.digest(master_key, PURPOSE, hashlib.sha256)
    return hmac.new(key, f"{distributor_id}/{attachment_id}/{expires}".encode(), hashlib.sha256).hexdigest()
