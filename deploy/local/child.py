"""One child process: started, watched and ended, never left behind."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.folders import writing_in
from deploy.local.postgres_user import group_of

# A shell that reads a line from a pipe which only we hold. We write one when the child has ended; if we die first, however suddenly, the
# read fails and the shell ends the child's process group: as asked at first, by force after ten seconds. Unlike PR_SET_PDEATHSIG this works
# outside Linux too, from any thread, and for a child that runs as another user.
_LEASH = """
read -r _ && exit
kill -s "$2" -- "-$1"; kill -s CONT -- "-$1"
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 -- "-$1" || exit; sleep 1; done
kill -s KILL -- "-$1"
"""


@dataclass(slots=True, kw_only=True)
class Child:
    """A program in a process group of its own, whose output is appended to `log`."""

    name: str
    arguments: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    folder: Path | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    _process: subprocess.Popen[bytes] | None = None
    _leash: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it must not be running."""
        self._let_go()
        with writing_in(self.log.parent):
            output = self.log.open("ab")
        with output:
            self._process = subprocess.Popen(  # noqa: S603 - programs that our own code names
                self.arguments,
                env=dict(self.environment),
                cwd=self.folder,
                user=self.user,
                group=group_of(self.user),
                extra_groups=None if self.user is None else [],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._leash = subprocess.Popen(  # noqa: S603 - the script above
            ["/bin/sh", "-c", _LEASH, "leash", str(self._process.pid), self.stop_signal.name.removeprefix("SIG")],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int | None:
        """Its process id, while it runs."""
        return self._process.pid if self._process is not None and self.alive() else None

    @property
    def exit_code(self) -> int | None:
        """What it exited with (negative: the signal that ended it); None while it runs or before its start."""
        return None if self._process is None else self._process.poll()

    def alive(self) -> bool:
        """Whether it runs (a paused one does)."""
        return self._process is not None and self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it alone; nothing happens when it does not run."""
        if self._process is not None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once, with all of its process group, and wait until it is gone."""
        self._signal_group(signal.SIGKILL)
        self._gone(None)

    def ask_to_stop(self, with_signal: signal.Signals | None = None) -> None:
        """Ask it to end, a paused one too, and do not wait."""
        self.send(with_signal or self.stop_signal)
        self.send(signal.SIGCONT)

    def see_gone(self, grace_seconds: float) -> None:
        """Wait for its end; when the grace period is over, end it by force."""
        if not self._gone(grace_seconds):
            self.kill()

    def stop(self, grace_seconds: float = 10.0, with_signal: signal.Signals | None = None) -> None:
        """Ask it to end and see it gone."""
        self.ask_to_stop(with_signal)
        self.see_gone(grace_seconds)

    def last_lines(self, count: int = 15) -> str:
        """Return the end of its log."""
        with suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
        return ""

    def _signal_group(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _gone(self, seconds: float | None) -> bool:
        """Wait for its end, then let go of the leash."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self._let_go()
        return True

    def _let_go(self) -> None:
        """Let go of the leash of a child that has ended."""
        if self._leash is not None:
            with suppress(BrokenPipeError):
                self._leash.communicate(b"ended\n")
            self._leash = None
