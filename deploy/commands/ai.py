"""`comanda prompts`, `comanda prices`, `comanda calibrate`: what models are told, what they cost, and how far they are to be believed."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar
from uuid import UUID

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from libs import postgres
from libs.postgres import Connection
from libs.refused import Refused
from schemas.ai_call_recorded import AgentType
from services.ai_agent import evaluation, outcomes_store, prompts_registry, prompts_store, training_store
from services.ai_agent.calibration import FEWEST_OUTCOMES, Calibration, Outcome, at_thresholds, fit, recommend
from services.ai_agent.evaluation import LOCAL, RECORDED, reader_for
from services.ai_agent.prompts import BUILT_IN
from services.ai_agent.prompts_store import PromptVersion
from services.ai_agent.settings import AiModels
from services.ai_agent.training_store import Example

SERVICE = "ai_agent"
MOST_EXAMPLES = 2_000
NIL = UUID(int=0)
Result = TypeVar("Result")


class Analyzer(StrEnum):
    """Who reads."""

    MODEL = "model"
    LOCAL = "local"


prompts = typer.Typer(no_args_is_help=True)
prices = typer.Typer(no_args_is_help=True)
console = Console(highlight=False)

Url = Annotated[str | None, typer.Option("--admin-url", envvar="COMANDA_POSTGRES_ADMIN_URL", help="PostgreSQL, as a superuser; else that here")]
Tenant = Annotated[UUID, typer.Option("--distributor", help="Its id; left out, what holds for all")]
Agent = Annotated[AgentType, typer.Option("--agent", case_sensitive=False)]
Name = Annotated[str, typer.Argument(help="The version's name")]


@prompts.command("list")
def list_prompts(distributor: Tenant = NIL, admin_url: Url = None) -> None:
    """Show every version, and which one is in force."""
    table = Table("agent", "version", "status", "for", "made")
    for version in _run(admin_url, distributor, lambda tx: prompts_store.select_versions(tx, distributor)):
        whom = "all" if version.distributor_id == NIL else "this distributor"
        table.add_row(version.agent_type, version.version, version.status, whom, f"{version.created_at:%Y-%m-%d %H:%M}")
    for agent_type, prompt in BUILT_IN.items():
        table.add_row(agent_type, prompt.version, "built in", "all", "–")
    console.print(table)


@prompts.command()
def show(version: Name, agent: Agent = AgentType.MESSAGE_ANALYSIS, distributor: Tenant = NIL, admin_url: Url = None) -> None:
    """Print the text of a version."""
    if version == BUILT_IN[agent].version:
        typer.echo(BUILT_IN[agent].text)
        return
    known = _run(admin_url, distributor, lambda tx: prompts_store.select_versions(tx, distributor, agent))
    found = next((each for each in known if each.version == version), None)
    if found is None:
        _end(f"there is no version {version} of {agent}")
    typer.echo(found.text)


@prompts.command()
def create(
    version: Name,
    text: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file with the text")],
    agent: Agent = AgentType.MESSAGE_ANALYSIS,
    distributor: Tenant = NIL,
    admin_url: Url = None,
) -> None:
    """Keep a text as a draft."""
    _run(admin_url, distributor, lambda tx: prompts_registry.create(tx, distributor, agent, version, text.read_text()))
    console.print(f"{version} is a draft")


@prompts.command()
def activate(version: Name, agent: Agent = AgentType.MESSAGE_ANALYSIS, distributor: Tenant = NIL, admin_url: Url = None) -> None:
    """Put a version in force; the one before is retired."""
    _run(admin_url, distributor, lambda tx: prompts_registry.become(tx, distributor, agent, version, "ACTIVE"))
    console.print(f"{version} is in force")


@prompts.command()
def shadow(version: Name, agent: Agent = AgentType.MESSAGE_ANALYSIS, distributor: Tenant = NIL, admin_url: Url = None) -> None:
    """Let a version read every message beside the one in force, without effect."""
    _run(admin_url, distributor, lambda tx: prompts_registry.become(tx, distributor, agent, version, "SHADOW"))
    console.print(f"{version} runs beside the version in force")


@prompts.command()
def retire(version: Name, agent: Agent = AgentType.MESSAGE_ANALYSIS, distributor: Tenant = NIL, admin_url: Url = None) -> None:
    """Take a version out of use: the built-in one takes the place of one that was in force."""
    _run(admin_url, distributor, lambda tx: prompts_registry.become(tx, distributor, agent, version, "RETIRED"))
    console.print(f"{version} is retired")


@prompts.command()
def compare(
    version: Name,
    other: Annotated[str, typer.Argument(help="The other version's name")],
    distributor: Annotated[UUID, typer.Option("--distributor", help="Whose messages")],
    agent: Agent = AgentType.MESSAGE_ANALYSIS,
    admin_url: Url = None,
) -> None:
    """Show how two versions have read the same messages."""
    compared = _run(admin_url, distributor, lambda tx: prompts_store.select_comparison(tx, distributor, agent, version, other))
    if compared.messages == 0:
        _end("there is no message that both have read; `comanda prompts shadow` lets one run beside the other")
    console.print(f"{compared.messages} messages: {compared.same_lines} read alike, {compared.same_intent} with the same intent")
    table = Table("version", "mean confidence", "US dollars", "milliseconds")
    table.add_row(version, str(compared.confidence), str(compared.cost_usd), str(compared.milliseconds))
    table.add_row(other, str(compared.other_confidence), str(compared.other_cost_usd), str(compared.other_milliseconds))
    console.print(table)


@prompts.command("eval")
def evaluate(
    distributor: Annotated[UUID, typer.Option("--distributor", help="Whose training data")],
    version: Annotated[str | None, typer.Option("--version", help="Of a prompt; by default the one in force")] = None,
    against: Annotated[str | None, typer.Option("--against", help="A version to be as good as; by default the local analyzer")] = None,
    analyzer: Annotated[Analyzer, typer.Option("--analyzer", help="model, or local for what needs none")] = Analyzer.MODEL,
    agent: Agent = AgentType.MESSAGE_ANALYSIS,
    admin_url: Url = None,
) -> None:
    """Read the training data anew, and end with 1 where that is worse than what it is held against. Models are asked as COMANDA_AI_… says."""
    settings = AiModels()
    if analyzer is Analyzer.MODEL and not settings.has_model:
        _end("no model is configured: set COMANDA_AI_MODEL and COMANDA_AI_API_KEY, or say --analyzer local")
    examples, known = _run(admin_url, distributor, lambda tx: _material(tx, distributor, agent))
    if not examples:
        _end("there is no training data of this distributor yet")
    try:
        mine = reader_for(settings, known, version, agent) if analyzer is Analyzer.MODEL else LOCAL
        theirs = reader_for(settings, known, against, agent) if against else RECORDED if analyzer is Analyzer.LOCAL else LOCAL
    except LookupError as error:
        _end(str(error.args[0]))
    scores = asyncio.run(evaluation.compare(settings, examples, mine, theirs))
    table = Table("read by", "all right", "of", "lines F1")
    for name, score in zip((mine.name, theirs.name), scores, strict=True):
        table.add_row(name, str(score.right), str(score.examples), f"{score.f1:.3f}")
    console.print(table)
    if scores[0].is_worse_than(scores[1]):
        _end(f"{mine.name} is worse than {theirs.name}")


async def _material(tx: Connection, distributor_id: UUID, agent_type: AgentType) -> tuple[list[Example], list[PromptVersion]]:
    examples = await training_store.select_examples(tx, distributor_id, NIL, MOST_EXAMPLES)
    return examples, await prompts_store.select_versions(tx, distributor_id, agent_type)


@prices.command("list")
def list_prices(distributor: Tenant = NIL, admin_url: Url = None) -> None:
    """Show what models cost: US dollars for a million tokens, or a minute of speech."""
    table = Table("model", "from", "input", "cached input", "output", "minute", "for")
    for price in _run(admin_url, distributor, lambda tx: prompts_store.select_prices(tx, distributor)):
        whom = "this distributor" if price.is_own and distributor != NIL else "all"
        values = (price.input, price.cached_input, price.output, price.minute)
        table.add_row(price.model, str(price.valid_from), *("–" if value is None else f"{value.normalize():f}" for value in values), whom)
    console.print(table)


@prices.command("set")
def set_price(
    model: str,
    of_input: Annotated[str, typer.Option("--input", help="US dollars for a million tokens")],
    of_output: Annotated[str, typer.Option("--output")],
    of_cached: Annotated[str | None, typer.Option("--cached-input", help="By default as much as input")] = None,
    of_minute: Annotated[str | None, typer.Option("--minute", help="Of speech")] = None,
    valid_from: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="By default today")] = None,
    distributor: Tenant = NIL,
    admin_url: Url = None,
) -> None:
    """Say what a model costs from a day on. Calls are priced by what holds on their day."""
    try:
        values = [Decimal(value) if value is not None else None for value in (of_input, of_cached or of_input, of_output, of_minute)]
    except ArithmeticError:
        _end("a price is a decimal number, such as 0.40")
    day: date = (valid_from or datetime.now(UTC)).date()
    new_input, new_cached, new_output, new_minute = values
    assert new_input is not None
    assert new_cached is not None
    assert new_output is not None
    _run(
        admin_url,
        distributor,
        lambda tx: prompts_store.upsert_price(tx, distributor, model, day, new_input, new_cached, new_output, new_minute),
    )
    console.print(f"{model} costs this from {day} on")


def calibrate(
    distributor: Annotated[UUID, typer.Option("--distributor", help="Its id")],
    target_error: Annotated[float, typer.Option("--target-error", min=0, max=1, help="Wrong orders among those that no person sees")] = 0.02,
    *,
    save: Annotated[bool, typer.Option("--save", help="From now on, say confidences that mean what they say")] = False,
    admin_url: Url = None,
) -> None:
    """Show what each confidence threshold would have meant for this distributor's answers, and recommend one."""
    outcomes = _run(admin_url, distributor, lambda tx: _outcomes(tx, distributor))
    if not outcomes:
        _end("nothing is known yet of what became of this distributor's answers: it takes confirmed or corrected orders, or feedback")
    for model, known in outcomes.items():
        calibration = fit(known)
        _show_thresholds(model, known, calibration, target_error)
        if save and calibration.steps:
            _run(admin_url, distributor, _saving(distributor, model, calibration, len(known)))


def _show_thresholds(model: str, known: Sequence[Outcome], calibration: Calibration, target_error: float) -> None:
    thresholds = at_thresholds(known, calibration)
    table = Table("threshold", "without a person", "expected error", title=f"{model}: {len(known)} answers")
    for each in thresholds:
        table.add_row(f"{each.threshold:.2f}", f"{each.share:.0%}", f"{each.error:.1%}")
    console.print(table)
    if best := recommend(thresholds, target_error):
        console.print(f"recommended: {best.threshold:.2f}, which handles {best.share:.0%} without a person at {best.error:.1%} errors")
    else:
        console.print(f"no threshold keeps errors below {target_error:.1%}: leave these answers to people")
    if not calibration.steps:
        console.print(f"with fewer than {FEWEST_OUTCOMES} outcomes what the model says of itself stands")


def _saving(distributor_id: UUID, model: str, calibration: Calibration, outcomes: int) -> Callable[[Connection], Awaitable[None]]:
    async def save(tx: Connection) -> None:
        await outcomes_store.upsert_calibration(tx, distributor_id, model, calibration.steps, outcomes)

    return save


async def _outcomes(tx: Connection, distributor_id: UUID) -> dict[str, list[Outcome]]:
    models = await outcomes_store.select_models_with_outcomes(tx, distributor_id)
    return {model: known for model in models if (known := await outcomes_store.select_outcomes(tx, distributor_id, model))}


def _run(admin_url: str | None, distributor_id: UUID, act: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Act in a transaction of the tenant in ai_agent's database."""
    try:
        return asyncio.run(_in_transaction(_address(admin_url), distributor_id, act))
    except Refused as error:
        _end(str(error))
    except OSError:
        _end("the database does not answer; start it with `comanda up`, or name it by COMANDA_POSTGRES_ADMIN_URL")


async def _in_transaction(url: str, distributor_id: UUID, act: Callable[[Connection], Awaitable[Result]]) -> Result:
    async with _connected(url) as connection, connection.transaction():
        await postgres.set_tenants(connection, [distributor_id])
        return await act(connection)


@asynccontextmanager
async def _connected(url: str) -> AsyncGenerator[Connection]:
    connection = await asyncpg.connect(url, timeout=10, database=SERVICE)
    try:
        await postgres.register_types(connection)
        yield connection
    finally:
        await connection.close()


def _address(admin_url: str | None) -> str:
    """Return the server, as the superuser: what holds for all is written by nobody else."""
    if admin_url:
        return admin_url
    from deploy.local.errors import LocalStackError  # noqa: PLC0415 - an image has no local stack
    from deploy.local.stack import Stack  # noqa: PLC0415 - the same

    try:
        return Stack(say=console.print).admin_url
    except LocalStackError as error:
        _end(str(error))


def _end(sentence: str) -> NoReturn:
    """Say what was wrong and end with 1."""
    console.print(f"[red]{sentence}[/]", soft_wrap=True)
    raise typer.Exit(1)
