-- migrate:up

-- Our copy of what files are downloaded with; a deleted integration stays, without its credentials.
create table integrations (
    distributor_id uuid not null,
    id uuid not null,
    provider text not null check (provider in ('Meta', 'Twilio', 'SendGrid', 'Mailgun', 'Postmark', 'Gateway')),
    -- As they came: sealed with the master key for integration.changed/<id>, in Base64.
    sealed_credentials text,
    as_of timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id)
);
call isolate_tenants('integrations');
call keep_updated_at('integrations');

-- The files of messages: the queue of those that are to be fetched, and what is known of those that were. messages.attachments is its summary.
create table message_attachments (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    message_id uuid not null,
    conversation_id uuid not null,
    -- Which of the message's files it is, from 0 on.
    place integer not null check (place >= 0),
    kind text not null check (kind in ('IMAGE', 'AUDIO', 'VIDEO', 'DOCUMENT')),
    integration_id uuid not null,
    channel text not null check (channel in ('WHATSAPP', 'SMS', 'EMAIL')),
    -- Where it is fetched: the provider's id of it, or an address.
    external_id text,
    url text,
    filename text,
    -- What the provider says, until it is stored; then what it is.
    mime_type text,
    sha256 text,
    size_bytes bigint check (size_bytes >= 0),
    storage_key text,
    scan_status text not null default 'NOT_SCANNED' check (scan_status in ('NOT_SCANNED', 'CLEAN', 'INFECTED')),
    extracted_text text,
    state text not null default 'PENDING' check (state in ('PENDING', 'STORED', 'FAILED')),
    -- How often it was begun to be fetched.
    attempt integer not null default 0 check (attempt >= 0),
    run_after timestamptz not null default now(),
    -- Until then some process is fetching it; once past, that process is taken for dead and the file is fetched again.
    locked_until timestamptz not null default '-infinity',
    -- Why it was not fetched; of a stored one, why its text was not read.
    error_code text,
    -- The event that brought it, and the one that began the story: what is told of its text names them as its causes.
    event_id uuid not null,
    correlation_id uuid not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    foreign key (distributor_id, message_id) references messages (distributor_id, id),
    unique (distributor_id, message_id, place),
    check ((state = 'STORED') = (storage_key is not null))
) with (autovacuum_vacuum_scale_factor = 0.02);
create index message_attachments_due on message_attachments (run_after) where state = 'PENDING';
call isolate_tenants('message_attachments');
call open_to_workers('message_attachments', 'select, update');
call keep_updated_at('message_attachments');

-- migrate:down

drop table message_attachments, integrations;
