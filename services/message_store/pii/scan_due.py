"""The job that scans: the texts of stored messages, many tenants at once; what is found is written down, masked and told in one transaction."""

from base64 import b64encode
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

import structlog
from pydantic import SecretStr

from libs import keyring, outbox, postgres
from libs.keyring import Sealer
from libs.postgres import Transaction
from libs.service import Service
from schemas.pii_detected import PiiDetected, PiiFinding
from services.message_store.pii import queue_store, results_store, rules_store
from services.message_store.pii.domain import Found, Scanned, Text, rules_of, scan, text_hash
from services.message_store.pii.queue_store import Queued
from services.message_store.pii.rules import DEFAULTS, Rule

log = structlog.get_logger()

AT_ONCE = timedelta()
WHILE_FLOODED = timedelta(seconds=30)
"""While more messages come than are stored, storing goes first: only what has waited for so long is scanned then."""
ROWS_AT_ONCE = 200
MESSAGES_AT_ONCE = 500


async def scan_due(service: Service) -> int:
    """Scan the messages that have waited longest. Returns how many."""
    waited = WHILE_FLOODED if service.consumer and service.consumer.flooded else AT_ONCE
    async with postgres.worker_transaction(service.pool) as worker:
        queued = await queue_store.select_due(worker, waited, ROWS_AT_ONCE, MESSAGES_AT_ONCE)
    if not queued:
        return 0
    async with postgres.tenant_transaction(service.pool, {tenant for tenant, _ in queued}) as tx:
        return await scan_queued(tx, service.settings.master_key, queued)


async def scan_queued(tx: Transaction, master_key: SecretStr, queued: Collection[Queued]) -> int:
    """Scan the messages of these rows of the queue, and take the rows out. Returns how many messages."""
    messages = await queue_store.delete_queued(tx, queued)
    texts = await queue_store.select_texts(tx, messages)
    own = await rules_store.select_rules_of(tx, {text.distributor_id for text in texts})
    known = await results_store.select_hashes(tx, messages)
    scanned = [each for each in _scan_all(texts, own) if known.get(each.of.place) != text_hash(each.of.text)]
    changed = {each.of.place for each in scanned} | ({*known} - {text.place for text in texts})
    if stale := sorted(changed & known.keys(), key=str):
        await results_store.supersede(tx, stale)
    if found := [each for each in scanned if each.found]:
        await _record(tx, master_key, found)
    return len(messages)


def _scan_all(texts: Sequence[Text], own: dict[UUID, list[Rule]]) -> Iterator[Scanned]:
    rules = {tenant: rules_of(own.get(tenant, ()), DEFAULTS) for tenant in {text.distributor_id for text in texts}}
    for text in texts:
        try:
            yield scan(text, rules[text.distributor_id])
        except Exception as error:
            # Without its trace: that would show the text. One text that cannot be scanned must not keep the rest from being scanned.
            log.error("text_not_scanned", message_id=str(text.message_id), field=text.field_name, error=type(error).__name__)  # noqa: TRY400 - see above


async def _record(tx: Transaction, master_key: SecretStr, scanned: Sequence[Scanned]) -> None:
    """Mask, write down and tell what was found; a text that was changed meanwhile is left to its next scan, which is queued already."""
    if changes := [_change(each) for each in scanned if each.masked]:
        changed = await queue_store.update_texts(tx, changes)
        scanned = [each for each in scanned if not each.masked or each.of.place in changed]
    sealing = {each.of.distributor_id for each in scanned if any(found.keep for found in each.found)}
    sealers = await keyring.sealers(tx, master_key, sealing) if sealing else {}
    rows = [_row(each, found, sealers) for each in scanned for found in each.found]
    fresh = await results_store.insert_results(tx, rows) if rows else set[UUID]()
    await outbox.enqueue(tx, *_told(scanned, fresh))


def _change(scanned: Scanned) -> dict[str, Any]:
    of = scanned.of
    return {
        "distributor_id": of.distributor_id,
        "message_id": of.message_id,
        "field_name": of.field_name,
        "source_id": of.source_id,
        "before": of.text,
        "after": scanned.text,
    }


def _row(scanned: Scanned, found: Found, sealers: dict[UUID, Sealer]) -> dict[str, Any]:
    of = scanned.of
    sealed = sealers[of.distributor_id](found.value.encode(), value_place(found.id)) if found.keep else None
    return {
        "distributor_id": of.distributor_id,
        "id": found.id,
        "message_id": of.message_id,
        "field_name": of.field_name,
        "source_id": of.source_id,
        "pii_type": found.type,
        "start_offset": found.start,
        "end_offset": found.end,
        "detected_value": b64encode(sealed).decode() if sealed else None,
        "confidence_score": found.confidence,
        "recognizer": found.recognizer,
        "detection_rule_id": found.rule_id,
        "action_taken": found.action,
        "text_hash": b64encode(text_hash(scanned.text)).decode(),
    }


def value_place(result_id: UUID) -> str:
    """Return what the value of a finding is sealed for."""
    return f"pii_detection_results/detected_value/{result_id}"


def _told(scanned: Sequence[Scanned], fresh: Collection[UUID]) -> Iterator[PiiDetected]:
    """Make an event for each message with new findings."""
    now = datetime.now(UTC)
    for _, of_message in groupby(sorted(scanned, key=_message), key=_message):
        texts = list(of_message)
        if findings := tuple(_finding(each, found) for each in texts for found in each.found if found.id in fresh):
            of = texts[0].of
            yield PiiDetected(
                distributor_id=of.distributor_id, occurred_at=now, conversation_id=of.conversation_id, message_id=of.message_id, findings=findings
            )


def _message(scanned: Scanned) -> UUID:
    return scanned.of.message_id


def _finding(scanned: Scanned, found: Found) -> PiiFinding:
    return PiiFinding(
        field_name=scanned.of.field_name,
        pii_type=found.type,
        start_offset=found.start,
        end_offset=found.end,
        confidence_score=Decimal(str(round(found.confidence, 3))),
        action_taken=found.action,
    )
