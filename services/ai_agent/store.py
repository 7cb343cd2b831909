"""What the AI answered. One statement a function."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from libs.postgres import Transaction
from schemas.ai_call_recorded import AgentType
from schemas.analysis import Analysis


@dataclass(frozen=True, slots=True)
class Answer:
    """One analysis of one message, and how long it took in milliseconds."""

    distributor_id: UUID
    message_id: UUID
    analysis: Analysis
    processing_time: int


async def insert_answers(tx: Transaction, answers: Sequence[Answer], model: str, version: str) -> None:
    """Keep analyses that are passed on, one for each message and version."""
    await tx.execute(
        """
        insert into ai_responses
               (distributor_id, message_id, agent_type, agent_version, confidence, processing_time, extracted_data, model_used, prompt_version,
               was_used)
        select distributor_id, message_id, $6, $8, confidence, processing_time, extracted_data, $7, $8, true
          from unnest($1::uuid[], $2::uuid[], $3::numeric[], $4::integer[], $5::text[]::jsonb[])
            as e (distributor_id, message_id, confidence, processing_time, extracted_data)
            on conflict do nothing
        """,
        [a.distributor_id for a in answers],
        [a.message_id for a in answers],
        [a.analysis.confidence for a in answers],
        [a.processing_time for a in answers],
        [a.analysis.model_dump_json() for a in answers],
        AgentType.MESSAGE_ANALYSIS,
        model,
        version,
    )
