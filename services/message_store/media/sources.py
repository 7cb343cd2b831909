"""Where the file of a message is, as its provider has it."""

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
from pydantic import SecretStr

from libs import crypto
from libs.crypto import NotDecryptable
from schemas.contact import Channel
from schemas.integration_changed import Provider
from services.message_store.media.domain import Claimed, NotFetched
from services.message_store.media.download import Source
from services.message_store.media_store import Integration
from services.message_store.settings import MessageStoreSettings


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks providers for files."""

    session: aiohttp.ClientSession
    settings: MessageStoreSettings


async def locate(asking: Asking, claimed: Claimed, integration: Integration | None) -> Source:
    """Return where the file is now, and with what it is fetched. Raises NotFetched."""
    if integration is None and claimed.channel == Channel.WHATSAPP and claimed.external_id and not claimed.url:
        integration = Integration(Provider.META, None)
    if integration is None:
        raise NotFetched("INTEGRATION_UNKNOWN")
    credentials = _unseal(asking.settings.master_key, claimed, integration)
    hosts = asking.settings.hosts_of(integration.provider)
    match integration.provider:
        case Provider.META if claimed.external_id and not claimed.url:
            return await _ask_meta(asking, claimed.external_id, credentials.get("access_token"), hosts)
        case Provider.TWILIO if claimed.url:
            return Source(url=claimed.url, hosts=hosts, headers=_basic(credentials))
        case _ if claimed.url:
            return Source(url=claimed.url, hosts=hosts)
        case _:
            raise NotFetched("NO_SOURCE", for_ever=True)


async def _ask_meta(asking: Asking, media_id: str, own_token: str | None, hosts: tuple[str, ...]) -> Source:
    """Ask the Cloud API where a file is for the next minutes; both it and the file want the token."""
    settings = asking.settings
    token = own_token or (settings.whatsapp_access_token.get_secret_value() if settings.whatsapp_access_token else None)
    if not token:
        raise NotFetched("NO_CREDENTIALS")
    headers = {"Authorization": f"Bearer {token}"}
    answer = await _get_json(asking.session, f"{settings.whatsapp_api_url}/{quote(media_id, safe='')}", headers)
    match answer:
        case {"url": str(url)}:
            sha256 = answer.get("sha256")
            own_host = urlsplit(settings.whatsapp_api_url).hostname or ""
            return Source(url=url, hosts=(*hosts, own_host), headers=headers, sha256=sha256 if isinstance(sha256, str) else None)
        case _:
            raise NotFetched("ANSWER_WITHOUT_URL")


async def _get_json(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> dict[str, Any]:
    try:
        async with session.get(url, headers=headers, allow_redirects=False) as response:
            if response.status != HTTPStatus.OK:
                raise NotFetched(f"HTTP_{response.status}")
            answer = json.loads(await response.read())
    except TimeoutError:
        raise NotFetched("TIMEOUT") from None
    except (aiohttp.ClientError, ConnectionError):
        raise NotFetched("UNREACHABLE") from None
    except ValueError:
        raise NotFetched("ANSWER_WITHOUT_URL") from None
    return answer if isinstance(answer, dict) else {}


def _basic(credentials: dict[str, str]) -> dict[str, str]:
    try:
        pair = f"{credentials['account_sid']}:{credentials['auth_token']}"
    except KeyError:
        raise NotFetched("NO_CREDENTIALS") from None
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def _unseal(master_key: SecretStr, claimed: Claimed, integration: Integration) -> dict[str, str]:
    if integration.sealed_credentials is None:
        return {}
    try:
        sealed = b64decode(integration.sealed_credentials, validate=True)
        return json.loads(crypto.unseal(master_key, sealed, f"integration.changed/{claimed.integration_id}"))
    except (NotDecryptable, ValueError):
        raise NotFetched("CREDENTIALS_NOT_READABLE") from None
