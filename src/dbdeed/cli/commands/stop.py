"""`dbdeed stop`."""

from __future__ import annotations

from pathlib import Path

import click

from dbdeed.cli import options


@click.command()
@options.document
def command(document: Path) -> None:
    """Stop the embedded database.

    Its data stays; `dbdeed up` starts it again. Databases elsewhere are never stopped.

    Example:
        dbdeed stop
    """
    from dbdeed.app.server import stop as stop_server

    print("Stopped." if stop_server(document) else "It was not running.")
