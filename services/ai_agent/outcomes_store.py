"""The statements on what became of answers: confirmed as they were read, or corrected."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from libs.postgres import Transaction
from services.ai_agent.calibration import Outcome

CORRECTED_WITHIN = timedelta(days=14)
MOST_OUTCOMES = 20_000


async def update_confirmed(tx: Transaction, distributor_id: UUID, conversation_id: UUID, until: datetime) -> None:
    """Note that the customer confirmed what was read of a conversation until then."""
    await tx.execute(
        """
        update ai_responses set outcome = 'CONFIRMED'
         where distributor_id = $1 and conversation_id = $2 and created_at between $3::timestamptz - $4::interval and $3
           and was_used and outcome is null and jsonb_array_length(coalesce(extracted_data -> 'lines', '[]')) > 0
        """,
        distributor_id,
        conversation_id,
        until,
        CORRECTED_WITHIN,
    )


async def update_corrected(tx: Transaction, distributor_id: UUID, conversation_id: UUID, until: datetime, words: Sequence[str]) -> None:
    """Note that a person had to correct answers: those with a product that is among these words of the customer."""
    await tx.execute(
        """
        update ai_responses r set outcome = 'CORRECTED'
         where distributor_id = $1 and conversation_id = $2 and created_at between $3::timestamptz - $4::interval and $3 and was_used
           and exists (
               select from jsonb_array_elements(coalesce(r.extracted_data -> 'lines', '[]')) as l (line)
                 join unnest($5::text[]) as w (words) on position(lower(l.line ->> 'product') in lower(w.words)) > 0)
        """,
        distributor_id,
        conversation_id,
        until,
        CORRECTED_WITHIN,
        words,
    )


async def select_outcomes(tx: Transaction, distributor_id: UUID, model: str) -> list[Outcome]:
    """Return the newest answers of a model of which we know what became: by orders, or by the feedback of people, whose word goes first."""
    rows = await tx.fetch(
        """
        select coalesce(stated_confidence, confidence) as stated,
               case when human_feedback is not null then human_feedback = 'HELPFUL' else outcome = 'CONFIRMED' end as is_right
          from ai_responses
         where distributor_id = $1 and model_used = $2 and status = 'SUCCEEDED' and agent_type in ('MESSAGE_ANALYSIS', 'ORDER_PROCESSING')
           and (human_feedback is not null or outcome is not null) and coalesce(stated_confidence, confidence) is not null
         order by id desc limit $3
        """,
        distributor_id,
        model,
        MOST_OUTCOMES,
    )
    return [Outcome(stated=float(row["stated"]), right=row["is_right"]) for row in rows]


async def select_models_with_outcomes(tx: Transaction, distributor_id: UUID) -> list[str]:
    """Return the models, the local analyzer among them, of whose answers we know what became."""
    rows = await tx.fetch(
        """
        select distinct model_used from ai_responses
         where distributor_id = $1 and status = 'SUCCEEDED' and (human_feedback is not null or outcome is not null) order by 1
        """,
        distributor_id,
    )
    return [row["model_used"] for row in rows]


async def upsert_calibration(tx: Transaction, distributor_id: UUID, model: str, steps: Sequence[tuple[float, float]], outcomes: int) -> None:
    """Keep what confidences of a model have meant, from now on for new answers."""
    await tx.execute(
        """
        insert into ai_calibrations as c (distributor_id, model, points, outcomes) values ($1, $2, $3, $4)
            on conflict (distributor_id, model) do update set points = excluded.points, outcomes = excluded.outcomes
        """,
        distributor_id,
        model,
        [list(step) for step in steps],
        outcomes,
    )
