"""The supervisor of the services: starts them, starts them again when they end unasked, and ends them all."""

import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Self

from deploy.local.child import Child
from deploy.local.errors import LocalStackError
from deploy.local.ports import demand_free
from deploy.local.probe import ask
from deploy.local.waiting import wait_until

_LOOK_SECONDS = 0.1
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.2, 10.0
_SETTLED_AFTER = 30.0


@dataclass(slots=True)
class _Worker:
    """A child that is meant to run, and how it fared; times are of the monotonic clock."""

    child: Child
    port: int
    restarts: int = 0
    backoff: float = _FIRST_BACKOFF
    started_at: float = 0.0
    start_at: float | None = None

    def start(self) -> None:
        """Start the child."""
        self.child.start()
        self.started_at = time.monotonic()
        self.start_at = None


@dataclass(slots=True)
class Supervisor:
    """Children with a health port each; a thread of its own looks after them from `start` to `stop`."""

    grace_seconds: float = 25.0
    say: Callable[[str], None] = print
    _workers: dict[str, _Worker] = field(default_factory=dict[str, _Worker])
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _ending: threading.Event = field(default_factory=threading.Event)
    _watch: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self, children: Iterable[tuple[Child, int]]) -> None:
        """Start each child, with the port of its health routes."""
        for child, port in children:
            demand_free(port, child.name)
            with self._lock:
                self._workers[child.name] = _Worker(child, port)
                self._workers[child.name].start()
        if self._watch is None:
            self._ending.clear()
            self._watch = threading.Thread(target=self._look_after_them, name="supervisor", daemon=True)
            self._watch.start()

    def wait_ready(self, seconds: float) -> None:
        """Wait until every child answers /health/ready with 200; else say which does not, and how its log ends."""
        deadline = time.monotonic() + seconds
        for name, worker in self._workers.items():
            if not wait_until(lambda port=worker.port: ask(port, "/health/ready") == HTTPStatus.OK, deadline - time.monotonic()):
                log = worker.child.last_lines()
                raise LocalStackError(f"{name} is not ready after {seconds:.0f} seconds; its log, {worker.child.log}, ends with:\n{log}")

    def names(self) -> list[str]:
        """Name the children."""
        return list(self._workers)

    def alive(self, name: str) -> bool:
        """Whether that child runs now."""
        return self._workers[name].child.alive()

    def pid(self, name: str) -> int | None:
        """Return the process id of that child, while it runs."""
        return self._workers[name].child.pid

    def restarts(self, name: str) -> int:
        """Count how often that child was started again because it had died."""
        return self._workers[name].restarts

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send that child a signal; when it dies of it, it is started again."""
        self._workers[name].child.send(number)

    def pause(self, name: str) -> None:
        """Make that child stand still (SIGSTOP), as a machine without a free core would."""
        self._workers[name].child.send(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let a paused child go on."""
        self._workers[name].child.send(signal.SIGCONT)

    def restart_all(self) -> None:
        """End all children in order and start them again."""
        with self._lock:
            _end([worker.child for worker in self._workers.values()], self.grace_seconds)
            for worker in self._workers.values():
                worker.start()

    def stop(self) -> None:
        """End all children and see them gone."""
        self._ending.set()
        if self._watch is not None:
            self._watch.join()
            self._watch = None
        with self._lock:
            _end([worker.child for worker in self._workers.values()], self.grace_seconds)
            self._workers.clear()

    def _look_after_them(self) -> None:
        while not self._ending.wait(_LOOK_SECONDS):
            with self._lock:
                for name, worker in self._workers.items():
                    self._look_after(name, worker, time.monotonic())

    def _look_after(self, name: str, worker: _Worker, now: float) -> None:
        if worker.start_at is not None:
            if now >= worker.start_at:
                worker.restarts += 1
                worker.start()
        elif not worker.child.alive():
            worker.backoff = _FIRST_BACKOFF if now - worker.started_at > _SETTLED_AFTER else min(worker.backoff * 2, _LONGEST_BACKOFF)
            worker.start_at = now + worker.backoff
            self.say(f"{name} ended with {worker.child.exit_code}; it starts again in {worker.backoff:.1f} s")


def _end(children: list[Child], grace_seconds: float) -> None:
    """Ask all of them at once, then wait for one after the other."""
    for child in children:
        child.ask_to_stop()
    deadline = time.monotonic() + grace_seconds
    for child in children:
        child.see_gone(max(0.0, deadline - time.monotonic()))
