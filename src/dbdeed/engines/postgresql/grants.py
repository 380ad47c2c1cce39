"""Access rights as sets, and the GRANT and REVOKE that lead from one set to another.

A grantee is SQL text: a quoted role, PUBLIC, or OWNER for whoever owns the object, so that two databases with
different owners compare equal.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Entry = tuple[str, str, bool]
"""(grantee, privilege, with grant option)."""

Grant = tuple[str, str, str, bool]
"""(grantor, grantee, privilege, with grant option)."""


def statements(had: Iterable[Entry], wanted: Iterable[Entry], on: str, owner: str) -> list[str]:
    """From the rights `had` to those `wanted`.

    Args:
        had: all rights that there are.
        wanted: all rights that there shall be.
        on: what stands after the privileges: `ON TABLE public.orders`.
        owner: what stands for OWNER.
    """
    before, after = _by_right(had), _by_right(wanted)
    gone = {right: False for right in before if right not in after}
    lessened = {right for right, grantable in before.items() if grantable and after.get(right) is False}
    new = {
        right: grantable for right, grantable in after.items() if before.get(right) not in (grantable, True)
    }
    return [
        *_written("REVOKE {} " + on + " FROM {}", gone, owner),
        *_written("REVOKE GRANT OPTION FOR {} " + on + " FROM {}", dict.fromkeys(lessened, False), owner),
        *_written("GRANT {} " + on + " TO {}", new, owner),
    ]


def _by_right(entries: Iterable[Entry]) -> dict[tuple[str, str], bool]:
    return {(grantee, privilege): grantable for grantee, privilege, grantable in entries}


def _written(form: str, rights: dict[tuple[str, str], bool], owner: str) -> Iterable[str]:
    """One statement for each grantee, those with grant option apart."""
    grouped: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
    for (grantee, privilege), grantable in rights.items():
        grouped[grantee, grantable].append(privilege)
    for (grantee, grantable), privileges in sorted(grouped.items()):
        who = owner if grantee == "OWNER" else grantee
        text = form.format(", ".join(sorted(privileges)), who)
        yield text + (" WITH GRANT OPTION" if grantable else "")


def by_others(verb: str, entries: Iterable[Grant], on: str, owner: str, column: str = "") -> Iterable[str]:
    """The statements by which those who may pass rights on do so, or take them back.

    Args:
        verb: GRANT or REVOKE.
        entries: the rights.
        on: what stands after the privileges.
        owner: what stands for OWNER.
        column: what stands after each privilege: ` (id)`.
    """
    chained = _chained(entries)
    for grantor, grantee, privilege, grantable in chained if verb == "GRANT" else reversed(chained):
        way = "TO" if verb == "GRANT" else "FROM"
        text = f"{verb} {privilege}{column} {on} {way} {owner if grantee == 'OWNER' else grantee}"
        text += " WITH GRANT OPTION" if verb == "GRANT" and grantable else ""
        yield f"SET ROLE {grantor}; {text}; RESET ROLE"


def _chained(entries: Iterable[Grant]) -> list[Grant]:
    """Who passes a right on has got it before."""
    left, found = sorted(entries), list[Grant]()
    while left:
        waiting = {(grantee, privilege) for _, grantee, privilege, grantable in left if grantable}
        ready = [one for one in left if (one[0], one[2]) not in waiting] or left
        found += ready
        left = [one for one in left if one not in ready]
    return found
