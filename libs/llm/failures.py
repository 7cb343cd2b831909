"""Errors of OpenAI's client as one of ours. Texts of the server are left out: they may quote what was asked."""

import re
from http import HTTPStatus

from libs.llm.call import CallFailed, ErrorType

TURNED_AWAY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS)
QUOTA = "insufficient_quota"
CODE = re.compile(r"[a-z0-9_.-]{1,60}")


def as_call_failed(error: Exception) -> CallFailed:
    """Return what `error`, raised by the client, means."""
    import openai  # noqa: PLC0415 - takes seconds to import, and not every installation has a model

    match error:
        case openai.APITimeoutError():
            return CallFailed(ErrorType.TIMEOUT, "the server did not answer in time", retryable=True, cost_unknown=not _never_reached(error))
        case openai.APIStatusError():
            return _of_status(error)
        case openai.APIConnectionError():
            return CallFailed(ErrorType.UNAVAILABLE, "the connection failed", retryable=True, cost_unknown=not _never_reached(error))
        case openai.APIResponseValidationError() | KeyError() | TypeError() | AttributeError() | ValueError():
            return CallFailed(ErrorType.SCHEMA, f"the response is not OpenAI's: {type(error).__name__}", cost_unknown=True)
        case _:
            return CallFailed(ErrorType.UNAVAILABLE, f"the call failed: {type(error).__name__}", cost_unknown=True)


def _of_status(error: object) -> CallFailed:
    import openai  # noqa: PLC0415 - as above

    assert isinstance(error, openai.APIStatusError)
    code = error.code if error.code and CODE.fullmatch(error.code) else ""
    status = error.status_code
    limited = status == HTTPStatus.TOO_MANY_REQUESTS
    return CallFailed(
        ErrorType.RATE_LIMIT if limited else ErrorType.UNAVAILABLE,
        f"HTTP {status} {code}".rstrip(),
        retryable=(status in TURNED_AWAY or status >= HTTPStatus.INTERNAL_SERVER_ERROR) and code != QUOTA,
        request_id=error.request_id,
        retry_after=_seconds(error.response.headers.get("retry-after")),
    )


def _never_reached(error: Exception) -> bool:
    """Tell whether the request was not even sent, so that it costs nothing."""
    from httpx2 import ConnectError, ConnectTimeout  # noqa: PLC0415 - as above

    return isinstance(error.__cause__, ConnectError | ConnectTimeout)


def _seconds(retry_after: str | None) -> float | None:
    try:
        return max(float(retry_after), 0.0) if retry_after else None
    except ValueError:
        return None
