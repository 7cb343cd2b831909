-- migrate:up

-- In what a product is counted: a case is 12 bottles.
create table product_units (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    product_id uuid not null,
    unit text not null check (length(unit) between 1 and 50),
    -- How many of the product's smallest unit it holds. The unit of sale without a row of its own holds one.
    factor numeric(14, 6) not null check (factor > 0),
    -- What a number without a unit counts; the unit of sale where no row says so.
    is_default boolean not null default false,
    -- Its weight differs from piece to piece: the factor is what it comes to on average.
    catch_weight boolean not null default false,
    gtin text check (gtin ~ '^([0-9]{8}|[0-9]{12,14})$'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    constraint product_units_unit unique (distributor_id, product_id, unit),
    foreign key (distributor_id, product_id) references products (distributor_id, id) on delete cascade
);
create unique index product_units_default on product_units (distributor_id, product_id) where is_default;
create index product_units_gtin on product_units (distributor_id, gtin) where gtin is not null;
call isolate_tenants('product_units');
call keep_updated_at('product_units');

create table product_variants (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    product_id uuid not null,
    variant_name text not null check (length(variant_name) between 1 and 200),
    variant_type text not null check (variant_type in ('SIZE', 'COLOR', 'VOLUME', 'WEIGHT', 'FLAVOR', 'STYLE')),
    sku text not null check (length(sku) between 1 and 100),
    unit_price numeric(14, 4) not null check (unit_price >= 0),
    -- Follows from unit_price and the product's: see keep_price_difference and follow_base_price.
    price_difference numeric(14, 4) not null default 0,
    stock_quantity numeric(12, 3),
    low_stock_threshold numeric(12, 3),
    ai_aliases jsonb not null default '[]' check (jsonb_typeof(ai_aliases) = 'array'),
    sort_order integer not null default 0,
    active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    constraint product_variants_sku unique (distributor_id, sku),
    unique (distributor_id, product_id, id),
    foreign key (distributor_id, product_id) references products (distributor_id, id) on delete cascade
);
call isolate_tenants('product_variants');
call keep_updated_at('product_variants');

create function keep_price_difference() returns trigger
    language plpgsql
    as $$
begin
    select new.unit_price - p.unit_price into new.price_difference
      from products p where p.distributor_id = new.distributor_id and p.id = new.product_id;
    new.price_difference := coalesce(new.price_difference, 0);
    return new;
end $$;
create trigger price_difference before insert or update on product_variants for each row execute function keep_price_difference();

-- Where a product's price changes, its variants differ by something else.
create function follow_base_price() returns trigger
    language plpgsql
    as $$
begin
    -- Each of these two changes the other's table: it ends with the statement that changes no row.
    if not exists (select from changed) then
        return null;
    end if;
    update product_variants v set unit_price = v.unit_price
      from changed p
     where v.distributor_id = p.distributor_id and v.product_id = p.id and v.price_difference <> v.unit_price - p.unit_price;
    return null;
end $$;
create trigger base_price_changed after update on products referencing new table as changed
    for each statement execute function follow_base_price();

create function derive_size_variants() returns trigger
    language plpgsql
    as $$
begin
    -- Each of these two changes the other's table: it ends with the statement that changes no row.
    if not exists (select from changed) then
        return null;
    end if;
    update products p set size_variants = s.sizes
      from (
          select c.distributor_id, c.product_id,
                 coalesce(
                     jsonb_agg(
                         jsonb_build_object('name', v.variant_name, 'sku', v.sku, 'aliases', v.ai_aliases) order by v.sort_order, v.variant_name
                     ) filter (where v.active and v.variant_type in ('SIZE', 'VOLUME', 'WEIGHT')), '[]'
                 ) as sizes
            from (select distinct distributor_id, product_id from changed) c
            left join product_variants v using (distributor_id, product_id)
           group by c.distributor_id, c.product_id
      ) s
     where p.distributor_id = s.distributor_id and p.id = s.product_id and p.size_variants <> s.sizes;
    return null;
end $$;
create trigger sizes_inserted after insert on product_variants referencing new table as changed
    for each statement execute function derive_size_variants();
create trigger sizes_updated after update on product_variants referencing new table as changed
    for each statement execute function derive_size_variants();
create trigger sizes_deleted after delete on product_variants referencing old table as changed
    for each statement execute function derive_size_variants();

-- What products are matched with counts as the catalog; what their variants are called is part of them.
create trigger categories_inserted after insert on product_categories referencing new table as changed
    for each statement execute function count_catalog_change();
create trigger categories_updated after update on product_categories referencing new table as changed
    for each statement execute function count_catalog_change();
create trigger categories_deleted after delete on product_categories referencing old table as changed
    for each statement execute function count_catalog_change();

create table product_bundles (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    name text not null check (length(name) between 1 and 200),
    sku text not null check (length(sku) between 1 and 100),
    description text,
    -- SUM: the items at their own prices. FIXED: bundle_price for all. PERCENT: the items with discount_percent off.
    pricing_mode text not null default 'SUM' check (pricing_mode in ('SUM', 'FIXED', 'PERCENT')),
    bundle_price numeric(14, 4) check (bundle_price >= 0),
    discount_percent numeric(5, 2) check (discount_percent between 0 and 100),
    ai_aliases jsonb not null default '[]' check (jsonb_typeof(ai_aliases) = 'array'),
    -- SKU, name and aliases as phrases are compared (domain/phrases.py).
    phrase_keys text[] not null default '{}',
    valid_from date,
    valid_to date,
    active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    constraint product_bundles_sku unique (distributor_id, sku),
    check ((pricing_mode = 'FIXED') = (bundle_price is not null)),
    check ((pricing_mode = 'PERCENT') = (discount_percent is not null)),
    check (valid_to >= valid_from)
);
call isolate_tenants('product_bundles');
call keep_updated_at('product_bundles');

create table product_bundle_items (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    bundle_id uuid not null,
    product_id uuid not null,
    variant_id uuid,
    quantity numeric(12, 3) not null check (quantity > 0),
    -- Null: the product's unit of sale.
    unit text check (length(unit) between 1 and 50),
    -- Left out unless the customer asks for it.
    optional boolean not null default false,
    sort_order integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    constraint product_bundle_items_product unique nulls not distinct (distributor_id, bundle_id, product_id, variant_id),
    foreign key (distributor_id, bundle_id) references product_bundles (distributor_id, id) on delete cascade,
    foreign key (distributor_id, product_id) references products (distributor_id, id),
    foreign key (distributor_id, product_id, variant_id) references product_variants (distributor_id, product_id, id)
);
create index product_bundle_items_of on product_bundle_items (distributor_id, product_id, variant_id);
call isolate_tenants('product_bundle_items');
call keep_updated_at('product_bundle_items');

-- What the customers of a group pay; accounts says which list holds for whom.
create table price_lists (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    name text not null check (length(name) between 1 and 200),
    description text,
    valid_from date,
    valid_to date,
    active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    constraint price_lists_name unique (distributor_id, name),
    check (valid_to >= valid_from)
);
call isolate_tenants('price_lists');
call keep_updated_at('price_lists');

create table price_list_items (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    price_list_id uuid not null,
    product_id uuid not null,
    -- Null: for the product and its variants that have no price of their own on the list.
    variant_id uuid,
    unit_price numeric(14, 4) not null check (unit_price >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    constraint price_list_items_product unique nulls not distinct (distributor_id, price_list_id, product_id, variant_id),
    foreign key (distributor_id, price_list_id) references price_lists (distributor_id, id) on delete cascade,
    foreign key (distributor_id, product_id) references products (distributor_id, id) on delete cascade,
    foreign key (distributor_id, product_id, variant_id) references product_variants (distributor_id, product_id, id) on delete cascade
);
create index price_list_items_of on price_list_items (distributor_id, product_id, variant_id);
call isolate_tenants('price_list_items');
call keep_updated_at('price_list_items');

-- Our copies of what accounts tells: the day it is where a tenant is, and the price list of a customer.
create table distributors (
    distributor_id uuid primary key,
    timezone text not null,
    as_of timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
call isolate_tenants('distributors');
call keep_updated_at('distributors');

create table customers (
    distributor_id uuid not null,
    id uuid not null,
    price_list_id uuid,
    as_of timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id)
);
call isolate_tenants('customers');
call keep_updated_at('customers');

-- migrate:down

drop table customers, distributors, price_list_items, price_lists, product_bundle_items, product_bundles;
drop trigger categories_inserted on product_categories;
drop trigger categories_updated on product_categories;
drop trigger categories_deleted on product_categories;
drop trigger base_price_changed on products;
drop table product_variants, product_units;
drop function derive_size_variants, follow_base_price, keep_price_difference;
