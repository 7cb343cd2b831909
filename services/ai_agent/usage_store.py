"""The statements on what was used, hour by hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from libs.postgres import Transaction
from schemas.ai_call_recorded import AgentType


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What one call has used."""

    distributor_id: UUID
    at: datetime
    agent_type: AgentType
    model: str
    succeeded: bool
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_usd: Decimal
    confidence: Decimal | None
    milliseconds: int
    in_flight: int


async def add_usage(tx: Transaction, calls: Sequence[Used]) -> None:
    """Add calls to the sums of their hours."""
    rows: list[dict[str, Any]] = [
        {name: getattr(call, name) for name in Used.__dataclass_fields__} | {"at": call.at.replace(minute=0, second=0, microsecond=0)}
        for call in calls
    ]
    await tx.execute(
        """
        insert into ai_usage_metrics as m
               (distributor_id, period_start, period_end, agent_type, model, requests_count, successful_requests, failed_requests, input_tokens,
                cached_tokens, output_tokens, reasoning_tokens, cost_usd, confidence_sum, confidence_count, response_time_sum,
                peak_concurrent_requests)
        select distributor_id, at, at + interval '1 hour', agent_type, model, count(*), count(*) filter (where succeeded),
               count(*) filter (where not succeeded), sum(input_tokens), sum(cached_tokens), sum(output_tokens), sum(reasoning_tokens),
               sum(cost_usd), coalesce(sum(confidence), 0), count(confidence), sum(milliseconds), max(in_flight)
          from jsonb_to_recordset($1)
            as e (distributor_id uuid, at timestamptz, agent_type text, model text, succeeded boolean, input_tokens int, cached_tokens int,
                  output_tokens int, reasoning_tokens int, cost_usd numeric, confidence numeric, milliseconds int, in_flight int)
         group by 1, 2, 4, 5 order by 1, 2, 4, 5
            on conflict (distributor_id, period_start, agent_type, model) do update
           set requests_count = m.requests_count + excluded.requests_count,
               successful_requests = m.successful_requests + excluded.successful_requests,
               failed_requests = m.failed_requests + excluded.failed_requests, input_tokens = m.input_tokens + excluded.input_tokens,
               cached_tokens = m.cached_tokens + excluded.cached_tokens, output_tokens = m.output_tokens + excluded.output_tokens,
               reasoning_tokens = m.reasoning_tokens + excluded.reasoning_tokens, cost_usd = m.cost_usd + excluded.cost_usd,
               confidence_sum = m.confidence_sum + excluded.confidence_sum, confidence_count = m.confidence_count + excluded.confidence_count,
               response_time_sum = m.response_time_sum + excluded.response_time_sum,
               peak_concurrent_requests = greatest(m.peak_concurrent_requests, excluded.peak_concurrent_requests)
        """,
        rows,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What an agent has used of a model in an hour, a day or a month (UTC)."""

    period_start: datetime
    agent_type: str
    model: str
    requests_count: int
    successful_requests: int
    failed_requests: int
    tokens_used: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_usd: Decimal
    avg_confidence: Decimal | None
    avg_response_time: int | None
    peak_concurrent_requests: int


async def select_usage(tx: Transaction, distributor_id: UUID, by: str, since: datetime, until: datetime, limit: int) -> list[Period]:
    """Return what was used, newest first; `by` is hour, day or month."""
    rows = await tx.fetch(
        """
        select date_trunc($2, period_start, 'UTC') as period_start, agent_type, model, sum(requests_count)::int as requests_count,
               sum(successful_requests)::int as successful_requests, sum(failed_requests)::int as failed_requests,
               sum(tokens_used)::bigint as tokens_used, sum(input_tokens)::bigint as input_tokens, sum(cached_tokens)::bigint as cached_tokens,
               sum(output_tokens)::bigint as output_tokens, sum(reasoning_tokens)::bigint as reasoning_tokens, sum(cost_usd) as cost_usd,
               round(sum(confidence_sum) / nullif(sum(confidence_count), 0), 3) as avg_confidence,
               (sum(response_time_sum) / nullif(sum(requests_count), 0))::int as avg_response_time,
               max(peak_concurrent_requests) as peak_concurrent_requests
          from ai_usage_metrics m
         where distributor_id = $1 and m.period_start >= $3 and m.period_start < $4
         group by 1, 2, 3 order by 1 desc, 2, 3 limit $5
        """,
        distributor_id,
        by,
        since,
        until,
        limit,
    )
    return [Period(**row) for row in rows]
