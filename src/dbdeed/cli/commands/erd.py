"""`dbdeed erd`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dbdeed.app.erd import Drawing
from dbdeed.cli.options import DEFAULT_DOCUMENT, Document, Quiet, new_app

app = new_app()


@app.command()
def erd(
    document: Document = DEFAULT_DOCUMENT,
    format_: Annotated[Drawing, typer.Option("--format", help="mermaid or svg.")] = Drawing.MERMAID,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file to write; its ending decides the format.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Draw the data models as Mermaid or SVG.

    Graphviz places the boxes where it is installed (`dot`), a plain layered layout elsewhere.

    Examples:
        dbdeed erd
        dbdeed erd --output docs/schema.svg
    """
    from dbdeed.app.erd import erd as draw
    from dbdeed.app.files import write_text
    from dbdeed.cli.progress import open_progress

    if output is not None and output.suffix.lower() == ".svg":
        format_ = Drawing.SVG
    text = draw(document, format_, progress=open_progress(quiet=quiet))
    if output is None:
        print(text, end="")
    elif write_text(output, text):
        print(f"Wrote {output}.")
    else:
        print(f"{output} is up to date.")
