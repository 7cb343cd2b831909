"""Writing versions of prompts and giving them their places: one in force, one tried beside it."""

from uuid import UUID

from libs.llm.schema import format_of
from libs.postgres import Transaction
from libs.refused import Conflict, NotFound
from schemas.ai_call_recorded import AgentType
from services.ai_agent import prompts_store
from services.ai_agent.prompts import BUILT_IN, FORMS
from services.ai_agent.prompts_store import PromptVersion


class OfAnotherForm(Conflict):
    """The version was written for an answer of another form than today's."""


async def create(tx: Transaction, distributor_id: UUID, agent_type: AgentType, version: str, text: str) -> PromptVersion:
    """Keep a version as a draft. Raises Conflict where its name is taken."""
    schema = format_of(FORMS[agent_type])["schema"]
    made = None
    if version != BUILT_IN[agent_type].version:
        made = await prompts_store.insert_version(tx, distributor_id, agent_type, version, text, schema)
    if made is None:
        raise Conflict(f"there is a version {version} of this agent already; name it otherwise")
    return made


async def become(tx: Transaction, distributor_id: UUID, agent_type: AgentType, version: str, status: str) -> PromptVersion:
    """Give a version its status; what is ACTIVE or SHADOW in its place is retired. Raises NotFound, OfAnotherForm."""
    known = [each for each in await prompts_store.select_versions(tx, distributor_id, agent_type) if each.distributor_id == distributor_id]
    found = next((each for each in known if each.version == version), None)
    if found is None:
        raise NotFound(f"there is no version {version} of {agent_type} of your own")
    if status in ("ACTIVE", "SHADOW"):
        if found.schema != format_of(FORMS[agent_type])["schema"]:
            raise OfAnotherForm(f"version {version} was written for an answer of another form; write it anew as a version of another name")
        await prompts_store.update_retired(tx, distributor_id, agent_type, status)
    changed = await prompts_store.update_status(tx, distributor_id, agent_type, version, status)
    assert changed is not None
    return changed
