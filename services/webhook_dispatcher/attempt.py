"""One attempt at one delivery, from the sealed credentials to what follows from the answer."""

import json
import random
from datetime import UTC, datetime, timedelta

import aiohttp
from pydantic import SecretStr

from libs.crypto import NotDecryptable
from services.webhook_dispatcher import call, credentials, signing
from services.webhook_dispatcher.attempt_store import Attempt
from services.webhook_dispatcher.delivery_store import Due
from services.webhook_dispatcher.domain import NoAnswer, Response, RetryPolicy, decide
from services.webhook_dispatcher.signing import AuthType


async def attempt(session: aiohttp.ClientSession, master_key: SecretStr, due: Due) -> Attempt:
    """Call the endpoint once. Never raises for what the endpoint or the way to it does."""
    began_at = datetime.now(UTC)
    response = await _call(session, master_key, due, began_at)
    policy = RetryPolicy(due.retry_attempts, timedelta(seconds=due.retry_delay_seconds) if due.retry_delay_seconds else None)
    outcome = decide(due.attempt_number, policy, response, jitter=random.uniform(0.8, 1.2))  # noqa: S311 - spreads retries, guards nothing
    return Attempt(due=due, began_at=began_at, ended_at=datetime.now(UTC), response=response, outcome=outcome)


async def _call(session: aiohttp.ClientSession, master_key: SecretStr, due: Due, now: datetime) -> Response:
    try:
        credential = credentials.unseal(master_key, due.endpoint_id, due.auth_value) if due.auth_value else None
        secrets = [credentials.unseal(master_key, due.endpoint_id, sealed) for sealed in due.secrets]
    except NotDecryptable:
        return NoAnswer("the endpoint's credentials cannot be decrypted: COMANDA_MASTER_KEY is another one")
    body = body_of(due)
    headers = signing.headers(AuthType(due.auth_type), credential, secrets, due.event_id, now, body)
    return await call.post(session, due.url, headers, body, due.timeout_seconds)


def body_of(due: Due) -> bytes:
    """Return what is sent: `{"id", "type", "timestamp", "data"}`, the same bytes on every attempt."""
    beginning = json.dumps({"id": str(due.event_id), "type": due.type, "timestamp": due.occurred_at.isoformat()}, separators=(",", ":"))
    return f'{beginning.removesuffix("}")},"data":{due.payload}}}'.encode()
