"""Our copies of integrations, consents and what customers wrote last: what a message's sending depends on. One statement a function."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from libs.postgres import Transaction
from schemas.consent_changed import ConsentChanged
from schemas.contact import Channel
from schemas.integration_changed import IntegrationChanged, IntegrationStatus
from schemas.message_created import MessageCreated
from services.outbound.domain import Circumstances, Claimed, Integration


async def upsert_integration(tx: Transaction, event: IntegrationChanged) -> bool:
    """Keep the newest word on an integration. Returns False where we have a newer one."""
    return bool(
        await tx.fetchval(
            """
            insert into integrations as i
                   (distributor_id, id, provider, channel, external_account_id, status, config, sealed_credentials, as_of)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                on conflict (distributor_id, id) do update
               set provider = excluded.provider, channel = excluded.channel, external_account_id = excluded.external_account_id,
                   status = excluded.status, config = excluded.config, sealed_credentials = excluded.sealed_credentials, as_of = excluded.as_of
             where i.as_of <= excluded.as_of
            returning true
            """,
            event.distributor_id,
            event.integration_id,
            event.provider,
            event.channel,
            event.external_account_id,
            IntegrationStatus.INACTIVE if event.deleted else event.status,
            event.config,
            None if event.deleted else event.sealed_credentials,
            event.occurred_at,
        )
    )


async def upsert_send_rate(tx: Transaction, distributor_id: UUID, integration_id: UUID, messages_per_second: float) -> None:
    """Let an integration send so fast from now on; one that is new may send a second's worth at once."""
    await tx.execute(
        """
        insert into send_rates (distributor_id, integration_id, messages_per_second, tokens) values ($1, $2, $3, greatest($3::float8, 1))
            on conflict (distributor_id, integration_id) do update set messages_per_second = excluded.messages_per_second
        """,
        distributor_id,
        integration_id,
        messages_per_second,
    )


async def upsert_consent(tx: Transaction, event: ConsentChanged) -> None:
    """Keep the newest word on whether we may write to an address."""
    await tx.execute(
        """
        insert into consents as c (distributor_id, channel, address, may_write, as_of) values ($1, $2, $3, $4, $5)
            on conflict (distributor_id, channel, address) do update
           set may_write = excluded.may_write, as_of = excluded.as_of
         where c.as_of <= excluded.as_of
        """,
        event.distributor_id,
        event.channel,
        event.address,
        event.may_write,
        event.changed_at,
    )


async def upsert_last_inbound(tx: Transaction, events: Sequence[MessageCreated]) -> None:
    """Keep what came last from addresses, of any of the transaction's tenants. No clock but ours may say that it is later than now."""
    await tx.execute(
        """
        insert into last_inbound as c (distributor_id, channel, address, last_inbound_at, mail_id, mail_subject)
        select distinct on (distributor_id, channel, address) distributor_id, channel, address, least(sent_at, now()), mail_id, mail_subject
          from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[])
            as e (distributor_id, channel, address, sent_at, mail_id, mail_subject)
         where address is not null
         order by distributor_id, channel, address, sent_at desc
            on conflict (distributor_id, channel, address) do update
           set last_inbound_at = excluded.last_inbound_at, mail_id = excluded.mail_id, mail_subject = excluded.mail_subject
         where c.last_inbound_at < excluded.last_inbound_at
        """,
        [event.distributor_id for event in events],
        [event.channel for event in events],
        [event.address for event in events],
        [event.sent_at for event in events],
        [event.external_message_id if event.channel is Channel.EMAIL else None for event in events],
        [event.parts.subject for event in events],
    )


async def select_circumstances(tx: Transaction, messages: Sequence[Claimed]) -> dict[UUID, Circumstances]:
    """Return, by the message's id in the queue, what else decides on each message."""
    rows = await tx.fetch(
        """
        select e.id, i.provider, i.external_account_id, i.status, i.config, i.sealed_credentials,
               coalesce(s.may_write, true) as may_write, c.last_inbound_at, c.mail_id, c.mail_subject
          from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
            as e (distributor_id, id, integration_id, channel, address)
          left join integrations i on i.distributor_id = e.distributor_id and i.id = e.integration_id
          left join consents s on s.distributor_id = e.distributor_id and s.channel = e.channel and s.address = e.address
          left join last_inbound c on c.distributor_id = e.distributor_id and c.channel = e.channel and c.address = e.address
        """,
        [message.distributor_id for message in messages],
        [message.id for message in messages],
        [message.integration_id for message in messages],
        [message.channel for message in messages],
        [message.address for message in messages],
    )
    return {row["id"]: _circumstances(dict(row)) for row in rows}


def _circumstances(row: dict[str, Any]) -> Circumstances:
    integration = None
    if row["provider"] is not None:
        integration = Integration(
            provider=row["provider"],
            account=row["external_account_id"],
            status=row["status"],
            config=row["config"],
            sealed_credentials=row["sealed_credentials"],
        )
    return Circumstances(
        integration=integration,
        may_write=row["may_write"],
        last_inbound_at=row["last_inbound_at"],
        mail_id=row["mail_id"],
        mail_subject=row["mail_subject"],
    )
