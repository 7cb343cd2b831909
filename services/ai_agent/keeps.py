"""What is kept for a while only: why models gave no answer, and what they see of conversations in which nobody writes any more."""

from datetime import timedelta

from libs import retention
from libs.retention import Sweep
from services.ai_agent.settings import AiAgentSettings


def keeps(settings: AiAgentSettings) -> list[Sweep]:
    """Return the sweeps."""
    return [
        retention.rows("ai_errors", timedelta(days=settings.ai_errors_kept_days)),
        retention.rows("conversation_context", timedelta(days=settings.ai_contexts_kept_days), since="updated_at"),
    ]
