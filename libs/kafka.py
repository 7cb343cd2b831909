"""The broker: how we connect to it."""

from aiokafka import AIOKafkaProducer

from libs.settings import Settings

LARGEST_BATCH_BYTES = 1_000_000
LARGEST_RECORD_BYTES = 2_000_000
"""A dead letter is the largest record that the broker takes, and the reason on top."""


def producer(settings: Settings, name: str) -> AIOKafkaProducer:
    """Return an unstarted producer that waits for all replicas. After an error it is to be thrown away: its sequence numbers may be out of step."""
    return AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap,
        client_id=name,
        acks="all",
        enable_idempotence=settings.kafka_idempotence,
        max_batch_size=LARGEST_BATCH_BYTES,
        max_request_size=LARGEST_RECORD_BYTES,
        request_timeout_ms=15_000,
    )
