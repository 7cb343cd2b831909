"""What the tests of the local stack share."""

from collections.abc import Callable

import psutil
import pytest


@pytest.fixture
def nothing_left() -> Callable[[], bool]:
    """Tell whether every process that was started since the test began is gone."""
    before = {process.pid for process in psutil.Process().children(recursive=True)}

    def gone() -> bool:
        return all(process.pid in before for process in psutil.Process().children(recursive=True))

    return gone


def runs(pid: int) -> bool:
    """Whether that process exists and is more than an entry that nobody has collected yet."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
