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
