-- migrate:up

-- The order in which a status may move; FAILED is final.
create function message_status_rank(status text) returns integer
    language sql immutable parallel safe
    as $$ select array_position(array['RECEIVED', 'QUEUED', 'SENT', 'DELIVERED', 'READ', 'FAILED'], status) $$;

-- Its id is derived from (distributor, channel, customer or contact): schemas/contact.py.
-- Each message updates its row. No index holds what changes then, and the pages have room, so that these updates stay on their page (HOT):
-- the newest conversations of a tenant are found by sorting the tenant's.
create table conversations (
    distributor_id uuid not null,
    id uuid not null,
    customer_id uuid,
    contact_id uuid not null,
    channel text not null check (channel in ('WHATSAPP', 'SMS', 'EMAIL')),
    status text not null default 'ACTIVE' check (status in ('ACTIVE', 'ARCHIVED')),
    integration_id uuid not null,
    -- Our side of the channel, as the provider names it: what replies are sent from.
    channel_account text,
    external_thread_id text,
    -- Where replies go: the address that wrote last.
    contact_address text not null,
    last_message_at timestamptz not null,
    window_expires_at timestamptz,
    unread_count integer not null default 0 check (unread_count >= 0),
    last_thread_position integer not null default 0 check (last_thread_position >= 0),
    ai_context_summary text,
    ai_last_processed_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id)
) with (fillfactor = 50);
create unique index conversations_of_customer on conversations (distributor_id, channel, customer_id) where customer_id is not null;
create unique index conversations_of_unknown on conversations (distributor_id, channel, contact_id) where customer_id is null;
call isolate_tenants('conversations');
call keep_updated_at('conversations');

create table messages (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    conversation_id uuid not null,
    content text not null,
    is_from_customer boolean not null,
    direction text not null generated always as (case when is_from_customer then 'INBOUND' else 'OUTBOUND' end) stored,
    message_type text not null default 'TEXT'
        check (message_type in ('TEXT', 'IMAGE', 'AUDIO', 'FILE', 'ORDER_CONTEXT', 'INTERACTIVE', 'LOCATION', 'TEMPLATE')),
    status text not null check (status in ('RECEIVED', 'QUEUED', 'SENT', 'DELIVERED', 'READ', 'FAILED')),
    attachments jsonb not null default '[]' check (jsonb_typeof(attachments) = 'array'),
    transcript text,
    ai_processed boolean not null default false,
    ai_confidence numeric(4, 3) check (ai_confidence between 0 and 1),
    ai_extracted_intent text,
    ai_extracted_products jsonb check (jsonb_typeof(ai_extracted_products) = 'array'),
    ai_suggested_responses jsonb check (jsonb_typeof(ai_suggested_responses) = 'array'),
    order_context_id uuid,
    order_session_id uuid,
    thread_position integer not null check (thread_position > 0),
    reply_to_message_id uuid,
    sender_contact_id uuid,
    integration_id uuid,
    external_message_id text,
    external_metadata jsonb not null default '{}' check (jsonb_typeof(external_metadata) = 'object'),
    error_code text,
    sent_at timestamptz not null,
    edited_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    foreign key (distributor_id, conversation_id) references conversations (distributor_id, id),
    foreign key (distributor_id, reply_to_message_id) references messages (distributor_id, id),
    constraint messages_thread_position unique (distributor_id, conversation_id, thread_position)
);
create unique index messages_external on messages (distributor_id, integration_id, external_message_id) where external_message_id is not null;
create index messages_reply_to on messages (distributor_id, reply_to_message_id) where reply_to_message_id is not null;
create index messages_of_order_session on messages (distributor_id, order_session_id) where order_session_id is not null;
call isolate_tenants('messages');
call keep_updated_at('messages');

-- What a provider calls a message. Its key is what makes a message that arrives twice one message.
create table external_message_mappings (
    distributor_id uuid not null,
    integration_id uuid not null,
    direction text not null check (direction in ('INBOUND', 'OUTBOUND')),
    external_id text not null,
    message_id uuid not null,
    external_conversation_id text,
    status text not null check (status in ('RECEIVED', 'QUEUED', 'SENT', 'DELIVERED', 'READ', 'FAILED')),
    status_at timestamptz not null,
    error_code text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, integration_id, direction, external_id),
    foreign key (distributor_id, message_id) references messages (distributor_id, id)
);
create index external_message_mappings_of_message on external_message_mappings (distributor_id, message_id);
call isolate_tenants('external_message_mappings');
call keep_updated_at('external_message_mappings');

-- migrate:down

drop table external_message_mappings, messages, conversations;
drop function message_status_rank;
