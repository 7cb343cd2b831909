-- migrate:up

-- Every answer, whoever gave it: a model, or the local analyzer at no cost; and what calls that failed have cost.
create table ai_responses (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    message_id uuid not null,
    conversation_id uuid,
    -- The file whose text was read, where it was not the message's own.
    attachment_id uuid,
    agent_type text not null check (agent_type in ('ORDER_PROCESSING', 'CUSTOMER_SUPPORT', 'MESSAGE_ANALYSIS', 'CONTEXT_MANAGER')),
    agent_version text not null,
    response_content text,
    confidence numeric(4, 3) check (confidence between 0 and 1),
    -- Milliseconds.
    processing_time integer not null check (processing_time >= 0),
    extracted_data jsonb not null default '{}' check (jsonb_typeof(extracted_data) = 'object'),
    tokens_used integer not null default 0 check (tokens_used >= 0),
    input_tokens integer not null default 0 check (input_tokens >= 0),
    cached_tokens integer not null default 0 check (cached_tokens >= 0),
    output_tokens integer not null default 0 check (output_tokens >= 0),
    reasoning_tokens integer not null default 0 check (reasoning_tokens >= 0),
    cost_usd numeric(14, 6) not null default 0 check (cost_usd >= 0),
    model_used text not null,
    prompt_version text not null,
    request_id text,
    status text not null default 'SUCCEEDED' check (status in ('SUCCEEDED', 'FAILED')),
    human_feedback text check (human_feedback in ('HELPFUL', 'PARTIALLY_HELPFUL', 'NOT_HELPFUL')),
    human_feedback_notes text,
    feedback_by uuid,
    feedback_at timestamptz,
    was_used boolean not null default false,
    -- What became of it: the order was confirmed as it was read, or a person had to correct it.
    outcome text check (outcome in ('CONFIRMED', 'CORRECTED')),
    -- What the model said of itself; confidence is what that has meant with this tenant.
    stated_confidence numeric(4, 3) check (stated_confidence between 0 and 1),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id)
);
-- A call that failed may be made again by the same version; an answer is given once.
create unique index ai_responses_once on ai_responses (distributor_id, message_id, agent_type, prompt_version, attachment_id)
    nulls not distinct where status = 'SUCCEEDED';
create index ai_responses_of_conversation on ai_responses (distributor_id, conversation_id, created_at);
call isolate_tenants('ai_responses');
call keep_updated_at('ai_responses');

-- Answers, and their lines as two versions of a prompt are compared by: what is done with how much of what.
create view read_lines with (security_invoker = true) as
select
    r.distributor_id,
    r.message_id,
    r.attachment_id,
    r.agent_type,
    r.prompt_version,
    r.extracted_data,
    r.confidence,
    r.cost_usd,
    r.processing_time,
    (
        select coalesce(jsonb_agg(jsonb_build_array(line -> 'operation', line -> 'quantity', line -> 'unit', lower(line ->> 'product'))
                                  order by lower(line ->> 'product')), '[]')
        from jsonb_array_elements(coalesce(r.extracted_data -> 'lines', '[]')) as line
    ) as lines
from ai_responses as r
where r.status = 'SUCCEEDED';

-- One row a tenant, hour, agent and model: sums, so that rows merge, and the averages that follow from them.
create table ai_usage_metrics (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    period_start timestamptz not null,
    period_end timestamptz not null,
    agent_type text not null check (agent_type in ('ORDER_PROCESSING', 'CUSTOMER_SUPPORT', 'MESSAGE_ANALYSIS', 'CONTEXT_MANAGER')),
    model text not null,
    requests_count integer not null check (requests_count >= 0),
    successful_requests integer not null check (successful_requests >= 0),
    failed_requests integer not null check (failed_requests >= 0),
    input_tokens bigint not null check (input_tokens >= 0),
    cached_tokens bigint not null check (cached_tokens >= 0),
    output_tokens bigint not null check (output_tokens >= 0),
    reasoning_tokens bigint not null check (reasoning_tokens >= 0),
    tokens_used bigint not null generated always as (input_tokens + output_tokens) stored,
    cost_usd numeric(14, 6) not null check (cost_usd >= 0),
    confidence_sum numeric(14, 3) not null check (confidence_sum >= 0),
    confidence_count integer not null check (confidence_count >= 0),
    avg_confidence numeric(4, 3) generated always as (confidence_sum / nullif(confidence_count, 0)) stored,
    -- Milliseconds.
    response_time_sum bigint not null check (response_time_sum >= 0),
    avg_response_time integer generated always as (response_time_sum / nullif(requests_count, 0)) stored,
    peak_concurrent_requests integer not null default 0 check (peak_concurrent_requests >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    unique (distributor_id, period_start, agent_type, model),
    check (period_end > period_start)
) with (fillfactor = 70);
call isolate_tenants('ai_usage_metrics');
call keep_updated_at('ai_usage_metrics');

-- What went wrong with a model, and why another answered: one row a rung that gave no answer.
create table ai_errors (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    message_id uuid not null,
    conversation_id uuid not null,
    -- The call that failed; null where none was made.
    ai_response_id uuid,
    agent_type text not null check (agent_type in ('ORDER_PROCESSING', 'CUSTOMER_SUPPORT', 'MESSAGE_ANALYSIS', 'CONTEXT_MANAGER')),
    model text not null,
    error_type text not null
        check (error_type in ('TIMEOUT', 'RATE_LIMIT', 'REFUSAL', 'INCOMPLETE', 'SCHEMA', 'BUDGET', 'UNAVAILABLE')),
    -- Ours, or the provider's code; never its text, which may quote the customer.
    detail text not null,
    retryable boolean not null,
    -- How often it was called before this was given up.
    attempt integer not null check (attempt >= 0),
    provider_request_id text,
    resolved_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    foreign key (distributor_id, ai_response_id) references ai_responses (distributor_id, id) on delete cascade
);
create index ai_errors_response on ai_errors (distributor_id, ai_response_id);
call isolate_tenants('ai_errors');
call open_to_workers('ai_errors', 'select (ctid, created_at), delete');
call keep_updated_at('ai_errors');

-- Examples of what a message means: taught by people, or learned from what they corrected.
create table ai_training_data (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    agent_type text not null default 'MESSAGE_ANALYSIS'
        check (agent_type in ('ORDER_PROCESSING', 'CUSTOMER_SUPPORT', 'MESSAGE_ANALYSIS', 'CONTEXT_MANAGER')),
    input_text text not null check (length(input_text) between 1 and 20000),
    input_context jsonb not null default '{}' check (jsonb_typeof(input_context) = 'object'),
    expected_output jsonb not null check (jsonb_typeof(expected_output) = 'object'),
    expected_confidence numeric(4, 3) check (expected_confidence between 0 and 1),
    actual_output jsonb check (jsonb_typeof(actual_output) = 'object'),
    actual_confidence numeric(4, 3) check (actual_confidence between 0 and 1),
    data_source text not null check (data_source in ('MANUAL_ENTRY', 'CORRECTED_AI_OUTPUT', 'EXPERT_REVIEW')),
    quality_score integer check (quality_score between 1 and 5),
    used_in_training boolean not null default false,
    training_batch text check (length(training_batch) <= 200),
    ai_response_id uuid,
    message_id uuid,
    -- Whether personal data was taken out of the text.
    redacted boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    foreign key (distributor_id, ai_response_id) references ai_responses (distributor_id, id) on delete set null (ai_response_id)
);
create index ai_training_data_response on ai_training_data (distributor_id, ai_response_id);
create unique index ai_training_data_corrected on ai_training_data (distributor_id, message_id, data_source)
    where message_id is not null;
call isolate_tenants('ai_training_data');
call keep_updated_at('ai_training_data');

-- Calls that are to be made. What is done is deleted: its result is in ai_responses.
create table ai_jobs (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    message_id uuid not null,
    conversation_id uuid not null,
    agent_type text not null check (agent_type in ('ORDER_PROCESSING', 'CUSTOMER_SUPPORT', 'MESSAGE_ANALYSIS', 'CONTEXT_MANAGER')),
    -- The version that is tried without effect; null is the one in force.
    prompt_version text,
    attachment_id uuid,
    -- The place within the conversation: the thread position, and behind all of these what is not waited for.
    turn bigint not null check (turn > 0),
    state text not null default 'PENDING' check (state in ('PENDING', 'RUNNING')),
    -- How often it was begun.
    attempt integer not null default 0 check (attempt >= 0),
    run_after timestamptz not null default now(),
    -- Until then some process is at it; once past, that process is taken for dead and the call is made again.
    locked_until timestamptz not null default '-infinity',
    -- The message as it is to be passed on with its meaning (services/ai_agent/message.py).
    message jsonb not null check (jsonb_typeof(message) = 'object'),
    -- The event that asked for it, and the one that began the story.
    event_id uuid not null,
    correlation_id uuid not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    constraint ai_jobs_once unique nulls not distinct (distributor_id, message_id, agent_type, prompt_version, attachment_id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
create index ai_jobs_due on ai_jobs (distributor_id, run_after);
create index ai_jobs_in_order on ai_jobs (distributor_id, conversation_id, turn) where state = 'PENDING';
-- Whatever races: one call of a conversation at a time.
create unique index ai_jobs_one_running on ai_jobs (distributor_id, conversation_id) where state = 'RUNNING';
call isolate_tenants('ai_jobs');
call open_to_workers('ai_jobs', 'select, update');
call keep_updated_at('ai_jobs');

-- US dollars for a million tokens, or a minute of speech, from a date on. The nil tenant's rows hold for all; a tenant's own go before them.
create table ai_model_prices (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    model text not null check (length(model) between 1 and 200),
    valid_from date not null,
    input numeric(14, 6) not null check (input >= 0),
    cached_input numeric(14, 6) not null check (cached_input >= 0),
    output numeric(14, 6) not null check (output >= 0),
    minute numeric(14, 6) check (minute >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    unique (distributor_id, model, valid_from)
);
call isolate_tenants('ai_model_prices');
call keep_updated_at('ai_model_prices');
create policy shared on ai_model_prices for select
    using (distributor_id = '00000000-0000-0000-0000-000000000000' and cardinality((select current_distributor_ids())) > 0);

-- What a tenant has spent in a month (UTC), and what its calls in flight may cost at most. The row is the lock: see reserving.py.
create table ai_budget_months (
    distributor_id uuid not null,
    month date not null check (extract(day from month) = 1),
    requests integer not null default 0 check (requests >= 0),
    spent_usd numeric(14, 6) not null default 0 check (spent_usd >= 0),
    in_flight integer not null default 0 check (in_flight >= 0),
    reserved_usd numeric(14, 6) not null default 0 check (reserved_usd >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, month)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
call isolate_tenants('ai_budget_months');
call keep_updated_at('ai_budget_months');

-- What each call in flight may cost at most.
create table ai_budget_reservations (
    distributor_id uuid not null,
    -- The call's.
    id uuid not null,
    month date not null,
    model text not null,
    most_usd numeric(14, 6) not null check (most_usd >= 0),
    -- Nobody comes back from a call after that.
    expires_at timestamptz not null,
    created_at timestamptz not null default now(),
    primary key (distributor_id, id),
    foreign key (distributor_id, month) references ai_budget_months (distributor_id, month)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
create index ai_budget_reservations_month on ai_budget_reservations (distributor_id, month);
create index ai_budget_reservations_expired on ai_budget_reservations (expires_at);
call isolate_tenants('ai_budget_reservations');
call open_to_workers('ai_budget_reservations', 'select');

-- What agents are told to do. The nil tenant's versions hold for all; a tenant's own go before them. Without any, the code's own holds.
create table prompt_versions (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    agent_type text not null check (agent_type in ('ORDER_PROCESSING', 'CUSTOMER_SUPPORT', 'MESSAGE_ANALYSIS', 'CONTEXT_MANAGER')),
    version text not null check (version ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    text text not null check (length(text) between 1 and 20000),
    -- The JSON Schema of the answer that the text was written for.
    schema jsonb not null check (jsonb_typeof(schema) = 'object'),
    status text not null default 'DRAFT' check (status in ('DRAFT', 'SHADOW', 'ACTIVE', 'RETIRED')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    unique (distributor_id, agent_type, version)
);
create unique index prompt_versions_active on prompt_versions (distributor_id, agent_type) where status = 'ACTIVE';
create unique index prompt_versions_shadow on prompt_versions (distributor_id, agent_type) where status = 'SHADOW';
call isolate_tenants('prompt_versions');
call keep_updated_at('prompt_versions');
create policy shared on prompt_versions for select
    using (distributor_id = '00000000-0000-0000-0000-000000000000' and cardinality((select current_distributor_ids())) > 0);

-- What an agent sees of a conversation: its last messages, what went before them, and the order that is open.
create table conversation_context (
    distributor_id uuid not null,
    conversation_id uuid not null,
    customer_id uuid,
    -- [{position, from, text}], oldest first.
    recent_messages jsonb not null default '[]' check (jsonb_typeof(recent_messages) = 'array'),
    summary text,
    -- The thread position up to which the summary reaches.
    summarized_to integer not null default 0 check (summarized_to >= 0),
    order_session_id uuid,
    order_session_version integer,
    -- [{quantity, unit, product}] of the open order; null where none is open.
    open_lines jsonb check (jsonb_typeof(open_lines) = 'array'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, conversation_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);
call isolate_tenants('conversation_context');
call open_to_workers('conversation_context', 'select (ctid, updated_at), delete');
call keep_updated_at('conversation_context');

-- Our copy of what the distributors allow and promise.
create table distributors (
    distributor_id uuid not null,
    status text not null check (status in ('ACTIVE', 'INACTIVE', 'PENDING_SETUP')),
    timezone text not null,
    ai_enabled boolean not null,
    ai_model_preference text,
    ai_confidence_threshold numeric(4, 3) not null check (ai_confidence_threshold between 0 and 1),
    monthly_ai_budget_usd numeric(14, 2) check (monthly_ai_budget_usd >= 0),
    max_monthly_ai_requests integer check (max_monthly_ai_requests >= 0),
    order_cutoff_time time,
    delivery_weekdays integer[] not null,
    minimum_order_amount numeric(14, 2),
    currency text not null,
    -- Said to us and not to accounts: what support has to say is sent without a person looking at it.
    answers_questions boolean not null default false,
    as_of timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id)
);
call isolate_tenants('distributors');
call keep_updated_at('distributors');

-- How often a stated confidence turned out right with this tenant: [[stated, right], …], rising.
create table ai_calibrations (
    distributor_id uuid not null,
    model text not null,
    points jsonb not null check (jsonb_typeof(points) = 'array'),
    outcomes integer not null check (outcomes >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, model)
);
call isolate_tenants('ai_calibrations');
call keep_updated_at('ai_calibrations');

-- Row level security holds for the owner too: the migration names itself the nil tenant until its transaction ends.
select set_config('comanda.distributor_ids', '{00000000-0000-0000-0000-000000000000}', true);
-- As published for these models on that day. Prices change: `comanda prices set`.
insert into ai_model_prices (distributor_id, model, valid_from, input, cached_input, output)
values
    ('00000000-0000-0000-0000-000000000000', 'gpt-4.1', '2026-06-21', 2.00, 0.50, 8.00),
    ('00000000-0000-0000-0000-000000000000', 'gpt-4.1-mini', '2026-06-21', 0.40, 0.10, 1.60);

-- migrate:down

drop view read_lines;
drop table ai_calibrations, distributors, conversation_context, prompt_versions, ai_budget_reservations;
drop table ai_budget_months, ai_model_prices, ai_jobs, ai_training_data, ai_errors, ai_usage_metrics, ai_responses;
