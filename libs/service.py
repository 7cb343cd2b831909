"""The only way in: `run` makes a process of handlers, routes and jobs, and ends it without losing what is in hand."""

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI, Request

from libs import auth, health, postgres, problem, retention, telemetry
from libs.body_limit import BodyLimit
from libs.consumer import Consumer, Handlers
from libs.postgres import Pool
from libs.relay import Relay
from libs.retention import Sweep
from libs.retry import Stopping, until_it_works
from libs.settings import Settings

log = structlog.get_logger()

JOB_POLL_SECONDS = 0.5
JOB_PAUSE_AFTER_ERROR_SECONDS = 1.0
WATCH_SECONDS = 5.0
STOP_WITHIN_SECONDS = 20
OBJECTS_BETWEEN_COLLECTIONS = 50_000

Job = Callable[["Service"], Awaitable[int]]
"""Does some of the work that is due and returns how much; called again at once until that is 0."""


class Service:
    """What runs in one process: pool, consumer, relay, jobs, retention. Handlers get a transaction; routes and jobs get this."""

    def __init__(self, name: str, settings: Settings, consumes: Handlers, jobs: Sequence[Job], keeps: Sequence[Sweep] = ()) -> None:
        self.name = name
        self.settings = settings
        self.stopping = asyncio.Event()
        self.failed = False
        self.consumer: Consumer | None = None
        self.relay = Relay(name, settings, self.stopping)
        self._consumes = consumes
        self._jobs = jobs
        self._keeps = [*retention.shared(settings), *keeps]
        self._pool: Pool | None = None
        self._due: list[asyncio.Event] = []

    @property
    def pool(self) -> Pool:
        """The connections to this service's database. Raises ConnectionError (503 to a caller) while there are none yet."""
        if self._pool is None:
            raise ConnectionError("the database has not answered yet")
        return self._pool

    def wake(self) -> None:
        """Say that something was committed: the relay and the jobs look at once."""
        self.relay.wake()
        self.wake_jobs()

    def wake_jobs(self) -> None:
        """Say that there is something to do for the jobs."""
        for due in self._due:
            due.set()

    async def run(self) -> None:
        """Run until `stopping` is set. Raises whatever ended it otherwise."""
        try:
            self._pool = await until_it_works(self._connect, self.stopping, doing="connecting to PostgreSQL")
        except Stopping:
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.relay.run())
                if self._consumes:
                    self.consumer = Consumer(self.name, self.settings, self._consumes, self._pool, self.stopping, self.wake)
                    tasks.create_task(self.consumer.run())
                    tasks.create_task(self._watch(self.consumer))
                tasks.create_task(retention.run(self._pool, self.settings, self.stopping, self._keeps))
                for job in self._jobs:
                    tasks.create_task(self._repeat(job))
        finally:
            await asyncio.wait_for(self._pool.close(), STOP_WITHIN_SECONDS)

    async def _connect(self) -> Pool:
        return await postgres.create_pool(self.settings.database_url.get_secret_value(), self.name, self.settings.database_pool_size)

    async def _repeat(self, job: Job) -> None:
        due = asyncio.Event()
        self._due.append(due)
        name = getattr(job, "__name__", repr(job))
        while not self.stopping.is_set():
            due.clear()
            pause = JOB_POLL_SECONDS
            try:
                if done := await job(self):
                    telemetry.JOB_ITEMS.labels(name).inc(done)
                    self.relay.wake()
                    continue
            except Exception:
                log.exception("job_failed", job=name)
                pause = JOB_PAUSE_AFTER_ERROR_SECONDS
            await _wait_for(due, pause)

    async def _watch(self, consumer: Consumer) -> None:
        """End the process when its consumer stands still: a fresh one takes over where it stopped."""
        while not self.stopping.is_set():
            if consumer.stuck():
                log.critical("consumer_stuck", mend="the process ends and is to be started again")
                raise RuntimeError("the consumer is stuck")
            await _wait_for(self.stopping, WATCH_SECONDS)


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def application(service: Service, api: APIRouter | None, on_failure: Callable[[], None]) -> FastAPI:
    """Return the HTTP side of `service`: its routes under their own names, health, readiness and metrics."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        running = asyncio.create_task(service.run())
        running.add_done_callback(lambda task: _ended(task, service, on_failure))
        yield
        service.stopping.set()
        service.wake()
        unfinished = (await asyncio.wait([running], timeout=STOP_WITHIN_SECONDS))[1]
        for task in unfinished:
            task.cancel()

    app = FastAPI(title=f"Comanda {service.name}", lifespan=lifespan, docs_url="/docs", redoc_url=None, responses=problem.RESPONSES)
    app.state.service = service
    app.state.verifier = auth.Verifier(service.settings)
    problem.install(app)
    app.add_middleware(BodyLimit, limit=service.settings.http_max_body_bytes, larger=service.settings.larger_bodies())
    app.include_router(health.router)
    if api:
        app.include_router(api)
    return app


def _ended(task: "asyncio.Task[None]", service: Service, on_failure: Callable[[], None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        service.failed = True
        log.critical("service_failed", error=type(error).__name__, exc_info=error)
        on_failure()


async def of(request: Request) -> Service:
    """FastAPI dependency: the service that a route belongs to. Async, or FastAPI would call it in a thread."""
    service: Service = request.app.state.service
    return service


class _Server(uvicorn.Server):
    """Takes a signal as the wish to stop, and then returns; uvicorn's own would die of the signal after stopping well."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def collect_garbage_seldom() -> None:
    """Leave what was imported alone, and look for cycles after many thousands of objects rather than after 700.

    A batch of events is some ten thousand objects that hold no cycle: walking them again and again takes 30 % of a consumer's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 50)


def run(
    name: str,
    settings: Settings,
    *,
    consumes: Handlers | None = None,
    api: APIRouter | None = None,
    jobs: Sequence[Job] = (),
    keeps: Sequence[Sweep] = (),
) -> None:
    """Run the service until SIGTERM or SIGINT; exits with 1 when it could not go on. `keeps` are its own tables that are kept for a while only."""
    telemetry.configure_logging(name, settings.log_level)
    telemetry.configure_tracing(name)
    service = Service(name, settings, consumes or {}, jobs, keeps)

    def give_up() -> None:
        server.should_exit = True

    config = uvicorn.Config(
        application(service, api, give_up),
        host=settings.http_host,
        port=settings.http_port,
        loop="uvloop",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN_SECONDS,
    )
    server = _Server(config)
    collect_garbage_seldom()
    server.run()
    log.info("service_stopped", failed=service.failed)
    sys.exit(1 if service.failed else 0)
