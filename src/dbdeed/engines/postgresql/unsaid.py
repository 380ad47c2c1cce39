"""What a document leaves open and a database has decided, or does not show.

A document rarely says who owns a table, and must then not take it from whoever has it. So for an object that
is there already, an owner that the document does not name stays. One that it names is wanted, and needs no
saying where it is the usual one of that database: whoever works here, or the database's owner.

Options of a user mapping are shown to few: to another role they are what the document says they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.kinds.foreign import HIDDEN
from dbdeed.engines.postgresql.kinds.owner import PUBLIC, Owner

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dbdeed.engines.catalog import Catalog, Object
    from dbdeed.engines.change import Change
    from dbdeed.engines.seam import Session

_USUAL = """
    SELECT current_user::text UNION
    SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()
"""


def as_there(session: Session, current: Catalog, target: Catalog, renames: Iterable[Change] = ()) -> Catalog:
    """The document's catalog with the owners that it leaves open, and without what the session may not see.

    Args:
        session: in the live database.
        current: what is there.
        target: what the document says.
        renames: that the document declares; what gets another name keeps its owner too.
    """
    usual = {role for (role,) in session.fetch(_USUAL)}
    said = {one.of for one in target.objects.values() if isinstance(one, Owner)}
    needless = {
        key for key, one in target.objects.items() if isinstance(one, Owner) and _needless(one, usual)
    }
    names = {change.old.id: change.id for change in renames if change.old is not None}
    target = _as_seen(session, current, target)
    kept = dict(_kept(current, target, names, said))
    if not kept and not needless:
        return target
    objects = {key: one for key, one in target.objects.items() if key not in needless}
    return replace(target, objects={**objects, **kept}, needs=_needs(target, kept, needless))


def _needless(one: Owner, usual: set[str]) -> bool:
    return one.role in usual and one.of != PUBLIC


def _as_seen(session: Session, current: Catalog, target: Catalog) -> Catalog:
    """With such options as little as they are shown; of a server that is made again they are written anew."""
    seen: dict[ObjectId, Object] = {}
    for server, user in session.fetch(HIDDEN):
        above, key = ObjectId("server", (server,)), ObjectId("user mapping", (server, user))
        there = current.objects.get(above)
        if key in current.objects and key in target.objects and there == target.objects.get(above):
            seen[key] = current.objects[key]
    return replace(target, objects={**target.objects, **seen}) if seen else target


def _kept(
    current: Catalog, target: Catalog, names: Mapping[ObjectId, ObjectId], said: set[ObjectId]
) -> Iterable[tuple[ObjectId, Owner]]:
    for one in current.objects.values():
        if isinstance(one, Owner):
            of = names.get(one.of, one.of)
            if of in target.objects and of not in said:
                owner = Owner(of, one.role)
                yield owner.id, owner


def _needs(
    target: Catalog, kept: Mapping[ObjectId, Owner], needless: set[ObjectId]
) -> Mapping[ObjectId, frozenset[ObjectId]]:
    """An owner needs its object; grants are given once it is there."""
    needs = {key: value - needless for key, value in target.needs.items() if key not in needless}
    for key, owner in kept.items():
        needs[key] = frozenset({owner.of})
        rights = ObjectId("privileges", key.name)
        if rights in target.objects:
            needs[rights] = needs.get(rights, frozenset()) | {key}
    return needs
