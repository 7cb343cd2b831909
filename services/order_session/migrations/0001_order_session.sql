-- migrate:up

-- Our copies of distributor.changed and customer.changed: what an order depends on.
create table distributors (
    distributor_id uuid not null primary key,
    business_name text not null,
    currency text not null check (length(currency) = 3),
    timezone text not null,
    ai_confidence_threshold numeric(4, 3) not null check (ai_confidence_threshold between 0 and 1),
    minimum_order_amount numeric(14, 2),
    auto_confirm boolean not null,
    as_of timestamptz not null,
    created_at timestamptz not null default now()
);
call isolate_tenants('distributors');

create table customers (
    distributor_id uuid not null,
    id uuid not null,
    business_name text not null,
    customer_code text not null,
    address text,
    as_of timestamptz not null,
    created_at timestamptz not null default now(),
    primary key (distributor_id, id)
);
call isolate_tenants('customers');

create table conversation_order_sessions (
    distributor_id uuid not null,
    id uuid not null,
    conversation_id uuid not null,
    customer_id uuid,
    contact_id uuid,
    channel text not null check (channel in ('WHATSAPP', 'SMS', 'EMAIL')),
    status text not null check (status in ('ACTIVE', 'COLLECTING', 'REVIEWING', 'CLOSED')),
    -- The number of its events; grows with each.
    version integer not null check (version > 0),
    started_at timestamptz not null,
    collecting_started_at timestamptz,
    review_started_at timestamptz,
    last_activity_at timestamptz not null,
    expires_at timestamptz,
    closed_at timestamptz,
    outcome text check (outcome in ('CONFIRMED', 'CANCELLED', 'TIMEOUT', 'ABANDONED')),
    outcome_reason text,
    consolidated_order_id uuid,
    session_metadata jsonb not null default '{}' check (jsonb_typeof(session_metadata) = 'object'),
    ai_confidence_avg numeric(4, 3) check (ai_confidence_avg between 0 and 1),
    ai_interactions_count integer not null default 0 check (ai_interactions_count >= 0),
    auto_close_timeout_minutes integer not null default 240 check (auto_close_timeout_minutes > 0),
    reminder_sent_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by text not null default 'ai',
    closed_by text,
    primary key (distributor_id, id),
    constraint closed_with_an_outcome check ((status = 'CLOSED') = (outcome is not null) and (status = 'CLOSED') = (closed_at is not null))
) with (fillfactor = 80);
create unique index one_open_session_a_conversation on conversation_order_sessions (distributor_id, conversation_id) where status <> 'CLOSED';
create index conversation_order_sessions_of_conversation on conversation_order_sessions (distributor_id, conversation_id, started_at desc);
create index conversation_order_sessions_order on conversation_order_sessions (distributor_id, consolidated_order_id)
where consolidated_order_id is not null;
call isolate_tenants('conversation_order_sessions');
call keep_updated_at('conversation_order_sessions');

create table order_session_items (
    distributor_id uuid not null,
    id uuid not null,
    order_session_id uuid not null,
    product_id uuid,
    variant_id uuid,
    product_name text not null,
    product_code text,
    quantity numeric(12, 3) not null check (quantity >= 0),
    unit text,
    unit_price numeric(14, 4) not null check (unit_price >= 0),
    source_message_id uuid not null,
    original_text text not null,
    text_start integer not null check (text_start >= 0),
    text_end integer not null check (text_end >= text_start),
    ai_extracted boolean not null default true,
    ai_confidence numeric(4, 3) check (ai_confidence between 0 and 1),
    matching_method text not null
        check (matching_method in ('EXACT_MATCH', 'FUZZY_MATCH', 'AI_MATCH', 'MANUAL_OVERRIDE', 'LEARNED', 'UNMATCHED')),
    matching_confidence numeric(4, 3) not null check (matching_confidence between 0 and 1),
    matching_score numeric(4, 3) not null check (matching_score between 0 and 1),
    alternatives jsonb not null default '[]' check (jsonb_typeof(alternatives) = 'array'),
    status text not null check (status in ('PENDING', 'CONFIRMED', 'REMOVED')),
    added_at timestamptz not null,
    confirmed_at timestamptz,
    removed_at timestamptz,
    item_metadata jsonb not null default '{}' check (jsonb_typeof(item_metadata) = 'object'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    foreign key (distributor_id, order_session_id) references conversation_order_sessions (distributor_id, id)
) with (fillfactor = 80);
create index order_session_items_of_session on order_session_items (distributor_id, order_session_id);
call isolate_tenants('order_session_items');
call keep_updated_at('order_session_items');

-- What happened in a session, numbered without a gap. The session can be rebuilt from it alone.
create table order_session_events (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    order_session_id uuid not null,
    sequence integer not null check (sequence > 0),
    event_type text not null check (event_type in (
        'SESSION_STARTED', 'SESSION_CLOSED', 'STATUS_CHANGED', 'ITEM_ADDED', 'ITEM_REMOVED', 'ITEM_MODIFIED', 'REVIEW_REQUESTED', 'ORDER_CONFIRMED',
        'ORDER_CANCELLED', 'REMINDER_SENT', 'TIMEOUT_WARNING', 'AI_PROCESSING')),
    event_data jsonb not null check (jsonb_typeof(event_data) = 'object'),
    triggered_by text not null,
    message_id uuid,
    created_at timestamptz not null,
    primary key (distributor_id, id),
    foreign key (distributor_id, order_session_id) references conversation_order_sessions (distributor_id, id),
    constraint order_session_events_gapless unique (distributor_id, order_session_id, sequence)
);
create index order_session_events_of_message on order_session_events (distributor_id, message_id) where message_id is not null;
call isolate_tenants('order_session_events');
call make_append_only('order_session_events');

-- The last order number of each tenant; its row lock keeps the numbers gapless.
create table order_numbers (
    distributor_id uuid not null primary key,
    last_number bigint not null,
    created_at timestamptz not null default now()
);
call isolate_tenants('order_numbers');

create table orders (
    distributor_id uuid not null,
    id uuid not null,
    order_number bigint not null check (order_number > 0),
    version integer not null default 1 check (version > 0),
    customer_id uuid,
    conversation_id uuid,
    channel text not null check (channel in ('WHATSAPP', 'SMS', 'EMAIL', 'MANUAL', 'API')),
    status text not null check (status in ('PENDING', 'REVIEW', 'CONFIRMED', 'CANCELLED', 'FULFILLED')),
    received_date date not null,
    received_time time not null,
    delivery_date date,
    postal_code text,
    delivery_address text,
    currency text not null check (length(currency) = 3),
    total_amount numeric(14, 2) not null,
    additional_comment text,
    whatsapp_message text,
    ai_generated boolean not null,
    ai_confidence numeric(4, 3) check (ai_confidence between 0 and 1),
    ai_source_message_id uuid,
    order_session_id uuid,
    is_consolidated boolean not null default false,
    requires_review boolean not null default false,
    review_reasons jsonb not null default '[]' check (jsonb_typeof(review_reasons) = 'array'),
    reviewed_by uuid,
    reviewed_at timestamptz,
    external_order_id text,
    cancelled_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    foreign key (distributor_id, order_session_id) references conversation_order_sessions (distributor_id, id),
    constraint one_order_a_session unique (distributor_id, order_session_id),
    constraint orders_number unique (distributor_id, order_number)
);
create index orders_newest_first on orders (distributor_id, order_number desc);
create index orders_of_customer on orders (distributor_id, customer_id) where customer_id is not null;
create index orders_of_conversation on orders (distributor_id, conversation_id) where conversation_id is not null;
create index orders_in_review on orders (distributor_id, created_at) where status = 'REVIEW';
call isolate_tenants('orders');
call keep_updated_at('orders');

create table order_products (
    distributor_id uuid not null,
    id uuid not null,
    order_id uuid not null,
    product_name text not null,
    product_unit text not null,
    quantity numeric(12, 3) not null check (quantity >= 0),
    unit_price numeric(14, 4) not null check (unit_price >= 0),
    line_price numeric(14, 2) not null check (line_price >= 0),
    ai_extracted boolean not null,
    ai_confidence numeric(4, 3) check (ai_confidence between 0 and 1),
    ai_original_text text,
    text_start integer,
    text_end integer,
    suggested_product_id uuid,
    manual_override boolean not null default false,
    line_order integer not null check (line_order > 0),
    notes text,
    matched_product_id uuid,
    variant_id uuid,
    bundle_id uuid,
    product_code text,
    matching_confidence numeric(4, 3) check (matching_confidence between 0 and 1),
    matching_method text not null
        check (matching_method in ('EXACT_MATCH', 'FUZZY_MATCH', 'AI_MATCH', 'MANUAL_OVERRIDE', 'LEARNED', 'UNMATCHED')),
    matching_score numeric(4, 3) check (matching_score between 0 and 1),
    alternative_matches jsonb not null default '[]' check (jsonb_typeof(alternative_matches) = 'array'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    foreign key (distributor_id, order_id) references orders (distributor_id, id),
    constraint order_products_line unique (distributor_id, order_id, line_order)
);
call isolate_tenants('order_products');
call keep_updated_at('order_products');

-- migrate:down

drop table order_products, orders, order_numbers, order_session_events, order_session_items, conversation_order_sessions, customers, distributors;
