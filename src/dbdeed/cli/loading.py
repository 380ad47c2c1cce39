"""A command's module, loaded when it is needed."""

from __future__ import annotations

from importlib import import_module
from inspect import cleandoc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

_UNWRAPPED = "\b\n"  # click leaves the paragraph that follows as it is


def load_command(name: str) -> click.Command:
    """The command of a module in `dbdeed.cli.commands`."""
    command: click.Command = import_module(f"dbdeed.cli.commands.{name}").command
    for one in (command, *getattr(command, "commands", {}).values()):
        one.help = _with_examples(cleandoc(one.help or ""))
    return command


def _with_examples(text: str) -> str:
    for title in ("Examples:\n", "Example:\n"):
        text = text.replace(title, _UNWRAPPED + title)
    return text
