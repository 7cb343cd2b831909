"""Comanda: orders written as plain messages become confirmed orders.

Each command imports what it needs when it is called: an image that only migrates has no local stack.
"""

import asyncio
from typing import Annotated, NoReturn
from uuid import UUID

import typer
from pydantic import SecretStr
from rich.console import Console

from deploy.commands import ai, dead_letters, evaluate

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Orders written as plain messages become confirmed orders."
)
app.add_typer(dead_letters.app, name="dlq", help="What was refused: list it, look at it, send it again.")
app.add_typer(evaluate.app, name="eval", help="How well messages are understood, measured on labelled data.")
app.add_typer(ai.prompts, name="prompts", help="What models are told: versions, which one is in force, which one is tried beside it.")
app.add_typer(ai.prices, name="prices", help="What models cost.")
app.command()(ai.calibrate)
keys = typer.Typer(no_args_is_help=True)
app.add_typer(keys, name="keys", help="What secrets are sealed with: new keys for a distributor, a new master key.")
console = Console(highlight=False)

Distributor = Annotated[str, typer.Option("--distributor", help="Its subdomain")]
ServerUrl = Annotated[str | None, typer.Option(envvar="COMANDA_POSTGRES_ADMIN_URL", help="PostgreSQL; without it, that of the system here")]
Password = Annotated[str, typer.Option(envvar="COMANDA_DATABASE_PASSWORD", help="What the services' roles sign in with")]


@app.command()
def demo() -> None:
    """Start everything, play the customers of two distributors, and check what became of their orders."""
    from deploy.demo import command

    command.demo()


@app.command()
def up() -> None:
    """Start the whole system here, and keep it running until Ctrl-C or `comanda down`."""
    from deploy.local import commands

    commands.up()


@app.command()
def down() -> None:
    """End the system that `comanda up` started in this folder."""
    from deploy.local import commands

    commands.down()


@app.command()
def logs(
    service: Annotated[str | None, typer.Argument(help="Only this one: a service, postgres, apache or embedded")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines are written")] = False,
) -> None:
    """Print the last lines that the services and servers wrote."""
    from deploy.local import commands

    commands.logs(service, follow=follow)


@app.command()
def migrate(
    admin_url: Annotated[str, typer.Option(envvar="COMANDA_POSTGRES_ADMIN_URL", help="PostgreSQL, as a superuser")],
    password: Annotated[str, typer.Option(envvar="COMANDA_DATABASE_PASSWORD", help="What the services' roles sign in with")],
) -> None:
    """Create and migrate every service's database. Safe to repeat."""
    from deploy.commands.migrate import MigrationFailed, migrate_all

    try:
        asyncio.run(migrate_all(admin_url, password))
    except (MigrationFailed, OSError) as error:
        _end(str(error))
    console.print("every database is up to date")


@app.command()
def topics(
    bootstrap: Annotated[str, typer.Option(envvar="COMANDA_KAFKA_BOOTSTRAP", help="The broker, host:port")],
    replication: Annotated[int, typer.Option(envvar="COMANDA_KAFKA_REPLICATION", min=1, help="Copies of each partition")] = 1,
    partitions: Annotated[int | None, typer.Option(envvar="COMANDA_KAFKA_PARTITIONS", min=1, help="At most so many partitions a topic")] = None,
) -> None:
    """Create every topic, and keep the settings of those that exist as written in schemas/topics. Safe to repeat."""
    from aiokafka.errors import KafkaError

    from deploy.commands.topics import TopicNotCreated, create_topics

    try:
        created = asyncio.run(create_topics(bootstrap, replication, partitions))
    except TopicNotCreated as error:
        _end(str(error))
    except KafkaError as error:
        _end(f"the broker at {bootstrap} does not answer: {type(error).__name__}")
    console.print(f"created: {', '.join(created)}" if created else "every topic was there")


@app.command()
def seed() -> None:
    """Give the system that `comanda up` runs two distributors with catalogs and customers. Safe to repeat."""
    from deploy.commands import seed as seeding
    from deploy.local.errors import LocalStackError
    from deploy.local.stack import Stack

    stack = Stack(say=console.print)
    try:
        seeding.command({name: stack.environment(name)["COMANDA_DATABASE_URL"] for name in stack.names}, console)
    except OSError:
        _end("the database does not answer; start it with `comanda up`")
    except LocalStackError as error:
        _end(str(error))


@app.command()
def token(
    distributor: Distributor = "harbor-foods", role: Annotated[str, typer.Option(help="OPERATOR, MANAGER, ADMIN or OWNER")] = "OPERATOR"
) -> None:
    """Print a token for the APIs of the system that `comanda up` runs; it is good for an hour."""
    from deploy.commands.seed_content import distributor_id
    from deploy.commands.token import token_for
    from deploy.local.errors import LocalStackError
    from deploy.local.stack import Stack
    from libs.auth import Role

    if role.upper() not in Role.__members__:
        _end(f"there is no role {role}; there are {', '.join(Role.__members__)}")
    try:
        typer.echo(token_for(Stack(say=console.print), distributor_id(distributor), Role[role.upper()]))
    except (LocalStackError, ValueError) as error:
        _end(str(error))


@app.command()
def send(
    text: str,
    sender: Annotated[str | None, typer.Option("--from", help="The customer's number, E.164; by default one of the seeded")] = None,
    distributor: Distributor = "harbor-foods",
) -> None:
    """Write a message as a customer into the system that `comanda up` runs, and show what became of it."""
    from deploy.commands import send as sending
    from deploy.local.errors import LocalStackError
    from deploy.local.stack import Stack

    try:
        asyncio.run(sending.send(Stack(say=console.print), text, sender, distributor, console))
    except LocalStackError as error:
        _end(str(error))


@keys.command()
def rotate(distributor: Annotated[UUID, typer.Option("--distributor", help="Its id")], admin_url: ServerUrl = None, password: Password = "") -> None:
    """Seal a distributor's secrets with a new data key from now on; what is sealed still opens."""
    from deploy.commands import rotate_keys

    urls, master_key = _sealed_where(admin_url, password)
    try:
        versions = asyncio.run(rotate_keys.rotate(urls, master_key, distributor))
    except OSError:
        _end("the database does not answer")
    if not versions:
        _end(f"{distributor} has no data key; one is made with its first secret")
    for service, version in versions.items():
        console.print(f"{service}: version {version} seals now")


@keys.command()
def rewrap(admin_url: ServerUrl = None, password: Password = "") -> None:
    """Wrap every data key with the first of the master keys in COMANDA_MASTER_KEY. Safe to repeat."""
    from deploy.commands import rotate_keys
    from libs.crypto import NotDecryptable

    urls, master_key = _sealed_where(admin_url, password)
    try:
        rewrapped = asyncio.run(rotate_keys.rewrap(urls, master_key, console))
    except NotDecryptable:
        _end("a data key does not open; name the master key that wrapped it behind the new one: COMANDA_MASTER_KEY=new,previous")
    except OSError:
        _end("the database does not answer")
    console.print(f"{rewrapped} data keys wrapped anew")


def _sealed_where(admin_url: str | None, password: str) -> tuple[dict[str, str], SecretStr]:
    """Return the services' databases and the master key: those of the system here where no server is named."""
    from deploy.commands.rotate_keys import urls_of
    from libs.master_key import MasterKeySettings

    if admin_url:
        try:
            return urls_of(admin_url, password), MasterKeySettings().master_key
        except ValueError as error:
            _end(str(error))
    from deploy.commands.token import settings_of
    from deploy.local.errors import LocalStackError
    from deploy.local.stack import Stack

    stack = Stack(say=console.print)
    try:
        urls = {name: stack.environment(name)["COMANDA_DATABASE_URL"] for name in stack.names}
        return urls, settings_of(stack.environment("ingest")).master_key
    except LocalStackError as error:
        _end(str(error))


def _end(sentence: str) -> NoReturn:
    """Say what was wrong and end with 1."""
    console.print(f"[red]{sentence}[/]", soft_wrap=True)
    raise typer.Exit(1)


def main() -> None:
    """Run the command that the shell asked for."""
    app()
