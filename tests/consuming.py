"""Handlers as the runtime calls them, and what they said."""

import asyncio
import base64
from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID, uuid4

from aiokafka import ConsumerRecord
from pydantic import SecretStr

from libs import cloud_events, postgres
from libs.consumer import Arrival, Consumer, Handlers
from libs.postgres import Pool
from libs.settings import Settings
from schemas.catalog import EVENTS
from schemas.event import Envelope, Event

AnyEvent = TypeVar("AnyEvent", bound=Event)


def arrived(event: AnyEvent, event_id: UUID | None = None) -> AnyEvent:
    """Give `event` the envelope of one that was read from a topic."""
    event_id = event_id or uuid4()
    return event.arrived_in(Envelope(id=event_id, source="test", correlation_id=event_id, sequence=1))


def record(event: Event, offset: int = 0) -> "ConsumerRecord[Any, Any]":
    """The Kafka record that carries `event`."""
    headers, value = cloud_events.encode(event, event.envelope)
    return ConsumerRecord(
        topic=event.topic,
        partition=0,
        offset=offset,
        timestamp=0,
        timestamp_type=0,
        key=event.key.encode(),
        value=value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=len(value),
        headers=tuple(headers),
    )


def nowhere() -> Settings:
    """Settings of a service that is not told of any server."""
    return Settings(
        database_url=SecretStr("postgresql://nowhere"),
        kafka_bootstrap="127.0.0.1:1",
        http_port=1,
        jwt_secret=SecretStr("s" * 32),
        master_key=SecretStr(base64.b64encode(b"k" * 32).decode()),
    )


async def consume(pool: Pool, service: str, handlers: Handlers, *events: Event) -> None:
    """Take `events` in as one batch: a transaction with their tenants, the inbox, the handlers. Raises what the handlers raise."""
    settings = nowhere()
    consumer = Consumer(service, settings, handlers, pool, asyncio.Event(), lambda: None)
    await consumer.attempt([Arrival(record(event), event) for event in events])


async def said(pool: Pool, distributor_id: UUID, of: type[AnyEvent] | None = None) -> Sequence[Any]:
    """The events of a tenant that wait in the outbox, oldest first; of one type, if `of` names it."""
    async with postgres.tenant_transaction(pool, [distributor_id]) as tx:
        rows = await tx.fetch("select type, payload::text as payload, sequence from outbox order by position")
    events = [EVENTS[row["type"]].model_validate_json(row["payload"]) for row in rows]
    return [event for event in events if of is None or isinstance(event, of)]
