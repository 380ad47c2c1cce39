"""The arguments and options that several commands share, each with one meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

DEFAULT_DOCUMENT = Path("DATABASE.md")

Document: TypeAlias = Annotated[
    Path, typer.Argument(metavar="DOCUMENT", help="The architecture document.", show_default=True)
]
Database: TypeAlias = Annotated[
    str,
    typer.Option(
        "--database",
        metavar="URL|env:NAME",
        help="The database to work on: a URL without a password, or env:NAME for a variable that holds one. "
        "Without it, the variable that the document names; without that, the embedded database.",
    ),
]
Scratch: TypeAlias = Annotated[
    str,
    typer.Option(
        "--scratch",
        metavar="URL|live",
        help="Where plans are proven: a server's URL, or `live` for the live server itself. "
        "Without it, a private server from local programs.",
    ),
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Allow: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--allow", metavar="NAME", help="Let this table or column be destroyed. Can be repeated."),
]
Draft: TypeAlias = Annotated[
    bool, typer.Option("--draft", help="Change a database for a document whose Status is Draft.")
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


def new_app() -> typer.Typer:
    """A command's own typer application, without the parts that cost start-up time."""
    return typer.Typer(
        add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=False
    )
