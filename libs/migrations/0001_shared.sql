-- The same in every service's database: who may see which rows, what goes out, what has come in.

-- migrate:up

-- The tenants of this transaction: one for an API request, those of its batch for a worker, none if nobody set any.
create function current_distributor_ids() returns uuid[]
    language sql stable parallel safe
    as $$ select coalesce(nullif(current_setting('comanda.distributor_ids', true), '')::uuid[], '{}'::uuid[]) $$;

-- The tenant of an API request; null where there is none, or more than one.
create function get_current_distributor_id() returns uuid
    language sql stable parallel safe
    as $$ select case when cardinality(current_distributor_ids()) = 1 then (current_distributor_ids())[1] end $$;

create function set_updated_at() returns trigger
    language plpgsql
    as $$ begin new.updated_at := now(); return new; end $$;

create function refuse_change() returns trigger
    language plpgsql
    as $$ begin raise exception '% is append-only', tg_table_name using errcode = '42501'; end $$;

-- Called for each table that it creates by each migration of each service.
create procedure isolate_tenants(target regclass)
    language plpgsql
    as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format(
        'create policy tenant on %s using (distributor_id = any ((select current_distributor_ids())::uuid[]))'
        ' with check (distributor_id = any ((select current_distributor_ids())::uuid[]))', target);
    -- Until the first ANALYZE: a tenant has many rows. Otherwise a foreign key's check that is planned while the table is empty reads all rows of the
    -- tenant by whatever index begins with it, and goes on doing so.
    perform pg_restore_attribute_stats(
        'schemaname', relnamespace::regnamespace::text, 'relname', relname::text, 'attname', 'distributor_id',
        'inherited', false, 'null_frac', 0::real, 'avg_width', 16, 'n_distinct', 10::real)
       from pg_class where oid = target;
end $$;

-- Queues and routes are read across tenants by the worker role, with these privileges on this table alone.
create procedure open_to_workers(target regclass, privileges text)
    language plpgsql
    as $$
begin
    execute format('create policy worker on %s to comanda_worker using (true) with check (true)', target);
    execute format('grant %s on %s to comanda_worker', privileges, target);
end $$;

create procedure keep_updated_at(target regclass)
    language plpgsql
    as $$
begin
    execute format('create trigger updated_at before update on %s for each row execute function set_updated_at()', target);
end $$;

create procedure make_append_only(target regclass)
    language plpgsql
    as $$
begin
    execute format('revoke update, delete, truncate on %s from comanda_app', target);
    execute format('create trigger append_only before update or delete on %s for each row execute function refuse_change()', target);
end $$;

grant usage on schema public to comanda_app, comanda_worker;
alter default privileges in schema public grant select, insert, update, delete on tables to comanda_app;
alter default privileges in schema public grant usage, select on sequences to comanda_app;

-- What is to be published. Column names as Debezium's Outbox Event Router knows them; position is the order of publication.
create table outbox (
    position bigint generated always as identity primary key,
    id uuid not null default uuidv7(),
    distributor_id uuid not null,
    aggregate_type text not null,
    aggregate_id text not null,
    type text not null,
    key text not null,
    sequence bigint not null,
    -- Written once and read once, so kept as they are written.
    payload json not null,
    headers json not null,
    created_at timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
call isolate_tenants('outbox');
call open_to_workers('outbox', 'select, delete');

-- How far each topic and key has been counted. Its row lock, held until commit, keeps the events of a key in order.
create table outbox_sequences (
    distributor_id uuid not null,
    topic text not null,
    key text not null,
    last_sequence bigint not null,
    primary key (distributor_id, topic, key)
) with (fillfactor = 50);
call isolate_tenants('outbox_sequences');

-- Writes events (libs/outbox.py), given as one JSON array, in one round trip.
create procedure enqueue(events json)
    language plpgsql
    as $$
begin
    with incoming as materialized (
        select *
          from rows from (
              json_to_recordset(events)
              as (distributor_id uuid, topic text, key text, subject text, payload json, headers json)
          ) with ordinality as e (distributor_id, topic, key, subject, payload, headers, place)
    ),
    counted as (
        insert into outbox_sequences as s (distributor_id, topic, key, last_sequence)
        select distributor_id, topic, key, count(*) from incoming group by 1, 2, 3 order by 1, 2, 3
            on conflict (distributor_id, topic, key) do update set last_sequence = s.last_sequence + excluded.last_sequence
        returning distributor_id, topic, key, last_sequence
    )
    insert into outbox (distributor_id, aggregate_type, aggregate_id, type, key, sequence, payload, headers)
    select distributor_id, split_part(topic, '.', 1), subject, topic, key,
           last_sequence + 1 - row_number() over (partition by distributor_id, topic, key order by place desc), payload, headers
      from incoming join counted using (distributor_id, topic, key)
     order by place;
end $$;

-- The events that were consumed.
create table inbox (
    distributor_id uuid not null,
    consumer text not null,
    event_id uuid not null,
    received_at timestamptz not null default now(),
    primary key (distributor_id, consumer, event_id)
);
call isolate_tenants('inbox');
-- What is kept for a while only is deleted by workers (libs/retention.py).
call open_to_workers('inbox', 'select, delete');

-- Answers to POST requests that may be sent again.
create table idempotency_keys (
    distributor_id uuid not null,
    key text not null check (length(key) between 1 and 255),
    request_hash bytea not null,
    response jsonb,
    status integer,
    created_at timestamptz not null default now(),
    primary key (distributor_id, key)
);
call isolate_tenants('idempotency_keys');
call open_to_workers('idempotency_keys', 'select (ctid, distributor_id, created_at), delete');

-- The tenants' data keys, wrapped by a master key that is never here. `kek_ref` tells which.
create table encryption_keys (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    purpose text not null default 'DATA' check (purpose in ('DATA')),
    -- Whose values it seals: the tenant's own, or those about one customer.
    subject_type text not null default 'DISTRIBUTOR' check (subject_type in ('DISTRIBUTOR', 'CUSTOMER')),
    subject_id uuid not null,
    version integer not null check (version > 0),
    algorithm text not null default 'AES-256-GCM' check (algorithm in ('AES-256-GCM')),
    -- Taken away when the key is destroyed: then nothing that it sealed opens any more.
    wrapped_key bytea check ((wrapped_key is null) = (status = 'DESTROYED')),
    kek_ref text not null,
    status text not null default 'ACTIVE' check (status in ('ACTIVE', 'RETIRED', 'DESTROYED')),
    activated_at timestamptz not null default now(),
    destroyed_at timestamptz check ((destroyed_at is not null) = (status = 'DESTROYED')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    constraint encryption_keys_version unique (distributor_id, purpose, subject_type, subject_id, version)
);
-- Whoever seals first at the same time as others makes the key, and the others take it.
create unique index encryption_keys_active on encryption_keys (distributor_id, purpose, subject_type, subject_id) where status = 'ACTIVE';
call isolate_tenants('encryption_keys');
-- Which tenants have keys to be wrapped anew; not the keys.
call open_to_workers('encryption_keys', 'select (distributor_id, kek_ref, status)');
call keep_updated_at('encryption_keys');

-- migrate:down

drop table encryption_keys, idempotency_keys, inbox, outbox_sequences, outbox;
drop procedure enqueue, isolate_tenants, open_to_workers, keep_updated_at, make_append_only;
drop function get_current_distributor_id, current_distributor_ids, set_updated_at, refuse_change;
