-- migrate:up

create table webhook_endpoints (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    name text not null check (length(name) between 1 and 200),
    description text not null default '',
    url text not null check (length(url) between 1 and 2000),
    events jsonb not null check (jsonb_typeof(events) = 'array'),
    auth_type text not null check (auth_type in ('NONE', 'API_KEY', 'BEARER_TOKEN', 'HMAC_SHA256', 'STANDARD_WEBHOOKS')),
    -- The API key or bearer token, sealed.
    auth_value bytea check ((auth_value is not null) = (auth_type in ('API_KEY', 'BEARER_TOKEN'))),
    -- What is signed with, sealed: the current secret first, then the previous one while it is being replaced.
    secrets bytea[] not null default '{}' check ((cardinality(secrets) > 0) = (auth_type in ('HMAC_SHA256', 'STANDARD_WEBHOOKS'))),
    -- Null: the schedule of domain.py.
    retry_attempts integer check (retry_attempts between 0 and 20),
    retry_delay_seconds integer check (retry_delay_seconds between 1 and 86400),
    timeout_seconds integer not null default 15 check (timeout_seconds between 1 and 30),
    rate_limit_per_second integer check (rate_limit_per_second > 0),
    -- One delivery at a time, in the order of the events; one that fails holds back the rest.
    ordered boolean not null default false,
    active boolean not null default true,
    -- Set by us when the endpoint was given up; its deliveries are then held until somebody makes it active again.
    disabled_at timestamptz,
    disabled_reason text,
    -- Since when nothing but failures came back; null after a success.
    first_failure_at timestamptz,
    last_triggered_at timestamptz,
    -- Attempts, summed once a batch of attempts.
    total_deliveries bigint not null default 0,
    successful_deliveries bigint not null default 0,
    failed_deliveries bigint not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    check ((disabled_at is null) = (disabled_reason is null)),
    check (disabled_at is null or not active)
) with (fillfactor = 70);
call isolate_tenants('webhook_endpoints');
-- Workers see what decides who may be called now, neither addresses nor secrets.
call open_to_workers('webhook_endpoints', 'select (distributor_id, id, active, ordered, rate_limit_per_second, first_failure_at)');
call keep_updated_at('webhook_endpoints');

-- An event as it is sent, once for all endpoints.
create table webhook_events (
    distributor_id uuid not null,
    event_id uuid not null,
    type text not null,
    payload jsonb not null check (jsonb_typeof(payload) = 'object'),
    occurred_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, event_id)
);
call isolate_tenants('webhook_events');
call open_to_workers('webhook_events', 'select (ctid, distributor_id, event_id, created_at), delete');
call keep_updated_at('webhook_events');

-- One event on its way to one endpoint; the columns of the response are those of the newest attempt.
create table webhook_deliveries (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    webhook_endpoint_id uuid not null,
    event_id uuid not null,
    event_type text not null,
    -- The order in which the events arrived here.
    position bigint generated always as identity,
    status text not null default 'PENDING' check (status in ('PENDING', 'SUCCESS', 'FAILED', 'RETRYING', 'DEAD', 'HELD')),
    attempt_number integer not null default 0 check (attempt_number >= 0),
    -- When the next attempt is due, or the last one was.
    scheduled_at timestamptz not null default now(),
    -- Until then some process is delivering it; once past, that process is taken for dead and the delivery is repeated.
    locked_until timestamptz not null default '-infinity',
    attempted_at timestamptz,
    completed_at timestamptz,
    response_status_code integer,
    response_body text,
    response_headers jsonb check (jsonb_typeof(response_headers) = 'object'),
    error_message text,
    retry_after timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    unique (distributor_id, webhook_endpoint_id, event_id),
    foreign key (distributor_id, webhook_endpoint_id) references webhook_endpoints (distributor_id, id) on delete cascade,
    foreign key (distributor_id, event_id) references webhook_events (distributor_id, event_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
create index webhook_deliveries_of_event on webhook_deliveries (distributor_id, event_id);
create index webhook_deliveries_newest_first on webhook_deliveries (distributor_id, webhook_endpoint_id, position desc);
create index webhook_deliveries_attempted on webhook_deliveries (distributor_id, webhook_endpoint_id, attempted_at);
create index webhook_deliveries_due on webhook_deliveries (distributor_id, webhook_endpoint_id, scheduled_at)
    where status in ('PENDING', 'RETRYING');
create index webhook_deliveries_under_way on webhook_deliveries (distributor_id, webhook_endpoint_id, locked_until)
    where status in ('PENDING', 'RETRYING');
create index webhook_deliveries_in_order on webhook_deliveries (distributor_id, webhook_endpoint_id, position)
    where status in ('PENDING', 'RETRYING');
call isolate_tenants('webhook_deliveries');
call open_to_workers('webhook_deliveries', 'select, update, delete');
call keep_updated_at('webhook_deliveries');

-- What was tried, for ever unchanged. No foreign key: the log outlives the deliveries and endpoints that it tells of.
create table webhook_attempts (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    webhook_delivery_id uuid not null,
    webhook_endpoint_id uuid not null,
    event_id uuid not null,
    attempt_number integer not null check (attempt_number > 0),
    status text not null check (status in ('SUCCESS', 'FAILED')),
    attempted_at timestamptz not null,
    completed_at timestamptz not null,
    response_status_code integer,
    response_body text,
    response_headers jsonb check (jsonb_typeof(response_headers) = 'object'),
    error_message text,
    created_at timestamptz not null default now(),
    primary key (distributor_id, id, attempted_at)
) partition by range (attempted_at);
create index webhook_attempts_of_delivery on webhook_attempts (distributor_id, webhook_delivery_id, attempted_at);
call isolate_tenants('webhook_attempts');
call make_append_only('webhook_attempts');

-- Make the partitions of a month (UTC) and of the next, where they are missing; returns how many were. Runs as the owner, so that the service
-- needs no right to create tables. A partition is closed to everybody: rows are reached through webhook_attempts alone, under its policies.
create function add_webhook_attempts_partitions(today date) returns integer
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    first_day date;
    partition text;
    made integer := 0;
begin
    for first_day in select date_trunc('month', today + make_interval(months => ahead))::date from generate_series(0, 1) as ahead loop
        partition := 'webhook_attempts_' || to_char(first_day, 'YYYY_MM');
        continue when to_regclass(partition) is not null;
        perform pg_advisory_xact_lock(hashtext('add_webhook_attempts_partitions'));
        continue when to_regclass(partition) is not null;
        execute format('create table %I partition of webhook_attempts for values from (%L) to (%L)',
            partition, first_day || ' 00:00+00', (first_day + interval '1 month')::date || ' 00:00+00');
        execute format('revoke all on %I from comanda_app', partition);
        call isolate_tenants(partition::regclass);
        made := made + 1;
    end loop;
    return made;
end $$;

-- Drop the partitions of the months that ended before `kept_from`; returns how many there were. Runs as the owner as well.
create function drop_webhook_attempts_partitions(kept_from date) returns integer
language plpgsql security definer set search_path = public, pg_temp
as $$
declare
    partition text;
    dropped integer := 0;
begin
    -- Readers and writers of other months must not queue up behind one who is slow with an old one: better to try again later.
    set local lock_timeout = '1s';
    for partition in
        select inhrelid::regclass::text from pg_inherits
         where inhparent = 'webhook_attempts'::regclass
           and to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM') + interval '1 month' <= kept_from
         order by 1
    loop
        execute format('drop table %I', partition);
        dropped := dropped + 1;
    end loop;
    return dropped;
end $$;
grant create on schema public to current_user;
revoke all on function add_webhook_attempts_partitions(date) from public;
grant execute on function add_webhook_attempts_partitions(date) to comanda_app;
revoke all on function drop_webhook_attempts_partitions(date) from public;
grant execute on function drop_webhook_attempts_partitions(date) to comanda_app;
select add_webhook_attempts_partitions((now() at time zone 'UTC')::date);

-- migrate:down

drop function drop_webhook_attempts_partitions, add_webhook_attempts_partitions;
drop table webhook_attempts, webhook_deliveries, webhook_events, webhook_endpoints;
