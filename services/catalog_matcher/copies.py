"""Our copies of distributors and customers: the time zone of the ones, the price list of the others. One statement a function."""

from collections.abc import Iterable
from uuid import UUID

from libs.postgres import Connection, Transaction
from schemas.customer_changed import CustomerChanged
from schemas.distributor_changed import DistributorChanged


async def upsert_distributor(tx: Transaction, event: DistributorChanged) -> None:
    """Keep the newest word on a tenant's time zone."""
    await tx.execute(
        """
        insert into distributors as d (distributor_id, timezone, as_of) values ($1, $2, $3)
            on conflict (distributor_id) do update set timezone = excluded.timezone, as_of = excluded.as_of
         where d.as_of <= excluded.as_of
        """,
        event.distributor_id,
        event.timezone,
        event.occurred_at,
    )


async def upsert_customer(tx: Transaction, event: CustomerChanged) -> None:
    """Keep the newest word on a customer's price list."""
    await tx.execute(
        """
        insert into customers as c (distributor_id, id, price_list_id, as_of) values ($1, $2, $3, $4)
            on conflict (distributor_id, id) do update set price_list_id = excluded.price_list_id, as_of = excluded.as_of
         where c.as_of <= excluded.as_of
        """,
        event.distributor_id,
        event.customer_id,
        event.price_list_id,
        event.occurred_at,
    )


async def delete_customer(tx: Transaction, distributor_id: UUID, customer_id: UUID) -> None:
    """Forget a customer's price list."""
    await tx.execute("delete from customers where distributor_id = $1 and id = $2", distributor_id, customer_id)


async def select_timezones(connection: Connection, distributor_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the time zones of tenants; those that we were not told of are left out."""
    rows = await connection.fetch("select distributor_id, timezone from distributors where distributor_id = any($1::uuid[])", list(distributor_ids))
    return {row["distributor_id"]: row["timezone"] for row in rows}
