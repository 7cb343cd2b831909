"""`comanda demo`: everything starts, two distributors are seeded, their customers write, and what became of it is held against what had to."""

import asyncio
import shutil
import statistics
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import aiohttp
import asyncpg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.commands import seed
from deploy.commands.token import token_for
from deploy.demo import conversations, outcomes
from deploy.demo.conversations import Outcome, Played
from deploy.demo.outcomes import Result
from deploy.demo.player import Player
from deploy.demo.stand_ins.provider import Provider
from deploy.demo.stand_ins.receiver import Receiver
from deploy.local.environment import PROVIDER
from deploy.local.errors import LocalStackError
from deploy.local.stack import Stack
from libs import postgres
from libs.auth import Role

FOLDER = Path(".comanda/demo")
SETTLED_WITHIN_SECONDS = 30.0
LOOK_SECONDS = 0.2

console = Console(highlight=False)


class DemoFailed(Exception):
    """Something did not come out as it had to."""


def demo() -> None:
    """Start everything, seed two distributors, play their customers' conversations, and check what became of them."""
    started = time.monotonic()
    shutil.rmtree(FOLDER, ignore_errors=True)
    stack = Stack(FOLDER, say=lambda line: console.print(f"[green]•[/] {line}"))
    try:
        with stack:
            asyncio.run(run(stack))
    except (LocalStackError, DemoFailed) as error:
        console.print(f"[red]{error}[/]")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("everything that was started here has ended")
        raise typer.Exit(130) from None
    console.print(f"[green]All as it had to be, in {time.monotonic() - started:.0f} s.[/]")


async def run(stack: Stack) -> None:
    """Seed, subscribe, play and check. Raises DemoFailed with everything that did not come out as it had to."""
    urls = {name: stack.environment(name)["COMANDA_DATABASE_URL"] for name in stack.names}
    report = await seed.seed(urls)
    seed.show(report, console)
    access_token = stack.environment("outbound")["COMANDA_WHATSAPP_ACCESS_TOKEN"]
    port = urlsplit(stack.url(PROVIDER)).port or 0
    async with Provider(access_token, port) as provider, Receiver() as receiver:
        tenants = {each.distributor_id: each.customers for each in report.distributors}
        await wait_until_known(urls, tenants)
        for tenant in tenants:
            await _subscribe(stack, receiver, tenant)
        await _play(stack, provider, receiver, list(tenants))


async def wait_until_known(urls: Mapping[str, str], customers: Mapping[UUID, int]) -> None:
    """Wait until ingest and order_session have their copies of what was seeded."""
    counted = (("ingest", "select count(distinct customer_id) from contacts"), ("order_session", "select count(*) from customers"))
    deadline = time.monotonic() + SETTLED_WITHIN_SECONDS
    for service, question in counted:
        connection = await asyncpg.connect(urls[service])
        try:
            known = -1
            while known < sum(customers.values()):
                if time.monotonic() > deadline:
                    raise DemoFailed(f"{service} has not heard of the seeded customers after {SETTLED_WITHIN_SECONDS:.0f} s")
                async with connection.transaction():
                    await postgres.set_tenants(connection, customers)
                    known = await connection.fetchval(question)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            await connection.close()


async def _subscribe(stack: Stack, receiver: Receiver, tenant: UUID) -> None:
    """Create the distributor's webhook endpoint by the API, and tell its receiver the secret."""
    url = f"{receiver.url}/hooks/{tenant}"
    headers = {"Authorization": f"Bearer {token_for(stack, tenant, Role.ADMIN)}", "Idempotency-Key": str(uuid4())}
    wanted = {"name": "ERP", "url": url, "events": outcomes.EVENTS}
    address = stack.url("webhook_dispatcher") + "/v1/webhook-endpoints"
    async with aiohttp.ClientSession() as session, session.post(address, json=wanted, headers=headers) as response:
        if response.status != HTTPStatus.CREATED:
            raise DemoFailed(f"the webhook endpoint was not created: {response.status} {await response.text()}")
        receiver.expect(str(tenant), (await response.json())["auth_value"])


async def _play(stack: Stack, provider: Provider, receiver: Receiver, tenants: Sequence[UUID]) -> None:
    groups = conversations.read()
    played = [each for group in groups for each in group]
    run = uuid4().hex
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("conversations", total=len(played))

        def tell(each: Played) -> None:
            progress.console.print(f"  {each.conversation.sender}  {each.conversation.name}")
            progress.advance(task)

        app_secret = stack.environment("ingest")["COMANDA_WHATSAPP_APP_SECRET"]
        player = Player(stack.url("ingest") + "/webhooks/whatsapp", app_secret, provider, run, tell)
        await player.play(groups)
        results = await _settle(run, played, receiver)
    _show(results, player, provider, receiver)
    await _check(stack, results, player, receiver, tenants)


async def _settle(run: str, played: Sequence[Played], receiver: Receiver) -> list[Result]:
    """Wait until nothing is wrong any more, or until it has been too long."""
    deadline = time.monotonic() + SETTLED_WITHIN_SECONDS
    while True:
        told = outcomes.sort(receiver.received)
        results = [outcomes.judge(run, each, told) for each in played]
        if all(result.problem is None for result in results) or time.monotonic() > deadline:
            return results
        await asyncio.sleep(LOOK_SECONDS)


def _show(results: Sequence[Result], player: Player, provider: Provider, receiver: Receiver) -> None:
    told = outcomes.sort(receiver.received)
    table = Table("what", "result", title="What became of it")
    count = {outcome: sum(result.outcome is outcome for result in results) for outcome in Outcome}
    table.add_row("messages in", str(len(player.posted)))
    table.add_row("orders confirmed", str(count[Outcome.CONFIRMED]))
    table.add_row("orders in review", str(count[Outcome.REVIEW]))
    table.add_row("cancelled, still open", f"{count[Outcome.CANCELLED]}, {count[Outcome.OPEN]}")
    table.add_row("replies sent", str(len(provider.sent)))
    table.add_row("message to reply, p50 / p99", _percentiles(outcomes.reply_seconds(told, player.posted, provider.sent)))
    table.add_row("yes to webhook, p50 / p99", _percentiles(outcomes.order_seconds(told, player.posted)))
    table.add_row("webhooks received, signature verified", str(len(receiver.received)))
    table.add_row("webhooks with a wrong signature", str(receiver.refused))
    console.print(table)


async def _check(stack: Stack, results: Sequence[Result], player: Player, receiver: Receiver, tenants: Sequence[UUID]) -> None:
    problems = [f"{result.played.conversation.name}: {result.problem}" for result in results if result.problem]
    problems += [f"{name}: the webhook was answered with {status}" for name, status in player.refused]
    if receiver.refused:
        problems.append(f"{receiver.refused} webhooks had a wrong signature")
    expected = sum(1 for result in results if result.played.conversation.expect.lines)
    booked = sum([await _orders(stack, tenant) for tenant in tenants])
    if booked != expected:
        problems.append(f"{booked} orders are booked where {expected} were meant")
    if problems:
        raise DemoFailed("\n".join(problems))


async def _orders(stack: Stack, tenant: UUID) -> int:
    """Count the orders of a tenant by the API."""
    headers = {"Authorization": f"Bearer {token_for(stack, tenant, Role.OPERATOR)}"}
    url = stack.url("order_session") + "/v1/orders?limit=200"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        response.raise_for_status()
        return len((await response.json())["items"])


def _percentiles(seconds: Sequence[float]) -> str:
    if len(seconds) < 2:  # noqa: PLR2004 - quantiles need two
        return "–"
    cuts = statistics.quantiles(seconds, n=100)
    return f"{cuts[49] * 1000:.0f} / {cuts[98] * 1000:.0f} ms"
