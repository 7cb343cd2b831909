"""What a folder remembers from one start to the next: ports and secrets, in a file that only its owner can read."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from deploy.local.errors import LocalStackError
from deploy.local.folders import writing_in
from deploy.local.ports import free_port


@dataclass(frozen=True, slots=True)
class Remembered:
    """A JSON object of texts (mode 0600); each is made once, when it is first asked for."""

    file: Path

    def text(self, key: str, make: Callable[[], str]) -> str:
        """Return what is known as `key`; when it is not known yet, make it and write it down."""
        known = self._read()
        if key not in known:
            known[key] = make()
            self._write(known)
        return known[key]

    def port(self, name: str) -> int:
        """Return the port of `name`: a free one the first time, the same one from then on."""
        return int(self.text(f"{name}_port", lambda: str(free_port())))

    def known(self, key: str) -> str:
        """Return what is known as `key`; raise LocalStackError when nothing is."""
        try:
            return self._read()[key]
        except KeyError:
            raise LocalStackError(f"Nothing has been started in {self.file.parent} yet: `comanda up` does.") from None

    def learn(self, key: str, value: str) -> None:
        """Know `key` as `value` from now on."""
        self._write({**self._read(), key: value})

    def _read(self) -> dict[str, str]:
        if not self.file.exists():
            return {}
        try:
            return cast("dict[str, str]", json.loads(self.file.read_text()))
        except (OSError, ValueError) as error:
            raise LocalStackError(f"{self.file} cannot be read ({error}): delete the folder that holds it to begin afresh.") from error

    def _write(self, known: dict[str, str]) -> None:
        with writing_in(self.file.parent):
            beside = self.file.with_suffix(".new")
            beside.touch(mode=0o600)
            beside.write_text(json.dumps(known, indent=2) + "\n")
            beside.replace(self.file)
