"""One attempt at one message, from what is known about it to what follows from the answer."""

import random
from datetime import UTC, datetime

import structlog

from libs.channels.send_result import Rejected, SendResult, TryLater
from libs.crypto import NotDecryptable
from schemas.integration_changed import Provider
from services.outbound.credentials import CredentialMissing
from services.outbound.domain import Circumstances, Claimed, Failed, Outcome, RetryLater, Sent, decide, objection
from services.outbound.hand_over import hand_over
from services.outbound.metrics import ATTEMPTS, CALL_SECONDS
from services.outbound.sessions import Sessions
from services.outbound.settings import OutboundSettings

log = structlog.get_logger()

OUTCOMES: dict[type[Outcome], str] = {Sent: "sent", RetryLater: "retried", Failed: "failed"}


async def attempt(sessions: Sessions, settings: OutboundSettings, message: Claimed, known: Circumstances) -> Outcome:
    """Send `message` once, unless something stands against it. Never raises."""
    now = datetime.now(UTC)
    outcome = objection(message, known, now) or decide(
        message.attempt,
        await _ask(sessions, settings, message, known, now),
        random.uniform(0.8, 1.2),  # noqa: S311 - spreads retries, guards nothing
    )
    ATTEMPTS.labels(_provider(known), message.integration_id, OUTCOMES[type(outcome)]).inc()
    return outcome


def _provider(known: Circumstances) -> str:
    """Return who carries it; what belongs to an integration that nobody told us of goes by Meta."""
    return known.integration.provider if known.integration else Provider.META


async def _ask(sessions: Sessions, settings: OutboundSettings, message: Claimed, known: Circumstances, now: datetime) -> SendResult:
    try:
        with CALL_SECONDS.labels(_provider(known)).time():
            return await hand_over(sessions, settings, message, known, now)
    except CredentialMissing:
        return Rejected("CREDENTIALS_MISSING")
    except NotDecryptable:
        log.error("credentials_not_readable", integration_id=str(message.integration_id), mend="is COMANDA_MASTER_KEY that of ingest?")  # noqa: TRY400 - where it was raised tells nothing
        return TryLater("CREDENTIALS_UNREADABLE")
    except Exception:
        log.exception("sending_failed", message_id=str(message.message_id))
        return TryLater("NOT_SENDABLE")
