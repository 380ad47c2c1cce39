"""`dbdeed stop`."""

from __future__ import annotations

from dbdeed.cli.options import DEFAULT_DOCUMENT, Document, new_app

app = new_app()


@app.command()
def stop(document: Document = DEFAULT_DOCUMENT) -> None:
    """Stop the embedded database.

    Its data stays; `dbdeed up` starts it again. Databases elsewhere are never stopped.

    Example:
        dbdeed stop
    """
    from dbdeed.app.server import stop as stop_server

    print("Stopped." if stop_server(document) else "It was not running.")
