"""schemas/json/ and schemas/asyncapi/ are what the code generates."""

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

import services
from schemas import generate, topics
from schemas.catalog import EVENTS
from tests.contracts import golden

DOCUMENTS = sorted((generate.HERE / "asyncapi").glob("*.yaml"))


def test_every_generated_file_is_up_to_date() -> None:
    assert generate.drifted() == [], "run `make schemas`"


def test_a_changed_a_missing_and_a_leftover_file_are_drift(monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(generate, "HERE", folder / "schemas")
    (folder / "schemas").mkdir()
    generate.write()
    assert generate.main(["--check"]) == 0
    changed, missing, leftover = (
        folder / "schemas" / name for name in ("json/order.confirmed.json", "asyncapi/ingest.yaml", "json/order.eaten.json")
    )
    changed.write_text("{}")
    missing.unlink()
    leftover.write_text("{}")
    capsys.readouterr()
    assert generate.main(["--check"]) == 1
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "schemas/asyncapi/ingest.yaml",
        "schemas/json/order.confirmed.json",
        "schemas/json/order.eaten.json",
    ]
    assert generate.main([]) == 0
    assert generate.drifted() == []
    assert not leftover.exists()


@pytest.mark.parametrize("path", golden.EXAMPLES, ids=golden.name)
def test_the_json_schema_accepts_every_golden_event(path: Path) -> None:
    schema = yaml.safe_load((generate.HERE / "json" / f"{path.parent.name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(golden.load(path)["value"])


def test_every_service_has_an_asyncapi_document() -> None:
    assert {path.stem for path in DOCUMENTS} == set(services.NAMES)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_an_asyncapi_document_names_what_its_service_receives_and_sends(path: Path) -> None:
    document = yaml.safe_load(path.read_text())
    agreed = topics.load().values()
    expected = {f"receive.{topic.name}" for topic in agreed if path.stem in topic.consumers} | {
        f"send.{topic.name}" for topic in agreed if path.stem in topic.producers
    }
    assert document["asyncapi"] == "3.0.0"
    assert set(document["operations"]) == set(document["channels"]) == expected
    for message in document["components"]["messages"].values():
        assert message["headers"] == {"$ref": "#/components/schemas/CloudEventsHeaders"}
        assert message["payload"]["$ref"].removeprefix("#/components/schemas/") in {event.__name__ for event in EVENTS.values()}
    assert list(_dangling(document, document)) == []


def _dangling(node: object, document: dict[str, object]) -> list[str]:
    """The references in `node` that lead nowhere."""
    if isinstance(node, list):
        return [each for item in node for each in _dangling(item, document)]
    if not isinstance(node, dict):
        return []
    here = [node["$ref"]] if isinstance(node.get("$ref"), str) and not _leads_somewhere(node["$ref"], document) else []
    return here + [each for item in node.values() for each in _dangling(item, document)]


def _leads_somewhere(reference: str, document: object) -> bool:
    for part in reference.removeprefix("#/").split("/"):
        if not isinstance(document, dict) or part not in document:
            return False
        document = document[part]
    return True
