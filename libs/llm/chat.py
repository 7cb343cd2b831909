"""The `chat.completions` endpoint, which every compatible server has."""

from typing import Any

from libs.llm.call import Question, Usage
from libs.llm.reply import Reply
from libs.llm.schema import format_of

ENDED_EARLY = ("length", "content_filter")


async def ask(openai: Any, question: Question[Any]) -> Reply:  # noqa: ANN401 - an AsyncOpenAI, imported only where there is a model
    """Ask by POST /chat/completions."""
    raw = await openai.chat.completions.with_raw_response.create(
        model=question.model,
        messages=_messages(question),
        max_completion_tokens=question.most_output_tokens,
        # Beside the checked parameters, as in responses.py.
        extra_body={"response_format": {"type": "json_schema", "json_schema": format_of(question.answer)}},
    )
    return _reply(raw.http_response.json(), raw.headers.get("x-request-id"))


def _messages(question: Question[Any]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": question.instructions}]
    for asked, answered in question.examples:
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    pictures = [{"type": "image_url", "image_url": {"url": image, "detail": "high"}} for image in question.images]
    content = [{"type": "text", "text": question.text}, *pictures] if pictures else question.text
    return [*messages, {"role": "user", "content": content}]


def _reply(body: dict[str, Any], request_id: str | None) -> Reply:
    choice = body["choices"][0]
    used = body.get("usage") or {}
    reason = choice.get("finish_reason")
    return Reply(
        text=choice["message"].get("content") or "",
        refused=bool(choice["message"].get("refusal")),
        incomplete=reason if reason in ENDED_EARLY else None,
        usage=Usage(
            input_tokens=used.get("prompt_tokens", 0),
            cached_tokens=(used.get("prompt_tokens_details") or {}).get("cached_tokens") or 0,
            output_tokens=used.get("completion_tokens", 0),
            reasoning_tokens=(used.get("completion_tokens_details") or {}).get("reasoning_tokens") or 0,
        ),
        request_id=request_id or body.get("id"),
    )
