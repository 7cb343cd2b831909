"""Pictures and voice notes are written down, and then read as their message's own text would be."""

from collections.abc import Sequence

from libs.postgres import Transaction
from schemas.ai_call_recorded import AgentType
from schemas.message_file_stored import MessageFileStored
from services.ai_agent import jobs_store
from services.ai_agent.jobs_store import NewJob
from services.ai_agent.message import message_with_file


async def on_files_stored(events: Sequence[MessageFileStored], tx: Transaction) -> None:
    """Queue the reading of files."""
    jobs = [
        NewJob(
            message=message_with_file(event),
            agent_type=AgentType.MESSAGE_ANALYSIS,
            event_id=event.envelope.id,
            correlation_id=event.envelope.correlation_id,
            attachment_id=event.attachment_id,
        )
        for event in events
    ]
    await jobs_store.insert_jobs(tx, jobs)
