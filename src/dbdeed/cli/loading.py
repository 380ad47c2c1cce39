"""A command's module, loaded when it is needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer

_UNWRAPPED = "\b\n"  # click leaves the paragraph that follows as it is


def load_command(name: str) -> Any:
    """The command's click object (typer brings its own click, whose class has no public name)."""
    command = typer.main.get_command(import_module(f"dbdeed.cli.commands.{name}").app)
    for one in (command, *getattr(command, "commands", {}).values()):
        one.help = _with_examples(one.help or "")
    return command


def _with_examples(text: str) -> str:
    for title in ("Examples:\n", "Example:\n"):
        text = text.replace(title, _UNWRAPPED + title)
    return text
