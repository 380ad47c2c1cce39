"""Questions to a person: only where both ends are a terminal."""

from __future__ import annotations

import sys


def on_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def yes_or_no(question: str) -> bool:
    """Ask on standard error; only "y" and "yes" mean yes."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    return answer.strip().lower() in ("y", "yes")


def line(question: str, default: str) -> str:
    """Ask for one line on standard error; an empty answer means the default."""
    shown = f" [{default}]" if default else ""
    print(f"{question}{shown}: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() or default
