"""Examples as fine-tuning takes them: one conversation of instructions, message and answer a line."""

from collections.abc import AsyncGenerator
from uuid import UUID

from pydantic_core import to_json

from libs import postgres
from libs.postgres import Pool
from schemas.ai_call_recorded import AgentType
from services.ai_agent import training_store
from services.ai_agent.paging import FIRST
from services.ai_agent.prompts import BUILT_IN, FRAME
from services.ai_agent.training_store import Example

AT_ONCE = 500


async def all_examples(pool: Pool, distributor_id: UUID, *, unused_only: bool) -> AsyncGenerator[Example]:
    """Return every example of a tenant, oldest first, a short transaction for each batch."""
    after = FIRST
    while True:
        async with postgres.tenant_transaction(pool, [distributor_id]) as tx:
            found = await training_store.select_examples(tx, distributor_id, after, AT_ONCE, unused_only=unused_only)
        for example in found:
            yield example
        if len(found) < AT_ONCE:
            return
        after = found[-1].id


def line_of(example: Example) -> str:
    """Return an example as a line of JSON."""
    messages = [
        {"role": "system", "content": BUILT_IN[AgentType(example.agent_type)].text + FRAME},
        {"role": "user", "content": to_json({"message": example.input_text, **example.input_context}).decode()},
        {"role": "assistant", "content": to_json(example.expected_output).decode()},
    ]
    return to_json({"messages": messages}).decode() + "\n"
