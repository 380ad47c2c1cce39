"""`dbdeed erd`."""

from __future__ import annotations

from pathlib import Path

import click

from dbdeed.cli import options


@click.command()
@options.document
@options.formats("mermaid", "svg", help_="mermaid renders where Markdown is read; svg is a drawing.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file to write; its ending decides the format.",
)
@options.quiet
def command(document: Path, format_: str, output: Path | None, quiet: bool) -> None:
    """Draw the data models as Mermaid or SVG.

    Graphviz places the boxes where it is installed (`dot`), a plain layered layout elsewhere.

    Examples:
        dbdeed erd
        dbdeed erd --output docs/schema.svg
    """
    from dbdeed.app.erd import Drawing
    from dbdeed.app.erd import erd as draw
    from dbdeed.app.files import write_text
    from dbdeed.cli.progress import open_progress

    if output is not None and output.suffix.lower() == ".svg":
        format_ = "svg"
    text = draw(document, Drawing(format_), progress=open_progress(quiet=quiet))
    if output is None:
        print(text, end="")
    elif write_text(output, text):
        print(f"Wrote {output}.")
    else:
        print(f"{output} is up to date.")
