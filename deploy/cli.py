"""The `comanda` command: what developers and operators do from a shell. Each command imports what it needs when it is called."""

import asyncio
import os
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from deploy.commands import dead_letters
from deploy.demo import command as demo_command
from deploy.local import commands as local

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.command()(local.up)
app.command()(local.down)
app.command()(local.logs)
app.command()(demo_command.demo)
app.add_typer(dead_letters.app, name="dlq")


def main() -> None:
    """Run the command that the shell asked for."""
    app()
