"""Pictures of lists and voice notes are written down by a model, and then read like a text."""

import io
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from libs import storage
from libs.postgres import Pool
from libs.storage import key_of
from schemas.contact import Channel
from schemas.message_analyzed import MessageAnalyzed
from schemas.message_file_stored import FileKind, MessageFileStored
from services.ai_agent.__main__ import CONSUMES
from tests.ai_agent.conftest import execute, known, message, read, rows, settings, work
from tests.consuming import arrived, consume, said
from tests.llm.model_server import MODEL, Answering, ModelServer
from tests.making import NOW

LIST = "3 cases milk, 2 cases eggs"


async def sent(pool: Pool, tenant: UUID, folder: Path, kind: FileKind, mime_type: str, *, size: int | None = None, **more: Any) -> MessageFileStored:
    """Let a file be stored and told of."""
    attachment, content = uuid4(), b"what it holds"
    key = key_of(more.pop("owner", tenant), "attachments", str(attachment))
    async with storage.opened(settings(storage_folder=folder)) as kept:
        await kept.put(key, io.BytesIO(content), mime_type)
    event = MessageFileStored(
        distributor_id=tenant,
        occurred_at=NOW,
        conversation_id=more.pop("conversation", None) or uuid4(),
        message_id=uuid4(),
        attachment_id=attachment,
        thread_position=1,
        channel=Channel.WHATSAPP,
        customer_id=None,
        contact_id=None,
        sent_at=NOW,
        kind=kind,
        storage_key=key,
        mime_type=mime_type,
        size_bytes=size or len(content),
    )
    await consume(pool, "ai_agent", CONSUMES, arrived(event))
    return event


def showing(text: str, confidence: float = 0.7) -> Answering:
    """A model that sees `text` in every picture."""

    def answering(data: dict[str, Any], model: str) -> dict[str, Any]:
        return {"text": text, "confidence": confidence} if data.get("kind") == "IMAGE" else read(data, model)

    return answering


async def test_a_picture_of_a_list_is_read_and_no_surer_than_its_writing(pool: Pool, model: ModelServer, folder: Path) -> None:
    tenant = uuid4()
    model.answering = showing(LIST)
    await known(pool, tenant, (MODEL, "2", "8"))
    event = await sent(pool, tenant, folder, FileKind.IMAGE, "image/png")

    assert await work(pool, model.base_url, storage_folder=folder, ai_reads_images=True) == 1

    [analyzed] = await said(pool, tenant, MessageAnalyzed)
    assert (analyzed.attachment_id, analyzed.content, len(analyzed.analysis.lines)) == (event.attachment_id, LIST, 2)
    assert {analyzed.analysis.confidence, *(line.confidence for line in analyzed.analysis.lines)} == {Decimal("0.7")}
    [seen, _] = model.asked
    assert seen.body["input"][0]["content"][1]["image_url"].startswith("data:image/png;base64,")
    kept = {row["prompt_version"]: row["attachment_id"] for row in await rows(pool, tenant, "ai_responses")}
    assert kept == {"transcript-1": event.attachment_id, "analysis-1": event.attachment_id}
    assert [month["requests"] for month in await rows(pool, tenant, "ai_budget_months")] == [2]


async def test_a_voice_note_is_written_down_priced_by_the_minute_and_read(pool: Pool, model: ModelServer, folder: Path) -> None:
    tenant = uuid4()
    model.says = LIST
    await known(pool, tenant, (MODEL, "0", "0"), ("listener", "0", "0"))
    await execute(pool, tenant, "update ai_model_prices set minute = 0.006 where model = 'listener'")
    await sent(pool, tenant, folder, FileKind.AUDIO, "audio/ogg")

    await work(pool, model.base_url, storage_folder=folder, ai_transcription_model="listener")

    assert model.heard == [("speech.ogg", b"what it holds")]
    [analyzed] = await said(pool, tenant, MessageAnalyzed)
    assert (analyzed.content, len(analyzed.analysis.lines)) == (LIST, 2)
    listener = next(row for row in await rows(pool, tenant, "ai_responses") if row["model_used"] == "listener")
    assert listener["cost_usd"] == Decimal("0.003")


@pytest.mark.parametrize(
    ("kind", "mime_type", "more"),
    [
        (FileKind.IMAGE, "image/tiff", {}),
        (FileKind.IMAGE, "image/png", {"size": 9_000_000}),
        (FileKind.IMAGE, "image/png", {"owner": UUID(int=9)}),
        (FileKind.AUDIO, "audio/ogg", {}),
    ],
)
async def test_what_no_model_can_read_is_passed_over(
    pool: Pool, model: ModelServer, folder: Path, kind: FileKind, mime_type: str, more: dict[str, Any]
) -> None:
    tenant = uuid4()
    await known(pool, tenant)
    await sent(pool, tenant, folder, kind, mime_type, **more)
    assert await work(pool, model.base_url, storage_folder=folder, ai_reads_images=True) == 1
    assert (model.asked, await said(pool, tenant), await rows(pool, tenant, "ai_jobs")) == ([], [], [])


async def test_while_the_storage_is_away_the_file_waits_and_later_messages_go_on(pool: Pool, model: ModelServer, folder: Path) -> None:
    tenant, conversation = uuid4(), uuid4()
    model.answering = showing(LIST)
    await known(pool, tenant)
    event = await sent(pool, tenant, folder, FileKind.IMAGE, "image/png", conversation=conversation)
    file = folder / event.storage_key
    content = file.read_bytes()
    file.unlink()
    file.mkdir()
    await consume(pool, "ai_agent", CONSUMES, message(tenant, "1 case tea", conversation=conversation, position=2))

    assert await work(pool, model.base_url, storage_folder=folder, ai_reads_images=True) == 2

    assert [each.thread_position for each in await said(pool, tenant, MessageAnalyzed)] == [2]
    [job] = await rows(pool, tenant, "ai_jobs")
    assert (job["state"], job["attempt"]) == ("PENDING", 0)
    file.rmdir()
    file.write_bytes(content)
    await execute(pool, tenant, "update ai_jobs set run_after = now()")
    await work(pool, model.base_url, storage_folder=folder, ai_reads_images=True)
    assert [each.thread_position for each in await said(pool, tenant, MessageAnalyzed)] == [2, 1]
