"""The `audio/transcriptions` endpoint."""

from decimal import Decimal
from typing import Any

from pydantic_core import to_json

from libs.llm.call import Question, Usage
from libs.llm.reply import Reply

EXTENSIONS = {"audio/ogg": "ogg", "audio/mpeg": "mp3", "audio/mp4": "m4a", "audio/aac": "m4a", "audio/wav": "wav", "audio/webm": "webm"}
"""The endpoint goes by the name of the file."""
CONFIDENCE = 0.9
"""The endpoint says nothing of how sure it is."""


async def ask(openai: Any, question: Question[Any]) -> Reply:  # noqa: ANN401 - an AsyncOpenAI, imported only where there is a model
    """Ask by POST /audio/transcriptions."""
    assert question.audio is not None
    name = f"speech.{EXTENSIONS.get(question.audio.mime_type, 'ogg')}"
    raw = await openai.audio.transcriptions.with_raw_response.create(
        model=question.model, file=(name, question.audio.content, question.audio.mime_type), response_format="json"
    )
    return _reply(raw.http_response.json(), raw.headers.get("x-request-id"))


def _reply(body: dict[str, Any], request_id: str | None) -> Reply:
    used = body.get("usage") or {}
    return Reply(
        text=to_json({"text": body["text"], "confidence": CONFIDENCE}).decode(),
        refused=False,
        incomplete=None,
        usage=Usage(
            input_tokens=used.get("input_tokens", 0),
            output_tokens=used.get("output_tokens", 0),
            minutes=Decimal(str(used.get("seconds", 0))) / 60,
        ),
        request_id=request_id,
    )
