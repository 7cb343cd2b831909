-- migrate:up

create table product_categories (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    name text not null check (length(name) between 1 and 200),
    -- Null at the top.
    parent_category_id uuid,
    description text,
    ai_keywords jsonb not null default '[]' check (jsonb_typeof(ai_keywords) = 'array'),
    sort_order integer not null default 0,
    active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    foreign key (distributor_id, parent_category_id) references product_categories (distributor_id, id)
);
create unique index product_categories_name on product_categories (distributor_id, parent_category_id, name) nulls not distinct;
call isolate_tenants('product_categories');
call keep_updated_at('product_categories');

-- A category cannot stand below itself. Moves of one tenant wait for each other, so that two of them cannot close a circle together.
create function refuse_category_cycle() returns trigger
    language plpgsql
    as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('product_categories/' || new.distributor_id, 0));
    if exists (
        with recursive above (id) as (
            select new.parent_category_id
            union
            select c.parent_category_id
              from product_categories c join above on c.id = above.id
             where c.distributor_id = new.distributor_id
        )
        select from above where id = new.id
    ) then
        raise exception 'category % would stand below itself', new.id using errcode = 'check_violation', constraint = 'product_categories_no_cycle';
    end if;
    return null;
end $$;
create trigger no_cycle
    after insert or update of parent_category_id on product_categories
    for each row when (new.parent_category_id is not null) execute function refuse_category_cycle();

create table products (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    name text not null check (length(name) between 1 and 200),
    sku text not null check (length(sku) between 1 and 100),
    description text,
    -- For display; category_id is what counts.
    category text,
    category_id uuid,
    unit text not null check (length(unit) between 1 and 50),
    unit_price numeric(14, 4) not null check (unit_price >= 0),
    brand text,
    model text,
    -- Follows from the product's variants.
    size_variants jsonb not null default '[]' check (jsonb_typeof(size_variants) = 'array'),
    seasonal boolean not null default false,
    minimum_order_quantity numeric(12, 3) not null default 1 check (minimum_order_quantity >= 0),
    maximum_order_quantity numeric(12, 3),
    -- Null: whole ones, or any amount where the unit is a measure.
    order_multiple numeric(12, 3) check (order_multiple > 0),
    lead_time_days integer not null default 0 check (lead_time_days >= 0),
    aliases jsonb not null default '[]' check (jsonb_typeof(aliases) = 'array'),
    keywords jsonb not null default '[]' check (jsonb_typeof(keywords) = 'array'),
    ai_training_examples jsonb not null default '[]' check (jsonb_typeof(ai_training_examples) = 'array'),
    common_misspellings jsonb not null default '[]' check (jsonb_typeof(common_misspellings) = 'array'),
    seasonal_patterns jsonb not null default '[]' check (jsonb_typeof(seasonal_patterns) = 'array'),
    in_stock boolean not null default true,
    stock_quantity numeric(12, 3),
    active boolean not null default true,
    search_text text not null
        generated always as (lower(sku || ' ' || name || ' ' || coalesce(brand, '') || ' ' || coalesce(category, '') || ' ' || aliases::text)) stored,
    -- Has no GIN index: `@@` is not leakproof, so row level security lets it look at the tenant's own rows only, which the sku's index finds.
    search_vector tsvector not null
        generated always as (
            to_tsvector('simple', sku || ' ' || name || ' ' || coalesce(brand, '') || ' ' || coalesce(category, ''))
            || jsonb_to_tsvector('simple', aliases, '["string"]')
        ) stored,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    unique (distributor_id, sku),
    foreign key (distributor_id, category_id) references product_categories (distributor_id, id),
    check (maximum_order_quantity >= minimum_order_quantity)
);
create index products_category on products (distributor_id, category_id);
call isolate_tenants('products');
call keep_updated_at('products');

-- Counts the changes of a tenant's catalog, of all that phrases are matched with, so that a process knows when what it holds in memory is stale.
create table catalog_versions (
    distributor_id uuid primary key,
    version bigint not null
) with (fillfactor = 50);
call isolate_tenants('catalog_versions');

create function count_catalog_change() returns trigger
    language plpgsql
    as $$
begin
    insert into catalog_versions as v (distributor_id, version)
    select distinct distributor_id, 1 from changed order by distributor_id
        on conflict (distributor_id) do update set version = v.version + 1;
    return null;
end $$;
create trigger products_inserted after insert on products referencing new table as changed for each statement execute function count_catalog_change();
create trigger products_updated after update on products referencing new table as changed for each statement execute function count_catalog_change();
create trigger products_deleted after delete on products referencing old table as changed for each statement execute function count_catalog_change();

-- migrate:down

drop table catalog_versions, products, product_categories;
drop function count_catalog_change, refuse_category_cycle;
