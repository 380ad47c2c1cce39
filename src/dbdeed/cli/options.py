"""The arguments and options that several commands share, each with one meaning.

The library is click and not typer: typer validates with pydantic, whose import alone costs every command ten
times what a bare interpreter does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

document = click.argument(
    "document", type=click.Path(path_type=Path), default=Path("DATABASE.md"), metavar="[DOCUMENT]"
)
database = click.option(
    "--database",
    default="",
    metavar="URL|env:NAME",
    help="The database to work on: a URL without a password, or env:NAME for a variable that holds one. "
    "Without it, the variable that the document names; without that, the embedded database.",
)
scratch = click.option(
    "--scratch",
    default="",
    metavar="URL|live",
    help="Where plans are proven: a server's URL, or `live` for the live server itself. "
    "Without it, a private server from local programs.",
)
yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
allow = click.option(
    "--allow",
    multiple=True,
    metavar="NAME",
    help="Let this table or column be destroyed. Can be repeated.",
)
draft = click.option("--draft", is_flag=True, help="Change a database for a document whose Status is Draft.")
quiet = click.option("--quiet", "-q", is_flag=True, help="No progress.")
backup = click.option("--backup", default="", metavar="ID", help="This one, not the newest.")


def formats(
    *names: str, help_: str = "text for people, json for machines."
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """`--format`, whose default is the first name."""
    return click.option(
        "--format", "format_", type=click.Choice(names), default=names[0], show_default=True, help=help_
    )


def changing(command: Callable[P, T]) -> Callable[P, T]:
    """What every command takes that plans a change of a database, proves it, asks and makes it."""
    for option in (quiet, formats("text", "json"), draft, allow, yes, scratch, database):
        command = option(command)
    return command
