-- migrate:up

-- Our messages on their way to the provider: one row a message, the queue and its history in one.
create table outbound_messages (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    message_id uuid not null,
    conversation_id uuid not null,
    thread_position integer not null check (thread_position > 0),
    integration_id uuid not null,
    channel text not null check (channel in ('WHATSAPP', 'SMS', 'EMAIL')),
    -- Our side of the channel, as the provider names it; null where nobody knows it.
    channel_account text,
    address text,
    content text not null,
    state text not null default 'PENDING' check (state in ('PENDING', 'SENT', 'FAILED')),
    -- How often it was begun to be sent.
    attempt integer not null default 0 check (attempt >= 0),
    run_after timestamptz not null default now(),
    -- Until then some process is sending it; once past, that process is taken for dead and the message is sent again.
    locked_until timestamptz not null default '-infinity',
    external_message_id text,
    error_code text,
    -- The event that asked for it, and the one that began the story: what becomes of the message names them as its causes.
    event_id uuid not null,
    correlation_id uuid not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    unique (distributor_id, message_id),
    check ((state = 'SENT') = (external_message_id is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
create index outbound_messages_due on outbound_messages (distributor_id, integration_id, run_after) where state = 'PENDING';
create index outbound_messages_in_order on outbound_messages (distributor_id, conversation_id, thread_position) where state = 'PENDING';
call isolate_tenants('outbound_messages');
call open_to_workers('outbound_messages', 'select, update, delete');
call keep_updated_at('outbound_messages');

-- Our copy of how each account at a provider is reached; a deleted one stays, inactive and without its credentials.
create table integrations (
    distributor_id uuid not null,
    id uuid not null,
    provider text not null,
    channel text not null check (channel in ('WHATSAPP', 'SMS', 'EMAIL')),
    external_account_id text not null,
    status text not null check (status in ('ACTIVE', 'INACTIVE', 'ERROR', 'PENDING_AUTH')),
    config jsonb not null check (jsonb_typeof(config) = 'object'),
    -- As they came: sealed with the master key for integration.changed/<id>, in Base64.
    sealed_credentials text,
    as_of timestamptz not null,
    created_at timestamptz not null default now(),
    primary key (distributor_id, id)
);
call isolate_tenants('integrations');

-- How fast each integration may send: a bucket of `tokens`, as they were at `tokens_at`, that holds a second's worth. Each claim takes one.
create table send_rates (
    distributor_id uuid not null,
    integration_id uuid not null,
    messages_per_second double precision not null check (messages_per_second > 0),
    tokens double precision not null,
    tokens_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    primary key (distributor_id, integration_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
call isolate_tenants('send_rates');
call open_to_workers('send_rates', 'select, update');

-- Whether we may write to an address, by its owner's last word; without any we may.
create table consents (
    distributor_id uuid not null,
    channel text not null check (channel in ('WHATSAPP', 'SMS', 'EMAIL')),
    address text not null,
    may_write boolean not null,
    as_of timestamptz not null,
    created_at timestamptz not null default now(),
    primary key (distributor_id, channel, address)
);
call isolate_tenants('consents');

-- The last message from each address, in whatever conversation: when WhatsApp's window closes, and which mail ours answers.
create table last_inbound (
    distributor_id uuid not null,
    channel text not null check (channel in ('WHATSAPP', 'SMS', 'EMAIL')),
    address text not null,
    last_inbound_at timestamptz not null,
    mail_id text,
    mail_subject text,
    created_at timestamptz not null default now(),
    primary key (distributor_id, channel, address)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
call isolate_tenants('last_inbound');

-- migrate:down

drop table last_inbound, consents, send_rates, integrations, outbound_messages;
