"""What was sent long ago is forgotten; what is still to be sent never is."""

from uuid import UUID, uuid4

from libs import postgres
from libs.postgres import Pool
from services.outbound.__main__ import CONSUMES, keeps
from services.outbound.settings import OutboundSettings
from tests.consuming import consume
from tests.outbound.conftest import message, rows, service_on


async def make_older(pool: Pool, tenant: UUID, days: int) -> None:
    """Let whatever became of a tenant's messages have become of them so long ago."""
    async with pool.acquire() as connection, postgres.as_tenants(connection, [tenant]):
        await connection.execute(
            """
            insert into outbound_messages (distributor_id, message_id, conversation_id, thread_position, integration_id, channel, content, state,
                                           external_message_id, event_id, correlation_id, updated_at)
            select distributor_id, uuidv7(), conversation_id, s.place, integration_id, channel, content, s.state,
                   case when s.state = 'SENT' then 'wamid.1' end, event_id, correlation_id, now() - make_interval(days => $1)
              from outbound_messages cross join (values (2, 'SENT'), (3, 'FAILED'), (4, 'PENDING')) as s (place, state)
            """,
            days,
        )


async def test_only_messages_that_are_not_to_be_sent_any_more_are_forgotten(pool: Pool) -> None:
    old, young = uuid4(), uuid4()
    await consume(pool, "outbound", CONSUMES, message(old), message(young))
    await make_older(pool, old, 31)
    await make_older(pool, young, 29)
    settings = service_on(pool, "http://127.0.0.1:1").settings
    assert isinstance(settings, OutboundSettings)

    [sweep] = keeps(settings)
    async with pool.acquire() as connection:
        assert [count async for count in sweep.batches(connection)] == [2]

    assert [row["state"] for row in await rows(pool, old)] == ["PENDING", "PENDING"]
    assert [row["state"] for row in await rows(pool, young)] == ["PENDING", "SENT", "FAILED", "PENDING"]
