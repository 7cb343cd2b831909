"""How far our messages have come. One statement a function."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.message_status_changed import MessageStatusChanged


async def update_statuses(tx: Transaction, events: Sequence[MessageStatusChanged]) -> None:
    """Move the status of sent messages forward; a late word about an earlier step changes nothing.

    A status that names its message by the provider's id alone, before anybody has said which message that is, stays with the id until then.
    """
    await tx.execute(
        """
        with incoming as materialized (
            select e.*, m.id as message_id
              from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::text[])
                as e (distributor_id, named_id, integration_id, external_id, status, status_at, error_code)
              left join messages m on (m.distributor_id, m.id) = (e.distributor_id, e.named_id) and not m.is_from_customer
        ),
        named as (
            select distinct on (distributor_id, integration_id, external_id)
                   distributor_id, integration_id, external_id, status, status_at, error_code,
                   first_value(message_id) over (partition by distributor_id, integration_id, external_id order by message_id) as message_id
              from incoming
             where external_id is not null
             order by distributor_id, integration_id, external_id, message_status_rank(status) desc
        ),
        mapped as (
            insert into external_message_mappings as x
                   (distributor_id, integration_id, direction, external_id, message_id, status, status_at, error_code)
            select distributor_id, integration_id, 'OUTBOUND', external_id, message_id, status, status_at, error_code
              from named
             order by distributor_id, integration_id, external_id
                on conflict (distributor_id, integration_id, direction, external_id) do update
               set message_id = coalesce(x.message_id, excluded.message_id),
                   (status, status_at, error_code) = (
                       select newest.status, newest.status_at, newest.error_code
                         from (values (x.status, x.status_at, x.error_code), (excluded.status, excluded.status_at, excluded.error_code))
                           as newest (status, status_at, error_code)
                        order by message_status_rank(newest.status) desc
                        limit 1)
            returning x.distributor_id, x.message_id, x.external_id, x.status, x.error_code
        ),
        newest as (
            select distinct on (distributor_id, message_id) *
              from (select distributor_id, message_id, null as external_id, status, error_code from incoming
                     union all
                    select distributor_id, message_id, external_id, status, error_code from mapped) steps
             where message_id is not null
             order by distributor_id, message_id, message_status_rank(status) desc, external_id
        )
        update messages m
           set status = n.status, error_code = n.error_code, external_message_id = coalesce(m.external_message_id, n.external_id)
          from newest n
         where (m.distributor_id, m.id) = (n.distributor_id, n.message_id)
           and message_status_rank(n.status) > message_status_rank(m.status)
        """,
        [e.distributor_id for e in events],
        [e.message_id for e in events],
        [e.integration_id for e in events],
        [e.external_message_id for e in events],
        [e.status for e in events],
        [e.status_at for e in events],
        [e.error_code for e in events],
    )


async def update_quoting(tx: Transaction, events: Sequence[MessageStatusChanged]) -> None:
    """Say which of our messages was answered, where the answer came before we knew what the provider calls ours."""
    named = [event for event in events if event.external_message_id]
    await tx.execute(
        """
        update messages m set reply_to_message_id = x.message_id
          from external_message_mappings x
          join unnest($1::uuid[], $2::uuid[], $3::text[]) as e (distributor_id, integration_id, external_id)
            on (x.distributor_id, x.integration_id, x.external_id) = (e.distributor_id, e.integration_id, e.external_id)
         where x.direction = 'OUTBOUND' and x.message_id is not null
           and (m.distributor_id, m.integration_id, m.reply_to_external_id) = (x.distributor_id, x.integration_id, x.external_id)
           and m.reply_to_message_id is null
        """,
        [e.distributor_id for e in named],
        [e.integration_id for e in named],
        [e.external_message_id for e in named],
    )
