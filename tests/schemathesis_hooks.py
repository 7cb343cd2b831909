"""What Schemathesis is to do otherwise than by itself; it is told of this file by SCHEMATHESIS_HOOKS."""

from typing import Any
from uuid import uuid4

import schemathesis

LONGEST_KEY = 255


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], _options: dict[str, Any]) -> None:
    """Make every request with a good key a new one: made-up keys are few, and a key that came with another request is refused."""
    if 0 < len(case.headers.get("Idempotency-Key", "")) <= LONGEST_KEY:
        case.headers["Idempotency-Key"] = str(uuid4())
