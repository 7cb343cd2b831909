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
    -- Our side of the channel, as the provider names it; null where nobody knows it, and then nothing can be sent.
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
create index outbound_messages_due on outbound_messages (run_after) where state = 'PENDING';
create index outbound_messages_in_order on outbound_messages (distributor_id, conversation_id, thread_position) where state = 'PENDING';
call isolate_tenants('outbound_messages');
call open_to_workers('outbound_messages', 'select, update');
call keep_updated_at('outbound_messages');

-- migrate:down

drop table outbound_messages;
