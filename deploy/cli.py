"""Comanda: orders written as plain messages become confirmed orders."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from deploy.commands import dead_letters, migrate, seed, send, token, topics
from deploy.commands.migrate import MigrationFailed
from deploy.commands.seed_content import distributor_id
from deploy.commands.topics import TopicNotCreated
from deploy.demo import command as demo_command
from deploy.local import commands as local
from deploy.local.errors import LocalStackError
from deploy.local.stack import Stack
from libs.auth import Role

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.command("demo")(demo_command.demo)
app.command("up")(local.up)
app.command("down")(local.down)
app.command("logs")(local.logs)
app.add_typer(dead_letters.app, name="dlq", help="What was refused: list it, look at it, send it again.")

console = Console(highlight=False)

Distributor = Annotated[str, typer.Option("--distributor", help="Its subdomain")]


@app.command("migrate")
def migrate_command(
    admin_url: Annotated[str, typer.Option(envvar="COMANDA_POSTGRES_ADMIN_URL", help="PostgreSQL, as a superuser")],
    password: Annotated[str, typer.Option(envvar="COMANDA_DATABASE_PASSWORD", help="What the services' roles sign in with")],
) -> None:
    """Create and migrate every service's database. Safe to repeat."""
    try:
        asyncio.run(migrate.migrate_all(admin_url, password))
    except (MigrationFailed, OSError) as error:
        _end(str(error))
    console.print("every database is up to date")


@app.command("topics")
def topics_command(
    bootstrap: Annotated[str, typer.Option(envvar="COMANDA_KAFKA_BOOTSTRAP", help="The broker, host:port")],
    replication: Annotated[int, typer.Option(envvar="COMANDA_KAFKA_REPLICATION", min=1, help="Copies of each partition")] = 1,
) -> None:
    """Create every topic, and keep the settings of those that exist as written in schemas/topics. Safe to repeat."""
    try:
        created = asyncio.run(topics.create_topics(bootstrap, replication))
    except TopicNotCreated as error:
        _end(str(error))
    console.print(f"created: {', '.join(created)}" if created else "every topic was there")


@app.command("seed")
def seed_command() -> None:
    """Give the system that `comanda up` runs two distributors with catalogs and customers. Safe to repeat."""
    stack = Stack(say=console.print)
    try:
        seed.command({name: stack.environment(name)["COMANDA_DATABASE_URL"] for name in stack.names}, console)
    except OSError:
        _end("the database does not answer; start it with `comanda up`")
    except LocalStackError as error:
        _end(str(error))


@app.command("token")
def token_command(
    distributor: Distributor = "harbor-foods", role: Annotated[str, typer.Option(help="OPERATOR, MANAGER, ADMIN or OWNER")] = "OPERATOR"
) -> None:
    """Print a token for the APIs of the system that `comanda up` runs; it is good for an hour."""
    if role.upper() not in Role.__members__:
        _end(f"there is no role {role}; there are {', '.join(Role.__members__)}")
    try:
        typer.echo(token.token_for(Stack(say=console.print), distributor_id(distributor), Role[role.upper()]))
    except (LocalStackError, ValueError) as error:
        _end(str(error))


@app.command("send")
def send_command(
    text: str,
    sender: Annotated[str | None, typer.Option("--from", help="The customer's number, E.164; by default one of the seeded")] = None,
    distributor: Distributor = "harbor-foods",
) -> None:
    """Write a message as a customer into the system that `comanda up` runs, and show what became of it."""
    try:
        asyncio.run(send.send(Stack(say=console.print), text, sender, distributor, console))
    except LocalStackError as error:
        _end(str(error))


def _end(sentence: str) -> None:
    """Say what was wrong and end with 1."""
    console.print(f"[red]{sentence}[/]", soft_wrap=True)
    raise typer.Exit(1)


def main() -> None:
    """Run the command that the shell asked for."""
    app()
