-- migrate:up

-- The tenant in the index of texts.
create extension btree_gin;

-- Our copies of what support may speak of: products, and the orders of each conversation.
create table products (
    distributor_id uuid not null,
    id uuid not null,
    name text not null,
    unit text not null,
    unit_price numeric(14, 4) not null,
    in_stock boolean not null,
    stock_quantity numeric(12, 3),
    active boolean not null,
    search_vector tsvector not null generated always as (to_tsvector('english', name)) stored,
    as_of timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id)
);
create index products_search on products using gin (distributor_id, search_vector);
call isolate_tenants('products');
call keep_updated_at('products');

create table orders (
    distributor_id uuid not null,
    id uuid not null,
    conversation_id uuid,
    order_number bigint not null,
    status text not null,
    delivery_date date,
    total_amount numeric(14, 2) not null,
    currency text not null,
    version integer not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id)
);
create index orders_of_conversation on orders (distributor_id, conversation_id, order_number);
call isolate_tenants('orders');
call keep_updated_at('orders');

-- migrate:down

drop table orders, products;
drop extension btree_gin;
