"""What people say of a finding: it was right, or it was none and what was masked for it is put back."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import SecretStr

from libs import keyring
from libs.postgres import Transaction
from libs.refused import Conflict, NotFound
from schemas.pii_detected import PiiAction
from services.message_store.pii import queue_store, results_store
from services.message_store.pii.domain import Text, restored, text_hash
from services.message_store.pii.results_store import Result
from services.message_store.pii.scan_due import value_place


class ValueNotKept(Conflict):
    """The value was redacted for good."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A finding with what was said of it; `restored`: whether the text says again what was masked."""

    result: Result
    restored: bool


async def reveal(tx: Transaction, master_key: SecretStr, distributor_id: UUID, result_id: UUID) -> str:
    """Return the value that was found. Raises NotFound and ValueNotKept."""
    found = await _locked(tx, distributor_id, result_id)
    if not found.has_value:
        raise ValueNotKept(f"the value of finding {result_id} was redacted for good; a rule with keep_value keeps those that follow")
    return await _value(tx, master_key, distributor_id, result_id)


async def review(tx: Transaction, master_key: SecretStr, distributor_id: UUID, result_id: UUID, user_id: UUID, *, false_positive: bool) -> Reviewed:
    """Write down what a user says of a finding. Raises NotFound, and Conflict where what was put back would have to be masked again."""
    found = await _locked(tx, distributor_id, result_id)
    if found.is_false_positive and not false_positive:
        raise Conflict(f"finding {result_id} was called a false positive, and what was masked is put back; that cannot be undone")
    put_back = False
    if false_positive and not found.is_false_positive and found.action_taken != PiiAction.FLAGGED:
        put_back = await _put_back(tx, master_key, distributor_id, found)
    result = await results_store.update_reviewed(tx, distributor_id, result_id, user_id, false_positive=false_positive)
    assert result
    return Reviewed(result, put_back)


async def _put_back(tx: Transaction, master_key: SecretStr, distributor_id: UUID, found: Result) -> bool:
    """Put what was masked back into its text, where both are still there. Returns whether it is."""
    if not found.has_value or found.superseded_at:
        return False
    text = await _text_of(tx, distributor_id, found)
    if text is None:
        return False
    value = await _value(tx, master_key, distributor_id, found.id)
    after = restored(text.text, found.start_offset, found.end_offset, found.pii_type, value)
    if after is None:
        return False
    change = {
        "distributor_id": distributor_id,
        "message_id": found.message_id,
        "field_name": found.field_name,
        "source_id": found.source_id,
        "before": text.text,
        "after": after,
    }
    if not await queue_store.update_texts(tx, [change]):
        return False
    await results_store.update_restored(tx, distributor_id, found, len(after) - len(text.text), text_hash(after))
    return True


async def _text_of(tx: Transaction, distributor_id: UUID, found: Result) -> Text | None:
    place = (distributor_id, found.message_id, found.field_name, found.source_id)
    texts = await queue_store.select_texts(tx, {(distributor_id, found.message_id)})
    return next((text for text in texts if text.place == place), None)


async def _locked(tx: Transaction, distributor_id: UUID, result_id: UUID) -> Result:
    found = await results_store.lock_result(tx, distributor_id, result_id)
    if found is None:
        raise NotFound(f"there is no finding {result_id}")
    return found


async def _value(tx: Transaction, master_key: SecretStr, distributor_id: UUID, result_id: UUID) -> str:
    sealed = await results_store.select_value(tx, distributor_id, result_id)
    assert sealed
    return (await keyring.unseal(tx, master_key, distributor_id, sealed, value_place(result_id))).decode()
