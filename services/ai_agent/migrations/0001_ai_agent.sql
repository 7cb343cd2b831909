-- migrate:up

-- Every analysis, whoever made it: a model, or the local analyzer at no cost.
create table ai_responses (
    distributor_id uuid not null,
    id uuid not null default uuidv7(),
    message_id uuid not null,
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
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (distributor_id, id),
    constraint ai_responses_once unique (distributor_id, message_id, agent_type, prompt_version)
);
call isolate_tenants('ai_responses');
call keep_updated_at('ai_responses');

-- migrate:down

drop table ai_responses;
