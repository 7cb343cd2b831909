"""`comanda up`, `comanda down`, `comanda logs`: the local stack from a shell."""

import os
import signal
import time
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.local.errors import LocalStackError
from deploy.local.folder_lock import holder
from deploy.local.logs import log_files, tail
from deploy.local.stack import FOLDER, Stack
from deploy.local.waiting import wait_until

_LOOK_SECONDS = 0.5
_ENDING_SECONDS = 60.0
_LAST_LINES = 20

console = Console(highlight=False)


def up() -> None:
    """Start the whole system here, and keep it running until Ctrl-C or `comanda down`."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stack = Stack(say=lambda line: console.print(f"[green]•[/] {line}"))
    try:
        with stack:
            _show(stack)
            while True:
                time.sleep(_LOOK_SECONDS)
                stack.mend()
    except LocalStackError as error:
        console.print(f"[red]{error}[/]", markup=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        console.print("everything that was started here has ended")


def down() -> None:
    """End the system that `comanda up` started in this folder."""
    pid = holder(FOLDER)
    if pid is None:
        console.print("nothing runs here")
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    if not wait_until(lambda: holder(FOLDER) is None, _ENDING_SECONDS):
        console.print(f"[red]Process {pid} has not ended within {_ENDING_SECONDS:.0f} seconds.[/]")
        raise typer.Exit(1)
    console.print("ended")


def logs(
    service: Annotated[str | None, typer.Argument(help="Only this one: a service, postgres, apache or embedded")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines are written")] = False,
) -> None:
    """Print the last lines that the services and servers wrote."""
    try:
        lines = tail(log_files(FOLDER, service), last=_LAST_LINES, follow=follow)
        for name, line in lines:
            console.print(f"{name} " if service is None else "", end="", style="cyan")
            console.out(line, highlight=False)
    except LocalStackError as error:
        console.print(f"[red]{error}[/]")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        return


def _show(stack: Stack) -> None:
    table = Table("service", "address", title="Comanda runs; Ctrl-C or `comanda down` ends it")
    for name in stack.names:
        table.add_row(name, stack.url(name))
    table.add_row("PostgreSQL", stack.admin_url.rpartition("@")[2])
    table.add_row("broker", stack.bootstrap)
    console.print(table)
