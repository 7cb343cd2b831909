"""Whoever runs this finds every setting and every metric in docs/running.md."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from pydantic_settings import BaseSettings

import libs
import services

GUIDE = Path(__file__).parents[2] / "docs/running.md"
MODULES = [f"libs.{module.name}" for module in pkgutil.iter_modules(libs.__path__)] + [
    f"services.{name}.{module}"
    for name in services.NAMES
    for module in ("settings", "metrics")
    if (Path(services.__path__[0]) / name / f"{module}.py").exists()
]


def documented() -> set[str]:
    """The variables in the first column of the guide's tables."""
    cells = re.findall(r"^\| (`COMANDA_[^|]*) \|", GUIDE.read_text(), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(COMANDA_[A-Z0-9_]+)`", cell)}


def settings_classes() -> list[type[BaseSettings]]:
    """Every class that reads the environment."""
    members = [member for module in MODULES for _, member in inspect.getmembers(importlib.import_module(module), inspect.isclass)]
    return sorted({each for each in members if issubclass(each, BaseSettings) and each is not BaseSettings}, key=lambda each: each.__name__)


def variables() -> set[str]:
    """What all of them read."""
    return {f"COMANDA_{field.upper()}" for each in settings_classes() for field in each.model_fields}


def test_there_are_settings_to_look_for() -> None:
    names = {each.__name__ for each in settings_classes()}
    assert {"Settings", "StorageSettings", "MasterKeySettings", "IngestSettings", "OutboundSettings", "MessageStoreSettings"} <= names


@pytest.mark.parametrize("variable", sorted(variables()))
def test_every_setting_is_in_the_guide(variable: str) -> None:
    assert variable in documented()


def test_the_guide_names_no_setting_that_there_is_not() -> None:
    assert documented() - variables() == set()


def default_of(variable: str) -> set[str]:
    """The defaults that a setting has in the classes that know it, as the guide writes them."""
    fields = [info for each in settings_classes() for field, info in each.model_fields.items() if f"COMANDA_{field.upper()}" == variable]
    return {"must be set" if info.is_required() else _written(info.get_default(call_default_factory=True)) for info in fields}


def _written(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value() or "must be set"
    return "none" if value in (None, "", {}) else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("variable", sorted(variables()))
def test_the_guide_tells_the_defaults(variable: str) -> None:
    (told,) = re.findall(rf"^\| `{variable}` \| ([^|]*) \|", GUIDE.read_text(), re.MULTILINE)
    assert [default for default in default_of(variable) if default not in told] == []


def test_every_metric_is_in_the_guide() -> None:
    for module in MODULES:
        importlib.import_module(module)
    ours = {family.name for family in REGISTRY.collect() if family.name.startswith("comanda_")}
    assert len(ours) > 10
    assert [name for name in sorted(ours) if name not in GUIDE.read_text()] == []
