-- migrate:up

-- The tenants themselves.
create table distributors (
    distributor_id uuid primary key default uuidv7(),
    id uuid not null generated always as (distributor_id) stored,
    business_name text not null check (length(business_name) between 1 and 200),
    domain text unique,
    subdomain text not null unique check (subdomain ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    -- SHA-256 of the primary API key.
    api_key_hash bytea,
    -- Encrypted for this column and row: libs/crypto.py.
    webhook_secret bytea,
    subscription_tier text not null default 'FREE' check (subscription_tier in ('FREE', 'BASIC', 'PREMIUM', 'ENTERPRISE')),
    subscription_status text not null default 'ACTIVE' check (subscription_status in ('ACTIVE', 'SUSPENDED', 'CANCELLED')),
    billing_email text,
    contact_name text,
    contact_email text,
    contact_phone text,
    address text,
    timezone text not null default 'UTC',
    locale text not null default 'en',
    currency text not null default 'USD' check (currency ~ '^[A-Z]{3}$'),
    ai_enabled boolean not null default true,
    -- Null: the installation's own choice.
    ai_model_preference text,
    ai_confidence_threshold numeric(4, 3) not null default 0.7 check (ai_confidence_threshold between 0 and 1),
    monthly_ai_budget_usd numeric(14, 2) check (monthly_ai_budget_usd >= 0),
    status text not null default 'ACTIVE' check (status in ('ACTIVE', 'INACTIVE', 'PENDING_SETUP')),
    onboarding_completed boolean not null default false,
    max_customers integer check (max_customers >= 0),
    max_monthly_messages integer check (max_monthly_messages >= 0),
    max_monthly_ai_requests integer check (max_monthly_ai_requests >= 0),
    -- In the distributor's own time zone: what is ordered later is delivered a day later.
    order_cutoff_time time,
    -- ISO: 1 is Monday.
    delivery_weekdays jsonb not null default '[1, 2, 3, 4, 5]' check (jsonb_typeof(delivery_weekdays) = 'array'),
    minimum_order_amount numeric(14, 2) check (minimum_order_amount >= 0),
    auto_confirm boolean not null default true,
    data_retention_days integer check (data_retention_days > 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (id)
);
call isolate_tenants('distributors');
call keep_updated_at('distributors');

create table customers (
    distributor_id uuid not null references distributors (distributor_id),
    id uuid not null default uuidv7(),
    business_name text not null check (length(business_name) between 1 and 200),
    contact_person_name text,
    customer_code text not null check (length(customer_code) between 1 and 50),
    email text,
    phone text,
    address text,
    avatar_url text,
    status text not null default 'NO_ORDERS_YET' check (status in ('ORDERING', 'AT_RISK', 'STOPPED_ORDERING', 'NO_ORDERS_YET')),
    invitation_status text not null default 'PENDING' check (invitation_status in ('ACTIVE', 'PENDING')),
    joined_date timestamptz not null default now(),
    last_ordered_date timestamptz,
    expected_order_date timestamptz,
    total_orders integer not null default 0 check (total_orders >= 0),
    total_spent numeric(14, 2) not null default 0,
    -- catalog_matcher's.
    price_list_id uuid,
    language text,
    delivery_notes text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    unique (distributor_id, customer_code)
);
call isolate_tenants('customers');
call keep_updated_at('customers');

-- The people who write for a customer. The id is derived from (distributor, channel, address): schemas/contact.py.
create table customer_contacts (
    distributor_id uuid not null,
    id uuid not null,
    customer_id uuid not null,
    channel text not null check (channel in ('WHATSAPP', 'SMS', 'EMAIL')),
    address text not null check (length(address) between 1 and 320),
    external_user_id text,
    display_name text,
    verified_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    unique (distributor_id, channel, address),
    foreign key (distributor_id, customer_id) references customers (distributor_id, id) on delete cascade
);
create index customer_contacts_customer on customer_contacts (distributor_id, customer_id);
call isolate_tenants('customer_contacts');
call keep_updated_at('customer_contacts');

-- Predefined labels belong to the nil UUID, which is nobody's tenant: no request can write them, every tenant can read them.
create table customer_labels (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    name text not null check (length(name) between 1 and 100),
    color text not null default '#808080' check (color ~ '^#[0-9A-Fa-f]{6}$'),
    description text,
    is_predefined boolean not null generated always as (distributor_id = '00000000-0000-0000-0000-000000000000') stored,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    unique (distributor_id, name)
);
call isolate_tenants('customer_labels');
call keep_updated_at('customer_labels');
create policy predefined on customer_labels for select
    using (distributor_id = '00000000-0000-0000-0000-000000000000' and cardinality((select current_distributor_ids())) > 0);

create table customer_label_assignments (
    distributor_id uuid not null,
    customer_id uuid not null,
    label_id uuid not null,
    -- The tenant's own, or the nil UUID for a predefined label.
    label_distributor_id uuid not null check (label_distributor_id in (distributor_id, '00000000-0000-0000-0000-000000000000')),
    value text,
    assigned_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, customer_id, label_id),
    foreign key (distributor_id, customer_id) references customers (distributor_id, id) on delete cascade,
    foreign key (label_distributor_id, label_id) references customer_labels (distributor_id, id) on delete cascade
);
create index customer_label_assignments_label on customer_label_assignments (distributor_id, label_id);
create index customer_label_assignments_referenced on customer_label_assignments (label_distributor_id, label_id);
call isolate_tenants('customer_label_assignments');
call keep_updated_at('customer_label_assignments');

-- Row level security holds for the owner too: the migration names itself the nil tenant until its transaction ends.
select set_config('comanda.distributor_ids', '{00000000-0000-0000-0000-000000000000}', true);
insert into customer_labels (distributor_id, name, color, description)
values
    ('00000000-0000-0000-0000-000000000000', 'Restaurant', '#E4572E', 'Cooks for guests'),
    ('00000000-0000-0000-0000-000000000000', 'Bar', '#7B2D8B', 'Sells drinks first'),
    ('00000000-0000-0000-0000-000000000000', 'Cafe', '#A9714B', 'Coffee, pastries, light meals'),
    ('00000000-0000-0000-0000-000000000000', 'Bakery', '#F3A712', 'Bakes on the premises'),
    ('00000000-0000-0000-0000-000000000000', 'Hotel', '#2E86AB', 'Rooms, and the kitchens that belong to them'),
    ('00000000-0000-0000-0000-000000000000', 'Caterer', '#29A37A', 'Cooks for events'),
    ('00000000-0000-0000-0000-000000000000', 'Convenience Store', '#5C6B73', 'Sells on to consumers'),
    ('00000000-0000-0000-0000-000000000000', 'Dairy', '#76C7F0', 'Makes or sells milk products');

-- migrate:down

drop table customer_label_assignments, customer_labels, customer_contacts, customers, distributors;
