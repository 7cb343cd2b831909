"""Our copies of distributors and customers: what an order depends on. One statement a function."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from libs.postgres import Transaction
from schemas.customer_changed import CustomerChanged
from schemas.distributor_changed import DistributorChanged
from services.order_session.domain.orders import Terms


@dataclass(frozen=True, slots=True)
class Customer:
    """Whose order it is."""

    business_name: str
    customer_code: str
    address: str | None


async def select_terms(tx: Transaction, distributor_ids: Sequence[UUID]) -> dict[UUID, Terms]:
    """Return what each tenant demands of an order."""
    rows = await tx.fetch("select * from distributors where distributor_id = any($1::uuid[])", distributor_ids)
    return {
        row["distributor_id"]: Terms(
            currency=row["currency"],
            timezone=row["timezone"],
            confidence_threshold=row["ai_confidence_threshold"],
            minimum_amount=row["minimum_order_amount"],
            auto_confirm=row["auto_confirm"],
        )
        for row in rows
    }


async def select_customers(tx: Transaction, distributor_ids: Sequence[UUID], customer_ids: Sequence[UUID]) -> dict[UUID, Customer]:
    """Return customers, each named with its tenant."""
    rows = await tx.fetch(
        """
        select c.id, c.business_name, c.customer_code, c.address from customers c
          join (select distinct * from unnest($1::uuid[], $2::uuid[]) as e (distributor_id, id)) e using (distributor_id, id)
        """,
        distributor_ids,
        customer_ids,
    )
    return {row["id"]: Customer(row["business_name"], row["customer_code"], row["address"]) for row in rows}


async def upsert_distributor(tx: Transaction, event: DistributorChanged) -> None:
    """Keep the newest word on a tenant's terms."""
    await tx.execute(
        """
        insert into distributors as d
               (distributor_id, business_name, currency, timezone, ai_confidence_threshold, minimum_order_amount, auto_confirm, as_of)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
            on conflict (distributor_id) do update
           set business_name = excluded.business_name, currency = excluded.currency, timezone = excluded.timezone,
               ai_confidence_threshold = excluded.ai_confidence_threshold, minimum_order_amount = excluded.minimum_order_amount,
               auto_confirm = excluded.auto_confirm, as_of = excluded.as_of
         where d.as_of <= excluded.as_of
        """,
        event.distributor_id,
        event.business_name,
        event.currency,
        event.timezone,
        event.ai_confidence_threshold,
        event.minimum_order_amount,
        event.auto_confirm,
        event.occurred_at,
    )


async def upsert_customer(tx: Transaction, event: CustomerChanged) -> None:
    """Keep the newest word on a customer."""
    await tx.execute(
        """
        insert into customers as c (distributor_id, id, business_name, customer_code, address, as_of) values ($1, $2, $3, $4, $5, $6)
            on conflict (distributor_id, id) do update
           set business_name = excluded.business_name, customer_code = excluded.customer_code, address = excluded.address, as_of = excluded.as_of
         where c.as_of <= excluded.as_of
        """,
        event.distributor_id,
        event.customer_id,
        event.business_name,
        event.customer_code,
        event.address,
        event.occurred_at,
    )
