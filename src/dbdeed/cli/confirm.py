"""Asking before a database is changed: the plan is shown, and what it destroys stands out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dbdeed.cli.ask import on_terminal, yes_or_no
from dbdeed.cli.output import paint

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.planning.plan import Plan


def confirmation(*, show: bool) -> Callable[[Plan], bool] | None:
    """A question to whoever sits at the terminal; None where nobody does.

    `show` prints the plan before the question, for a command that has not shown it yet.
    """
    if not on_terminal():
        return None
    return _show_and_ask if show else _ask


def _show_and_ask(plan: Plan) -> bool:
    from dbdeed.planning.render import render_text

    print(render_text(plan), file=sys.stderr)
    return _ask(plan)


def _ask(plan: Plan) -> bool:
    from dbdeed.planning.shown import listed

    if plan.destroys:
        print(paint(f"This destroys {listed(plan.destroys)}.", "31;1", sys.stderr), file=sys.stderr)
    return yes_or_no("Apply this plan?")
