"""`comanda eval`: how well what Comanda understands agrees with what people labelled."""

import typer

from deploy.commands import eval_pii

app = typer.Typer(no_args_is_help=True)
app.command("pii")(eval_pii.command)


@app.callback()
def describe() -> None:
    """Measure on a file of labelled data."""
