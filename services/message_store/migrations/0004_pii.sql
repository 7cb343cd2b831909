-- migrate:up

-- What is to be looked for, and what is done about it; of a type without a row, services/message_store/pii/rules.py says it.
create table pii_detection_rules (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    name text not null check (length(name) between 1 and 200),
    pii_type text not null
        check (pii_type in (
            'EMAIL', 'PHONE', 'ADDRESS', 'SSN', 'CREDIT_CARD', 'NAME', 'DATE_OF_BIRTH', 'IBAN', 'NATIONAL_ID', 'IP_ADDRESS', 'OTHER')),
    -- A regular expression of RE2's; null: what the recognizers of the type find.
    pattern text check (length(pattern) between 1 and 500),
    -- Only what this recognizer finds.
    recognizer text check (length(recognizer) <= 100),
    -- Only in messages of this language, and in those whose language is not known.
    locale text check (length(locale) between 2 and 35),
    min_confidence numeric(4, 3) not null check (min_confidence between 0 and 1),
    action text not null check (action in ('REDACTED', 'ENCRYPTED', 'FLAGGED')),
    -- Whether what was redacted is kept, sealed.
    keep_value boolean not null default false,
    enabled boolean not null default true,
    version integer not null default 1 check (version > 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    check (pattern is null or recognizer is null),
    check (pii_type <> 'OTHER' or pattern is not null)
);
call isolate_tenants('pii_detection_rules');
call keep_updated_at('pii_detection_rules');

-- What was found where, and what was done about it.
create table pii_detection_results (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    message_id uuid not null,
    field_name text not null check (field_name in ('content', 'subject', 'transcript', 'extracted_text', 'revision')),
    -- The attachment or the revision that holds the text; null: the message itself.
    source_id uuid,
    pii_type text not null
        check (pii_type in (
            'EMAIL', 'PHONE', 'ADDRESS', 'SSN', 'CREDIT_CARD', 'NAME', 'DATE_OF_BIRTH', 'IBAN', 'NATIONAL_ID', 'IP_ADDRESS', 'OTHER')),
    -- In characters of the text as it stands since: of what is masked, where its placeholder is.
    start_offset integer not null check (start_offset >= 0),
    end_offset integer not null check (end_offset > start_offset),
    -- Sealed for its row; null where it was redacted for good.
    detected_value bytea,
    confidence_score numeric(4, 3) not null check (confidence_score between 0 and 1),
    recognizer text not null,
    -- Null: no rule of the tenant's own. No foreign key: a rule may be deleted, what it found stays.
    detection_rule_id uuid,
    action_taken text not null check (action_taken in ('REDACTED', 'ENCRYPTED', 'FLAGGED')),
    -- Of the text as it stands since: another hash means that the text was changed by somebody else.
    text_hash bytea not null,
    -- Since when the text says something else.
    superseded_at timestamptz,
    reviewed boolean not null default false,
    is_false_positive boolean not null default false check (reviewed or not is_false_positive),
    reviewed_by uuid,
    reviewed_at timestamptz check ((reviewed_at is not null) = reviewed),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    foreign key (distributor_id, message_id) references messages (distributor_id, id) on delete cascade,
    constraint pii_detection_results_once
        unique nulls not distinct (distributor_id, message_id, field_name, source_id, text_hash, start_offset, end_offset)
);
create index pii_detection_results_newest on pii_detection_results (distributor_id, created_at, id);
call isolate_tenants('pii_detection_results');
call keep_updated_at('pii_detection_results');

-- The messages whose texts are still to be scanned: a row for all those that one statement stored. Without a foreign key, which would cost more than
-- the rest: a message that is gone is not scanned.
create table pii_scans (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    message_ids uuid[] not null,
    created_at timestamptz not null default now(),
    primary key (distributor_id, id)
) with (autovacuum_vacuum_scale_factor = 0.02);
create index pii_scans_due on pii_scans (id);
call isolate_tenants('pii_scans');
call open_to_workers('pii_scans', 'select');

create function queue_stored_messages() returns trigger
    language plpgsql
    as $$
begin
    insert into pii_scans (distributor_id, message_ids) select distributor_id, array_agg(id) from stored group by distributor_id;
    return null;
end $$;

create function queue_revised_messages() returns trigger
    language plpgsql
    as $$
begin
    insert into pii_scans (distributor_id, message_ids) select distributor_id, array_agg(distinct message_id) from stored group by distributor_id;
    return null;
end $$;

create function queue_changed_message() returns trigger
    language plpgsql
    as $$ begin insert into pii_scans (distributor_id, message_ids) values (new.distributor_id, array[new.id]); return null; end $$;

create function queue_message_of_attachment() returns trigger
    language plpgsql
    as $$ begin insert into pii_scans (distributor_id, message_ids) values (new.distributor_id, array[new.message_id]); return null; end $$;

create trigger scan_stored after insert on messages referencing new table as stored for each statement execute function queue_stored_messages();
create trigger scan_revised after insert on message_revisions
    referencing new table as stored for each statement execute function queue_revised_messages();
create trigger scan_changed after update of content, parts, transcript on messages
    for each row when (
        (old.content, old.transcript, old.parts ->> 'subject') is distinct from (new.content, new.transcript, new.parts ->> 'subject')
    ) execute function queue_changed_message();
create trigger scan_extracted after update of extracted_text on message_attachments
    for each row when (new.extracted_text is distinct from old.extracted_text) execute function queue_message_of_attachment();

-- migrate:down

drop trigger scan_extracted on message_attachments;
drop trigger scan_changed on messages;
drop trigger scan_revised on message_revisions;
drop trigger scan_stored on messages;
drop function queue_stored_messages, queue_revised_messages, queue_changed_message, queue_message_of_attachment;
drop table pii_scans, pii_detection_results, pii_detection_rules;
