"""On what terms products are sold to those who ask for them, and the bundles that they name. One statement a function."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic_core import from_json

from libs import postgres
from libs.postgres import Connection
from schemas.match import Product
from services.catalog_matcher.domain.bundles import Bundle, Item, PricingMode
from services.catalog_matcher.domain.conversion import Unit
from services.catalog_matcher.domain.quantities import Terms

PURCHASES_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Offer:
    """A product as it is now, at the price that the customer pays, and on what terms; `product` is None where it is not offered any more."""

    product: Product | None
    terms: Terms


async def select_offers(connection: Connection, wanted: Sequence[Mapping[str, Any]]) -> dict[int, Offer]:
    """Return the offers for what customers want (place, distributor_id, customer_id, product_id, variant_id), by their place."""
    rows = await connection.fetch(
        """
        select w.place, p.id as product_id, v.id as variant_id, coalesce(v.sku, p.sku) as sku, p.unit,
               case when v.id is null then p.name else p.name || ' ' || v.variant_name end as name,
               coalesce(l.unit_price, v.unit_price, p.unit_price) as unit_price,
               p.active and (w.variant_id is null or coalesce(v.active, false)) as offered,
               p.minimum_order_quantity, p.maximum_order_quantity, p.order_multiple, p.in_stock, p.lead_time_days,
               case when v.id is null then p.stock_quantity else v.stock_quantity end as stock,
               case when p.seasonal then p.seasonal_patterns end as seasons, u.units, b.bought
          from json_to_recordset($1::json) as w (place int, distributor_id uuid, customer_id uuid, product_id uuid, variant_id uuid)
          join products p on p.distributor_id = w.distributor_id and p.id = w.product_id
          left join product_variants v on v.distributor_id = w.distributor_id and v.product_id = w.product_id and v.id = w.variant_id
          left join customers c on c.distributor_id = w.distributor_id and c.id = w.customer_id
          left join lateral (
               select i.unit_price
                 from price_lists o join price_list_items i on i.distributor_id = o.distributor_id and i.price_list_id = o.id
                where o.distributor_id = w.distributor_id and o.id = c.price_list_id and o.active
                  and coalesce(o.valid_from <= current_date, true) and coalesce(o.valid_to >= current_date, true)
                  and i.product_id = w.product_id and (i.variant_id is null or i.variant_id = w.variant_id)
                order by i.variant_id nulls last
                limit 1
          ) l on true
          left join lateral (
               select json_agg(json_build_array(unit, factor::text, is_default, catch_weight)) as units
                 from product_units where distributor_id = w.distributor_id and product_id = w.product_id
          ) u on true
          left join lateral (
               select array_agg(quantity) as bought from (
                   select quantity from customer_purchases
                    where distributor_id = w.distributor_id and customer_id = w.customer_id and product_id = w.product_id
                      and variant_id is not distinct from w.variant_id and unit = p.unit
                    order by ordered_at desc
                    limit $2
               ) lately
          ) b on true
        """,
        postgres.to_json_text(wanted),
        PURCHASES_LOOKED_AT,
    )
    return {row["place"]: Offer(_product(row) if row["offered"] else None, _terms(row)) for row in rows}


async def select_bundles(connection: Connection, distributor_ids: Iterable[UUID], phrase_keys: Collection[str]) -> dict[tuple[UUID, str], Bundle]:
    """Return the bundles that are offered today and are called by one of these phrases, by tenant and phrase, if all they hold is to be had."""
    rows = await connection.fetch(
        """
        select b.distributor_id, b.id, b.phrase_keys, b.pricing_mode, b.bundle_price, b.discount_percent, i.items
          from product_bundles b
         cross join lateral (
              select json_agg(
                         json_build_object(
                             'product_id', p.id, 'variant_id', v.id, 'sku', coalesce(v.sku, p.sku), 'unit', p.unit,
                             'name', case when v.id is null then p.name else p.name || ' ' || v.variant_name end,
                             'unit_price', coalesce(v.unit_price, p.unit_price)::text,
                             'quantity', round(i.quantity * coalesce(own.factor / coalesce(sale.factor, 1), 1), 3)::text
                         ) order by i.sort_order, i.id
                     ) as items,
                     bool_and(p.active and coalesce(v.active, true)) as complete
                from product_bundle_items i
                join products p on p.distributor_id = i.distributor_id and p.id = i.product_id
                left join product_variants v on v.distributor_id = i.distributor_id and v.product_id = i.product_id and v.id = i.variant_id
                left join product_units own on own.distributor_id = i.distributor_id and own.product_id = i.product_id and own.unit = i.unit
                left join product_units sale on sale.distributor_id = i.distributor_id and sale.product_id = i.product_id and sale.unit = p.unit
               where i.distributor_id = b.distributor_id and i.bundle_id = b.id and not i.optional
         ) i
         where b.distributor_id = any ($1::uuid[]) and b.active and b.phrase_keys && $2::text[] and i.complete
           and coalesce(b.valid_from <= current_date, true) and coalesce(b.valid_to >= current_date, true)
         order by b.id desc
        """,
        list(distributor_ids),
        list(phrase_keys),
    )
    return {(row["distributor_id"], key): _bundle(row) for row in rows for key in row["phrase_keys"]}


def _bundle(row: Record) -> Bundle:
    items = [
        Item(product=Product.model_validate(item), quantity=quantity)
        for item in from_json(row["items"])
        if (quantity := Decimal(item["quantity"])) > 0
    ]
    return Bundle(
        bundle_id=row["id"],
        pricing_mode=PricingMode(row["pricing_mode"]),
        items=tuple(items),
        bundle_price=row["bundle_price"],
        discount_percent=row["discount_percent"],
    )


def _product(row: Record) -> Product:
    return Product.model_validate({name: row[name] for name in Product.model_fields})


def _terms(row: Record) -> Terms:
    units = from_json(row["units"]) if row["units"] else ()
    return Terms(
        unit=row["unit"],
        units=tuple(Unit(unit=unit, factor=Decimal(factor), is_default=default, catch_weight=catch) for unit, factor, default, catch in units),
        minimum=row["minimum_order_quantity"],
        maximum=row["maximum_order_quantity"],
        multiple=row["order_multiple"],
        in_stock=row["in_stock"],
        stock=row["stock"],
        lead_time_days=row["lead_time_days"],
        months=frozenset(_months(row["seasons"])),
        bought=tuple(row["bought"] or ()),
    )


def _months(seasons: list[Any] | None) -> Iterable[int]:
    """Return the months of patterns such as {"months": [6, 7, 8]}; others say nothing that could be checked."""
    for pattern in seasons or ():
        months = pattern.get("months") if isinstance(pattern, dict) else None
        yield from (month for month in months if isinstance(month, int)) if isinstance(months, list) else ()
