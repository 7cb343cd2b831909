"""Learn the weights of the analyzer anew: `python -m services.ai_agent.analyzer.training FILE…`.

The files hold labelled texts (see `examples`). The same files give the same `learned.bin`, which holds numbers alone and none of the texts.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.ai_agent.analyzer.learned import FILE
from services.ai_agent.analyzer.training.examples import NotLabelled, read_examples
from services.ai_agent.analyzer.training.learning import learn, write


def main(
    files: Annotated[list[Path], typer.Argument(help="Labelled texts, a JSON object a line", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(help="Where the weights go")] = FILE,
) -> None:
    """Learn from labelled texts, and say how well it went on those that were held back."""
    console = Console(highlight=False)
    try:
        examples = [example for file in files for example in read_examples(file)]
    except NotLabelled as error:
        console.print(f"[red]{error}[/]", soft_wrap=True)
        raise typer.Exit(1) from error
    learned, figures = learn(examples)
    write(learned, out)
    for name, value in figures.items():
        console.print(f"{name}: {value}")


typer.run(main)
