-- migrate:up

-- The tenant in the index of texts.
create extension btree_gin;

-- The order in which a status may move; FAILED is final.
create function message_status_rank(status text) returns integer
    language sql immutable parallel safe
    as $$ select array_position(array['RECEIVED', 'QUEUED', 'SENT', 'DELIVERED', 'READ', 'FAILED'], status) $$;

-- How words of a language are cut to their stems. Constants, so that an index may rest on it: the names never change.
create function search_config(language text) returns regconfig
    language sql immutable parallel safe
    return case lower(left(language, 2))
        when 'da' then 'danish'::regconfig
        when 'de' then 'german'::regconfig
        when 'en' then 'english'::regconfig
        when 'es' then 'spanish'::regconfig
        when 'fi' then 'finnish'::regconfig
        when 'fr' then 'french'::regconfig
        when 'hu' then 'hungarian'::regconfig
        when 'it' then 'italian'::regconfig
        when 'nb' then 'norwegian'::regconfig
        when 'nl' then 'dutch'::regconfig
        when 'no' then 'norwegian'::regconfig
        when 'pt' then 'portuguese'::regconfig
        when 'ro' then 'romanian'::regconfig
        when 'ru' then 'russian'::regconfig
        when 'sv' then 'swedish'::regconfig
        when 'tr' then 'turkish'::regconfig
        else 'simple'::regconfig
    end;

-- Its id is derived from (distributor, channel, customer or contact): schemas/contact.py.
-- Each message updates its row. No index holds what changes then, and the pages have room, so that these updates stay on their page (HOT):
-- the newest conversations of a tenant are found by sorting the tenant's.
create table conversations (
    distributor_id uuid not null,
    id uuid not null,
    customer_id uuid,
    -- The conversation that shows this one's messages, since its sender or its customer turned out to be that one's (docs/decisions/0012).
    merged_into uuid check (merged_into <> id),
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
    primary key (distributor_id, id),
    foreign key (distributor_id, merged_into) references conversations (distributor_id, id)
) with (fillfactor = 50);
create unique index conversations_of_customer on conversations (distributor_id, channel, customer_id)
    where customer_id is not null and merged_into is null;
create index conversations_merged on conversations (distributor_id, merged_into) where merged_into is not null;
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
    -- Subject, chosen button, cart: schemas/message.py.
    parts jsonb not null default '{}' check (jsonb_typeof(parts) = 'object'),
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
    -- What the provider calls the message that this one answers: that message may become known later.
    reply_to_external_id text,
    sender_contact_id uuid,
    integration_id uuid,
    external_message_id text,
    external_metadata jsonb not null default '{}' check (jsonb_typeof(external_metadata) = 'object'),
    error_code text,
    -- What the text is searched in; set with the analysis.
    language text not null default 'simple',
    -- Nothing until a customer's message is analyzed: storing what comes in is not held up by an index.
    search_vector tsvector generated always as (
        case when ai_processed or not is_from_customer
            then to_tsvector(search_config(language), content || ' ' || coalesce(parts ->> 'subject', ''))
        end
    ) stored,
    sent_at timestamptz not null,
    edited_at timestamptz,
    revoked_at timestamptz,
    -- Read from the clock while the conversation is locked, so that it never runs against thread_position.
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    foreign key (distributor_id, conversation_id) references conversations (distributor_id, id),
    foreign key (distributor_id, reply_to_message_id) references messages (distributor_id, id) on delete set null (reply_to_message_id),
    constraint messages_thread_position unique (distributor_id, conversation_id, thread_position)
);
create unique index messages_external on messages (distributor_id, integration_id, external_message_id) where external_message_id is not null;
create index messages_reply_to on messages (distributor_id, reply_to_message_id) where reply_to_message_id is not null;
create index messages_waiting_for_quoted on messages (distributor_id, integration_id, reply_to_external_id)
    where reply_to_external_id is not null and reply_to_message_id is null;
create index messages_search on messages using gin (distributor_id, search_vector) where search_vector is not null;
create index messages_of_order_session on messages (distributor_id, order_session_id) where order_session_id is not null;
call isolate_tenants('messages');
call keep_updated_at('messages');

-- What a message that was changed said, and when; the first text has no amended_at, null says that it was taken back.
create table message_revisions (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    message_id uuid not null,
    content text,
    amended_at timestamptz,
    created_at timestamptz not null default now(),
    primary key (distributor_id, id),
    foreign key (distributor_id, message_id) references messages (distributor_id, id) on delete cascade,
    constraint message_revisions_once unique nulls not distinct (distributor_id, message_id, amended_at)
);
call isolate_tenants('message_revisions');

-- Changes that came before the message that they change.
create table early_amendments (
    distributor_id uuid not null,
    integration_id uuid not null,
    external_message_id text not null,
    content text,
    amended_at timestamptz not null,
    created_at timestamptz not null default now(),
    primary key (distributor_id, integration_id, external_message_id, amended_at)
);
call isolate_tenants('early_amendments');
call open_to_workers('early_amendments', 'select (ctid, distributor_id, created_at), delete');

-- What a provider calls a message. Its key is what makes a message that arrives twice one message.
create table external_message_mappings (
    distributor_id uuid not null,
    integration_id uuid not null,
    direction text not null check (direction in ('INBOUND', 'OUTBOUND')),
    external_id text not null,
    -- Null while only statuses have come of a message that nobody has named yet.
    message_id uuid check (message_id is not null or direction = 'OUTBOUND'),
    external_conversation_id text,
    status text not null check (status in ('RECEIVED', 'QUEUED', 'SENT', 'DELIVERED', 'READ', 'FAILED')),
    status_at timestamptz not null,
    error_code text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, integration_id, direction, external_id),
    foreign key (distributor_id, message_id) references messages (distributor_id, id) on delete cascade
);
create index external_message_mappings_of_message on external_message_mappings (distributor_id, message_id);
create index external_message_mappings_unnamed on external_message_mappings (distributor_id, created_at) where message_id is null;
call isolate_tenants('external_message_mappings');
call keep_updated_at('external_message_mappings');

-- Our copy of distributor.changed: how long messages are kept, and what is spoken where a customer's language is not known.
create table distributors (
    distributor_id uuid not null primary key,
    locale text not null,
    data_retention_days integer check (data_retention_days > 0),
    as_of timestamptz not null,
    created_at timestamptz not null default now()
);
call isolate_tenants('distributors');
call open_to_workers('distributors', 'select (distributor_id, data_retention_days)');

-- Our copy of customer.changed: who can be linked, and what they speak.
create table customers (
    distributor_id uuid not null,
    id uuid not null,
    language text,
    as_of timestamptz not null,
    created_at timestamptz not null default now(),
    primary key (distributor_id, id)
);
call isolate_tenants('customers');

-- Whose contact it is, by the newest word of customer.changed or of staff; null while nobody has said so. Whoever links a contact locks its row.
create table contacts (
    distributor_id uuid not null,
    id uuid not null,
    channel text not null check (channel in ('WHATSAPP', 'SMS', 'EMAIL')),
    address text not null,
    customer_id uuid,
    as_of timestamptz not null,
    created_at timestamptz not null default now(),
    primary key (distributor_id, id)
);
create index contacts_of_customer on contacts (distributor_id, customer_id) where customer_id is not null;
call isolate_tenants('contacts');

-- Finds messages of one tenant, the best first, in the language of each. Row level security keeps the index of texts from being used, since whether
-- two texts match is not leakproof; so this runs with its owner's rights, and names the tenants of the transaction itself.
create policy search on messages for select to current_user using (true);
create function search_messages(tenant uuid, wanted text, before_rank real, before_id uuid, places integer)
    returns table (message_id uuid, conversation_id uuid, is_from_customer boolean, sent_at timestamptz, rank real, snippet text)
    language sql stable
    security definer
    set search_path = pg_catalog, public
    as $$
        with every_language as materialized (
            select string_agg(distinct '(' || query || ')', ' | ')::tsquery as query
              from unnest(array['da', 'de', 'en', 'es', 'fi', 'fr', 'hu', 'it', 'nl', 'no', 'pt', 'ro', 'ru', 'sv', 'tr', 'simple']) as language,
                   lateral (select websearch_to_tsquery(search_config(language), wanted)::text) as q (query)
             where query <> ''
        ),
        found as (
            select m.id, m.conversation_id, m.is_from_customer, m.sent_at, m.content, m.parts, m.language,
                   websearch_to_tsquery(search_config(m.language), wanted) as query,
                   ts_rank_cd(m.search_vector, websearch_to_tsquery(search_config(m.language), wanted)) as rank
              from messages m
             where m.distributor_id = tenant
               and m.distributor_id = any(current_distributor_ids())
               and m.search_vector is not null
               and m.search_vector @@ (select query from every_language)
               and m.search_vector @@ websearch_to_tsquery(search_config(m.language), wanted)
        ),
        page as (
            select * from found
             where before_rank is null or (found.rank, found.id) < (before_rank, before_id)
             order by found.rank desc, found.id desc
             limit places
        )
        select page.id, page.conversation_id, page.is_from_customer, page.sent_at, page.rank,
               ts_headline(search_config(page.language), translate(concat_ws(' · ', page.parts ->> 'subject', page.content), '⟦⟧', '[]'), page.query,
                           'StartSel=⟦, StopSel=⟧, MaxWords=30, MinWords=10')
          from page
         order by page.rank desc, page.id desc
    $$;
revoke execute on function search_messages from public;
grant execute on function search_messages to comanda_app;

-- migrate:down

drop function search_messages;
drop table contacts, customers, distributors, external_message_mappings, early_amendments, message_revisions, messages, conversations;
drop function message_status_rank, search_config;
drop extension btree_gin;
