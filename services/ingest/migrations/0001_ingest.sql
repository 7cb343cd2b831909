-- migrate:up

create table external_integrations (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    integration_type text not null check (integration_type in ('MESSAGING', 'ECOMMERCE', 'CRM', 'ANALYTICS', 'PAYMENT', 'SHIPPING')),
    provider text not null check (length(provider) between 1 and 50),
    provider_version text,
    channel text not null check (channel in ('WHATSAPP', 'SMS', 'EMAIL')),
    -- phone_number_id, number, mailbox: with the provider it routes an inbound call to its tenant.
    external_account_id text not null check (length(external_account_id) between 1 and 320),
    display_name text not null,
    config jsonb not null default '{}' check (jsonb_typeof(config) = 'object'),
    -- A JSON object and a text, both sealed (libs/keyring.py).
    credentials bytea,
    webhook_url text,
    webhook_secret bytea,
    status text not null default 'ACTIVE' check (status in ('ACTIVE', 'INACTIVE', 'ERROR', 'PENDING_AUTH')),
    last_sync_at timestamptz,
    sync_frequency_minutes integer check (sync_frequency_minutes > 0),
    error_count integer not null default 0 check (error_count >= 0),
    last_error_message text,
    capabilities jsonb not null default '[]' check (jsonb_typeof(capabilities) = 'array'),
    rate_limit_remaining integer,
    rate_limit_reset_at timestamptz,
    -- Counts what its owner changed, and not what calls brought: those would outdate what an owner has in hand.
    version integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id)
);
-- Across tenants: an account belongs to one of them.
create unique index external_integrations_route on external_integrations (provider, external_account_id);
-- A provider's call names the integration alone.
create unique index external_integrations_by_id on external_integrations (id);
call isolate_tenants('external_integrations');
call open_to_workers('external_integrations', 'select');
call keep_updated_at('external_integrations');

-- Each message as it came in. The unique key makes a webhook that is delivered again do nothing.
create table inbound_receipts (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    integration_id uuid not null,
    external_id text not null,
    raw_hash bytea not null,
    -- Sealed (libs/crypto.py).
    raw bytea not null,
    received_at timestamptz not null default now(),
    outcome text not null check (outcome in ('ACCEPTED', 'IGNORED')),
    created_at timestamptz not null default now(),
    primary key (distributor_id, id),
    foreign key (distributor_id, integration_id) references external_integrations (distributor_id, id),
    constraint inbound_receipts_once unique (distributor_id, integration_id, external_id, raw_hash)
);
call isolate_tenants('inbound_receipts');
call open_to_workers('inbound_receipts', 'select (ctid, received_at), delete');

-- Tokens that make a call count once, where the provider's signature does not cover what it brings.
create table webhook_tokens (
    distributor_id uuid not null,
    integration_id uuid not null,
    token text not null,
    created_at timestamptz not null default now(),
    primary key (distributor_id, integration_id, token),
    foreign key (distributor_id, integration_id) references external_integrations (distributor_id, id)
);
call isolate_tenants('webhook_tokens');
call open_to_workers('webhook_tokens', 'select (ctid, created_at), delete');

-- Our copy of distributor.changed: who is served.
create table distributors (
    distributor_id uuid not null primary key,
    status text not null check (status in ('ACTIVE', 'INACTIVE', 'PENDING_SETUP')),
    as_of timestamptz not null,
    created_at timestamptz not null default now()
);
call isolate_tenants('distributors');

-- How new our word on each customer is: an address that was removed must not come back with an older one.
create table customers (
    distributor_id uuid not null,
    customer_id uuid not null,
    as_of timestamptz not null,
    created_at timestamptz not null default now(),
    primary key (distributor_id, customer_id)
);
call isolate_tenants('customers');

-- Our copy of customer.changed: whose address it is.
create table contacts (
    distributor_id uuid not null,
    channel text not null check (channel in ('WHATSAPP', 'SMS', 'EMAIL')),
    address text not null,
    customer_id uuid not null,
    as_of timestamptz not null,
    created_at timestamptz not null default now(),
    primary key (distributor_id, channel, address)
);
create index contacts_of_customer on contacts (distributor_id, customer_id);
call isolate_tenants('contacts');

-- migrate:down

drop table contacts, customers, distributors, webhook_tokens, inbound_receipts, external_integrations;
