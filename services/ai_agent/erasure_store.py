"""The statements that forget a customer."""

from collections.abc import Sequence
from uuid import UUID

from libs.postgres import Transaction


async def select_conversations(tx: Transaction, distributor_id: UUID, customer_id: UUID) -> list[UUID]:
    """Return the conversations that are remembered as this customer's."""
    rows = await tx.fetch(
        "select conversation_id from conversation_context where distributor_id = $1 and customer_id = $2", distributor_id, customer_id
    )
    return [row["conversation_id"] for row in rows]


async def delete_contexts(tx: Transaction, distributor_id: UUID, conversation_ids: Sequence[UUID]) -> None:
    """Forget what models see of conversations."""
    await tx.execute(
        "delete from conversation_context where distributor_id = $1 and conversation_id = any($2::uuid[])", distributor_id, conversation_ids
    )


async def delete_jobs(tx: Transaction, distributor_id: UUID, conversation_ids: Sequence[UUID]) -> None:
    """Ask nothing more about conversations."""
    await tx.execute("delete from ai_jobs where distributor_id = $1 and conversation_id = any($2::uuid[])", distributor_id, conversation_ids)


async def delete_examples(tx: Transaction, distributor_id: UUID, conversation_ids: Sequence[UUID]) -> None:
    """Forget what answers about conversations have taught."""
    await tx.execute(
        """
        delete from ai_training_data t using ai_responses r
         where t.distributor_id = $1 and r.distributor_id = $1 and r.conversation_id = any($2::uuid[]) and t.ai_response_id = r.id
        """,
        distributor_id,
        conversation_ids,
    )


async def update_responses(tx: Transaction, distributor_id: UUID, conversation_ids: Sequence[UUID]) -> None:
    """Take what was said out of answers about conversations; what they cost stays."""
    await tx.execute(
        """
        update ai_responses set extracted_data = '{}', response_content = null, human_feedback_notes = null
         where distributor_id = $1 and conversation_id = any($2::uuid[])
        """,
        distributor_id,
        conversation_ids,
    )
