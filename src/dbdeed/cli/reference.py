"""Writes docs/commands.md from the commands' own help: `python -m dbdeed.cli.reference`."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stdout, suppress
from typing import TYPE_CHECKING

from dbdeed.cli.catalogue import GROUPS, help_text
from dbdeed.cli.loading import load_command

if TYPE_CHECKING:
    import click

_WIDTH = "100"


def reference() -> str:
    """The page, in Markdown."""
    os.environ["COLUMNS"] = _WIDTH
    parts = [
        "# Commands",
        "",
        "This page is made of what the commands say of themselves (`make docs`).",
        "",
        _block(help_text()),
    ]
    for title, entries in GROUPS:
        parts += ["", f"## {title}"]
        for entry in entries:
            command = load_command(entry.name)
            parts += ["", f"### dbdeed {entry.name}", "", _block(_help(command, entry.name))]
            for sub in getattr(command, "commands", {}):
                parts += ["", f"#### dbdeed {entry.name} {sub}", "", _block(_help(command, entry.name, sub))]
    return "\n".join(parts) + "\n"


def _help(command: click.Command, name: str, *sub: str) -> str:
    said = io.StringIO()
    with redirect_stdout(said), suppress(SystemExit):
        command.main([*sub, "--help"], prog_name=f"dbdeed {name}")
    return said.getvalue()


def _block(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```"


if __name__ == "__main__":
    print(reference(), end="")
