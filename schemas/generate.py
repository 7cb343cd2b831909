"""Write what others read: schemas/json/ (one JSON Schema an event, two of what a gateway posts), schemas/asyncapi/ (one AsyncAPI document a service).

`python -m schemas.generate` writes them, `--check` only tells which files are not as they should be.
"""

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from schemas import asyncapi, topics
from schemas.catalog import EVENTS
from schemas.gateway_message import GatewayMessage
from schemas.gateway_status import GatewayStatus

HERE = Path(__file__).parent
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def generated() -> dict[Path, str]:
    """Return every generated file with its text."""
    agreed = topics.load()
    services = sorted({service for topic in agreed.values() for service in (*topic.producers, *topic.consumers)})
    schemas = {HERE / "json" / f"{topic}.json": json_schema(topic, event) for topic, event in EVENTS.items()}
    documents = {HERE / "asyncapi" / f"{service}.yaml": asyncapi.document(service, agreed) for service in services}
    of_gateways = {"gateway_message": GatewayMessage, "gateway_status": GatewayStatus}
    return schemas | documents | {HERE / "json" / f"{name}.json": json_schema(name, model) for name, model in of_gateways.items()}


def json_schema(name: str, model: type[BaseModel]) -> str:
    """Return the JSON Schema of what a reader of `model` accepts."""
    schema = {"$schema": DIALECT, "$id": f"{name}.json", **model.model_json_schema(mode="validation")}
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def drifted() -> list[Path]:
    """Return the files that are missing, stale, or not generated any more."""
    expected = generated()
    stale = [path for path, text in expected.items() if not path.exists() or path.read_text() != text]
    return sorted([*stale, *_leftover(expected)])


def write() -> list[Path]:
    """Bring every file up to date, and return those that were not."""
    expected = generated()
    changed = drifted()
    for path in changed:
        if path in expected:
            path.parent.mkdir(exist_ok=True)
            path.write_text(expected[path])
        else:
            path.unlink()
    return changed


def _leftover(expected: dict[Path, str]) -> list[Path]:
    present = [*(HERE / "json").glob("*.json"), *(HERE / "asyncapi").glob("*.yaml")]
    return [path for path in present if path not in expected]


def main(arguments: list[str]) -> int:
    """Write or check, say which files it was about, and return the exit code."""
    check = "--check" in arguments
    changed = drifted() if check else write()
    for path in changed:
        sys.stdout.write(f"{path.relative_to(HERE.parent)} {'is not up to date: run `make schemas`' if check else 'written'}\n")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
