"""The `responses` endpoint."""

from typing import Any

from libs.llm.call import Question, Usage
from libs.llm.reply import Reply
from libs.llm.schema import format_of


async def ask(openai: Any, question: Question[Any]) -> Reply:  # noqa: ANN401 - an AsyncOpenAI, imported only where there is a model
    """Ask by POST /responses. Nothing is kept by the provider."""
    raw = await openai.responses.with_raw_response.create(
        model=question.model,
        instructions=question.instructions,
        input=_input(question),
        max_output_tokens=question.most_output_tokens,
        store=False,
        # Beside the checked parameters: walking through the schema would cost more than all the rest of a call.
        extra_body={"text": {"format": {"type": "json_schema", **format_of(question.answer)}}},
    )
    return _reply(raw.http_response.json(), raw.headers.get("x-request-id"))


def _input(question: Question[Any]) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = []
    for asked, answered in question.examples:
        turns += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    pictures = [{"type": "input_image", "image_url": image, "detail": "high"} for image in question.images]
    content = [{"type": "input_text", "text": question.text}, *pictures] if pictures else question.text
    return [*turns, {"role": "user", "content": content}]


def _reply(body: dict[str, Any], request_id: str | None) -> Reply:
    parts = [part for item in body["output"] if item["type"] == "message" for part in item["content"]]
    used = body.get("usage") or {}
    ended_early = body.get("status") != "completed"
    return Reply(
        text="".join(part["text"] for part in parts if part["type"] == "output_text"),
        refused=any(part["type"] == "refusal" for part in parts),
        incomplete=((body.get("incomplete_details") or {}).get("reason") or "unknown") if ended_early else None,
        usage=Usage(
            input_tokens=used.get("input_tokens", 0),
            cached_tokens=(used.get("input_tokens_details") or {}).get("cached_tokens") or 0,
            output_tokens=used.get("output_tokens", 0),
            reasoning_tokens=(used.get("output_tokens_details") or {}).get("reasoning_tokens") or 0,
        ),
        request_id=request_id or body.get("id"),
    )
