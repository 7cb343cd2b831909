"""What customers call products, and what nobody knows the meaning of. One statement a function."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import ForeignKeyViolationError, UniqueViolationError
from pydantic import BaseModel

from libs import postgres
from libs.postgres import Connection, Transaction
from libs.refused import Conflict, NotFound
from schemas.match import Product
from services.catalog_matcher.domain.learned import Known, Source

CONFIRMED_BEFORE_IT_COUNTS = 2
"""A product that was guessed and that the customer let stand is a name only from the second time on."""

Key = tuple[UUID, UUID, str]
"""Tenant, customer, and a phrase as phrases are compared."""


class Alias(BaseModel):
    """A product that a customer has a name for."""

    id: UUID
    customer_id: UUID
    phrase: str
    product_id: UUID
    variant_id: UUID | None
    source: Source
    times_confirmed: int
    times_rejected: int
    last_used_at: datetime
    created_at: datetime
    updated_at: datetime


READABLE = "id, customer_id, phrase, product_id, variant_id, source, times_confirmed, times_rejected, last_used_at, created_at, updated_at"


async def upsert_learned(tx: Transaction, keys: Iterable[Key]) -> None:
    """Make the aliases of these phrases what the purchases say: confirmed where bought by that name, rejected where a person corrected it."""
    await tx.execute(
        """
        with affected as (
            select * from json_to_recordset($1::json) as k (distributor_id uuid, customer_id uuid, phrase_key text)
        ),
        said as (
            select p.* from affected join customer_purchases p using (distributor_id, customer_id, phrase_key)
        ),
        confirmed as (
            select distributor_id, customer_id, phrase_key, product_id, variant_id, max(phrase) as phrase, count(*) as times,
                   bool_or(corrected) as corrected, max(told_at) as last_at
              from said group by 1, 2, 3, 4, 5
        ),
        rejected as (
            select distributor_id, customer_id, phrase_key, rejected_product_id as product_id, max(phrase) as phrase, count(*) as times,
                   max(told_at) as last_at
              from said where rejected_product_id is not null group by 1, 2, 3, 4
        ),
        learned as (
            select distributor_id, customer_id, phrase_key, product_id, c.variant_id, coalesce(c.phrase, r.phrase) as phrase,
                   case when c.corrected then 'CORRECTION' else 'CONFIRMED' end as source, coalesce(c.times, 0) as times_confirmed,
                   coalesce(r.times, 0) as times_rejected, coalesce(c.last_at, r.last_at) as last_used_at, r.last_at as last_rejected_at
              from confirmed c full join rejected r using (distributor_id, customer_id, phrase_key, product_id)
        )
        insert into customer_product_aliases as a
               (distributor_id, customer_id, phrase, phrase_key, product_id, variant_id, source, times_confirmed, times_rejected,
                last_used_at, last_rejected_at)
        select l.distributor_id, l.customer_id, l.phrase, l.phrase_key, l.product_id, l.variant_id, l.source, l.times_confirmed,
               l.times_rejected, l.last_used_at, l.last_rejected_at
          from learned l join products p on p.distributor_id = l.distributor_id and p.id = l.product_id
         order by l.distributor_id, l.customer_id, l.phrase_key, l.product_id, l.variant_id
            on conflict on constraint customer_product_aliases_phrase do update
           set source = case when a.source = 'MANUAL' then a.source else excluded.source end,
               times_confirmed = excluded.times_confirmed, times_rejected = excluded.times_rejected,
               last_used_at = case when a.source = 'MANUAL' then greatest(a.last_used_at, excluded.last_used_at) else excluded.last_used_at end,
               last_rejected_at = excluded.last_rejected_at
        """,
        _keys(keys),
    )


async def delete_unsaid(tx: Transaction, keys: Iterable[Key]) -> None:
    """Forget the learned aliases of these phrases that no purchase speaks of any more."""
    await tx.execute(
        """
        delete from customer_product_aliases a
         using json_to_recordset($1::json) as k (distributor_id uuid, customer_id uuid, phrase_key text)
         where a.distributor_id = k.distributor_id and a.customer_id = k.customer_id and a.phrase_key = k.phrase_key and a.source <> 'MANUAL'
           and not exists (
               select from customer_purchases p
                where p.distributor_id = a.distributor_id and p.customer_id = a.customer_id and p.phrase_key = a.phrase_key
                  and (p.rejected_product_id = a.product_id or (p.product_id, p.variant_id) is not distinct from (a.product_id, a.variant_id))
           )
        """,
        _keys(keys),
    )


async def select_known(connection: Connection, wanted: Sequence[Mapping[str, Any]]) -> dict[int, list[Known]]:
    """Return what phrases (place, distributor_id, customer_id, phrase_key) are known to mean, by their place: to their customer, and to how many."""
    rows = await connection.fetch(
        """
        select w.place, p.id as product_id, v.id as variant_id, coalesce(v.sku, p.sku) as sku, p.unit,
               case when v.id is null then p.name else p.name || ' ' || v.variant_name end as name,
               coalesce(v.unit_price, p.unit_price) as unit_price, a.customers, a.source, a.times_confirmed, a.times_rejected, a.last_used_at
          from json_to_recordset($1::json) as w (place int, distributor_id uuid, customer_id uuid, phrase_key text)
         cross join lateral (
              select product_id, variant_id, count(*) as customers,
                     max(source) filter (where customer_id = w.customer_id) as source,
                     max(times_confirmed) filter (where customer_id = w.customer_id) as times_confirmed,
                     max(times_rejected) filter (where customer_id = w.customer_id) as times_rejected,
                     max(last_used_at) filter (where customer_id = w.customer_id) as last_used_at
                from customer_product_aliases
               where distributor_id = w.distributor_id and phrase_key = w.phrase_key
                 and (last_rejected_at is null or last_used_at > last_rejected_at)
                 and (source <> 'CONFIRMED' or times_confirmed >= $2)
               group by product_id, variant_id
         ) a
          join products p on p.distributor_id = w.distributor_id and p.id = a.product_id and p.active
          left join product_variants v on v.distributor_id = w.distributor_id and v.product_id = a.product_id and v.id = a.variant_id and v.active
         where a.variant_id is null or v.id is not null
        """,
        postgres.to_json_text(wanted),
        CONFIRMED_BEFORE_IT_COUNTS,
    )
    found: dict[int, list[Known]] = {}
    for row in rows:
        product = Product.model_validate({name: row[name] for name in Product.model_fields})
        known = Known(
            product=product,
            customers=row["customers"],
            source=Source(row["source"]) if row["source"] else None,
            times_confirmed=row["times_confirmed"] or 0,
            times_rejected=row["times_rejected"] or 0,
            last_used_at=row["last_used_at"],
        )
        found.setdefault(row["place"], []).append(known)
    return found


async def insert_manual(
    tx: Transaction, distributor_id: UUID, customer_id: UUID, phrase: str, phrase_key: str, product_id: UUID, variant_id: UUID | None
) -> Alias:
    """Write down by hand what a customer calls a product. Raises NotFound, Conflict."""
    try:
        row = await tx.fetchrow(
            f"""
            insert into customer_product_aliases (distributor_id, customer_id, phrase, phrase_key, product_id, variant_id, source)
            values ($1, $2, $3, $4, $5, $6, 'MANUAL')
            returning {READABLE}
            """,  # noqa: S608 - column names of ours
            distributor_id,
            customer_id,
            phrase,
            phrase_key,
            product_id,
            variant_id,
        )
    except ForeignKeyViolationError:
        raise NotFound(f"there is no product {product_id}") from None
    except UniqueViolationError:
        raise Conflict("the customer calls this product so already") from None
    assert row is not None
    return Alias.model_validate(dict(row))


async def select_aliases(connection: Connection, distributor_id: UUID, customer_id: UUID | None, after: UUID, limit: int) -> Sequence[Alias]:
    """Return aliases by their id, of one customer where one is named."""
    rows = await connection.fetch(
        f"""
        select {READABLE} from customer_product_aliases
         where distributor_id = $1 and id > $2 and ($3::uuid is null or customer_id = $3)
         order by id
         limit $4
        """,  # noqa: S608 - column names of ours
        distributor_id,
        after,
        customer_id,
        limit,
    )
    return [Alias.model_validate(dict(row)) for row in rows]


async def delete_alias(tx: Transaction, distributor_id: UUID, alias_id: UUID) -> bool:
    """Forget an alias. Returns False where there is none."""
    gone = "delete from customer_product_aliases where distributor_id = $1 and id = $2 returning true"
    return bool(await tx.fetchval(gone, distributor_id, alias_id))


async def delete_customer(tx: Transaction, distributor_id: UUID, customer_id: UUID) -> None:
    """Forget what a customer calls products."""
    await tx.execute("delete from customer_product_aliases where distributor_id = $1 and customer_id = $2", distributor_id, customer_id)


async def upsert_unmatched(tx: Transaction, phrases: Sequence[Mapping[str, Any]]) -> None:
    """Count phrases (distributor_id, phrase_key, phrase, times) that nothing was found for."""
    await tx.execute(
        """
        insert into unmatched_phrases as u (distributor_id, phrase_key, phrase, times)
        select * from json_to_recordset($1::json) as e (distributor_id uuid, phrase_key text, phrase text, times int)
         order by distributor_id, phrase_key
            on conflict (distributor_id, phrase_key) do update set phrase = excluded.phrase, times = u.times + excluded.times, last_seen_at = now()
        """,
        postgres.to_json_text(phrases),
    )


async def select_unmatched(connection: Connection, distributor_id: UUID, since: datetime, offset: int, limit: int) -> Sequence[dict[str, Any]]:
    """Return what was asked for since then and not found, the commonest first."""
    rows = await connection.fetch(
        """
        select phrase, times, first_seen_at, last_seen_at from unmatched_phrases
         where distributor_id = $1 and last_seen_at >= $2
         order by times desc, phrase_key
        offset $3 limit $4
        """,
        distributor_id,
        since,
        offset,
        limit,
    )
    return [dict(row) for row in rows]


async def delete_unmatched(tx: Transaction, distributor_id: UUID, phrase_key: str) -> bool:
    """Forget a phrase that is dealt with. Returns False where it is none."""
    gone = "delete from unmatched_phrases where distributor_id = $1 and phrase_key = $2 returning true"
    return bool(await tx.fetchval(gone, distributor_id, phrase_key))


def _keys(keys: Iterable[Key]) -> str:
    return postgres.to_json_text([{"distributor_id": tenant, "customer_id": customer, "phrase_key": key} for tenant, customer, key in sorted(keys)])
