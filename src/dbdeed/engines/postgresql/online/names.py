"""Names for what is only there for a while: an index under way, a check that lets a scan be left out."""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dbdeed.engines.compare import Context

MARK = "_dbdeed"
"""How such a name ends."""

_ROOM = 55  # bytes of a name's 63 that leave room for the mark


def aside(name: str) -> str:
    """The name, with our mark at its end."""
    return name.encode()[:_ROOM].decode(errors="ignore") + MARK


def free(name: str, taken: Callable[[str], bool]) -> str:
    """The first such name that is not taken."""
    return next(one for one in _candidates(name) if not taken(one))


def free_relation(schema: str, name: str, context: Context, *, besides: str = "") -> str:
    """A name for an index or a sequence that neither catalog has: an interrupted plan may have left some.

    Args:
        schema: where it is.
        name: what it is made of.
        context: both catalogs.
        besides: another name that is given away already.
    """
    return free(name, lambda one: one == besides or _taken(("relation", schema, one), context))


def free_type(schema: str, name: str, context: Context) -> str:
    """Such a name for a type, which tables and views have as well."""
    return free(name, lambda one: _taken(("type", schema, one), context))


def free_table(schema: str, name: str, context: Context) -> str:
    """Such a name for a table, which has a type as well."""
    return free(name, lambda one: any(_taken((way, schema, one), context) for way in ("relation", "type")))


def free_constraint(schema: str, table: str, name: str, context: Context) -> str:
    """Such a name for a table's constraint."""
    return free(name, lambda one: _taken(("constraint", schema, table, one), context))


def _taken(claim: tuple[str, ...], context: Context) -> bool:
    return claim in context.current.claimed or claim in context.target.claimed


def _candidates(name: str) -> chain[str]:
    shorter = name.encode()[: _ROOM - 3].decode(errors="ignore")
    return chain([aside(name)], (aside(f"{shorter}{number}") for number in count(2)))
