"""The whole system, once for all journeys."""

from collections.abc import Iterator

import pytest

from deploy.local.stack import Stack


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running stack."""
    with Stack(tmp_path_factory.mktemp("stack"), say=lambda _: None) as running:
        yield running
