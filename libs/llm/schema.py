"""The strict JSON Schema of a form, as OpenAI's own client makes it; worked out once a form."""

from functools import lru_cache
from typing import Any

from pydantic_core import to_json

from libs.llm.call import Form


@lru_cache
def format_of(form: type[Form]) -> dict[str, Any]:
    """Return name, schema and strictness of `form` as both endpoints take them."""
    from openai.lib._pydantic import to_strict_json_schema  # noqa: PLC0415 - takes seconds to import, and not every installation has a model

    return {"name": form.__name__, "schema": to_strict_json_schema(form), "strict": True}


@lru_cache
def schema_of(form: type[Form]) -> str:
    """Return the schema as text."""
    return to_json(format_of(form)["schema"]).decode()
