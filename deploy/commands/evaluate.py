"""`comanda eval`: how well what Comanda understands agrees with what people labelled."""

import typer

from deploy.commands import eval_extract, eval_intents, eval_lines, eval_match, eval_pii

app = typer.Typer(no_args_is_help=True)
app.command("extract")(eval_extract.command)
app.command("intents")(eval_intents.command)
app.command("lines")(eval_lines.command)
app.command("match")(eval_match.command)
app.command("pii")(eval_pii.command)


@app.callback()
def describe() -> None:
    """Measure on a file of labelled data."""
