"""Whom we may not write to: our copy follows what they told us."""

from libs.postgres import Transaction
from schemas.consent_changed import ConsentChanged
from services.outbound import copies


async def on_consent_changed(event: ConsentChanged, tx: Transaction) -> None:
    """Keep whether we may write to the address; an older word than the one we have changes nothing."""
    await copies.upsert_consent(tx, event)
