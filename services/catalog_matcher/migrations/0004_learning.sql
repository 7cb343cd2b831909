-- migrate:up

-- What customers bought, a row for each line of an order as its newest version has it, and the words they used for it.
create table customer_purchases (
    distributor_id uuid not null,
    order_id uuid not null,
    line_id uuid not null,
    customer_id uuid not null,
    order_version integer not null check (order_version > 0),
    line_order integer not null check (line_order > 0),
    product_id uuid not null,
    variant_id uuid,
    product_name text not null,
    unit text not null,
    quantity numeric(12, 3) not null,
    -- Null where the catalog itself calls the product so, or nobody wrote anything.
    phrase text,
    phrase_key text check ((phrase_key is null) = (phrase is null)),
    -- A person chose the product.
    corrected boolean not null default false,
    -- What had been understood before a person corrected it.
    rejected_product_id uuid,
    ordered_at timestamptz not null,
    told_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, order_id, line_id)
);
create index customer_purchases_orders on customer_purchases (distributor_id, customer_id, ordered_at desc);
create index customer_purchases_product on customer_purchases (distributor_id, customer_id, product_id, ordered_at desc);
create index customer_purchases_phrase on customer_purchases (distributor_id, customer_id, phrase_key) where phrase_key is not null;
call isolate_tenants('customer_purchases');
call keep_updated_at('customer_purchases');

-- What a customer calls a product. Follows from the purchases, but for what was entered by hand.
create table customer_product_aliases (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    customer_id uuid not null,
    phrase text not null check (length(phrase) between 1 and 200),
    phrase_key text not null check (length(phrase_key) between 1 and 200),
    product_id uuid not null,
    variant_id uuid,
    source text not null check (source in ('CORRECTION', 'CONFIRMED', 'MANUAL')),
    times_confirmed integer not null default 0 check (times_confirmed >= 0),
    times_rejected integer not null default 0 check (times_rejected >= 0),
    last_used_at timestamptz not null default now(),
    last_rejected_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    constraint customer_product_aliases_phrase unique nulls not distinct (distributor_id, customer_id, phrase_key, product_id, variant_id),
    foreign key (distributor_id, product_id) references products (distributor_id, id) on delete cascade
);
create index customer_product_aliases_key on customer_product_aliases (distributor_id, phrase_key, customer_id);
create index customer_product_aliases_product on customer_product_aliases (distributor_id, product_id);
call isolate_tenants('customer_product_aliases');
call keep_updated_at('customer_product_aliases');

-- What customers ask for and the catalog does not know.
create table unmatched_phrases (
    distributor_id uuid not null,
    phrase_key text not null check (length(phrase_key) between 1 and 200),
    -- As it was written last.
    phrase text not null,
    times integer not null check (times > 0),
    first_seen_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, phrase_key)
);
create index unmatched_phrases_most on unmatched_phrases (distributor_id, times desc, phrase_key);
call isolate_tenants('unmatched_phrases');
call keep_updated_at('unmatched_phrases');

-- migrate:down

drop table unmatched_phrases, customer_product_aliases, customer_purchases;
