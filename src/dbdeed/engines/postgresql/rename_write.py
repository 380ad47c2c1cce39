"""The statements that give an object, or a part of one, another name or schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.postgresql.naming import reference
from dbdeed.engines.postgresql.online import names
from dbdeed.engines.postgresql.quoting import ident, literal, qualified
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step

_ROUTINES = frozenset({"function", "aggregate"})
_LOCKS = {
    "index": LockLevel.SHARE_UPDATE_EXCLUSIVE,
    **dict.fromkeys(
        ["table", "view", "materialized view", "sequence", "column", "view column", "constraint"],
        LockLevel.ACCESS_EXCLUSIVE,
    ),
    **dict.fromkeys(["trigger", "policy", "rule"], LockLevel.ACCESS_EXCLUSIVE),
}
_IN_TYPE = {"attribute": "ATTRIBUTE", "enum value": "VALUE"}


def rename_steps_of(
    old: ObjectId, new: ObjectId, current: Catalog, known: ObjectId | None = None
) -> tuple[Step, ...]:
    """From one id to another of the same kind; what they are parts of is called the same in both.

    `known` is what the catalog calls it, where `old` is only its name for a while.
    """
    lock = _LOCKS.get(new.kind, LockLevel.NONE)
    return tuple(step(sql, new, lock) for sql in _statements(old, new, current, known or old))


def aside(one: ObjectId) -> ObjectId:
    """The same id with a name that nothing has, for a while."""
    place = 1 if one.kind in _ROUTINES else len(one.name) - 1
    name = names.aside(one.name[place])
    return ObjectId(one.kind, (*one.name[:place], name, *one.name[place + 1 :]))


def _statements(old: ObjectId, new: ObjectId, current: Catalog, known: ObjectId) -> tuple[str, ...]:
    *above, was = old.name
    to = new.name[-1]
    owner = qualified(*above)
    if new.kind == "column":
        return (f"ALTER TABLE {owner} RENAME COLUMN {ident(was)} TO {ident(to)}",)
    if new.kind == "view column":
        stored = ObjectId("materialized view", tuple(above)) in current.objects
        word = "MATERIALIZED VIEW" if stored else "VIEW"
        return (f"ALTER {word} {owner} RENAME COLUMN {ident(was)} TO {ident(to)}",)
    if new.kind == "attribute":
        return (f"ALTER TYPE {owner} RENAME ATTRIBUTE {ident(was)} TO {ident(to)} CASCADE",)
    if new.kind == "enum value":
        return (f"ALTER TYPE {owner} RENAME VALUE {literal(was)} TO {literal(to)}",)
    if new.kind in ("constraint", "domain constraint"):
        word = "DOMAIN" if new.kind == "domain constraint" else "TABLE"
        return (f"ALTER {word} {owner} RENAME CONSTRAINT {ident(was)} TO {ident(to)}",)
    if new.kind in ("trigger", "policy", "rule"):
        return (f"ALTER {new.kind.upper()} {ident(was)} ON {owner} RENAME TO {ident(to)}",)
    return _whole(old, new, current, known)


def _whole(old: ObjectId, new: ObjectId, current: Catalog, known: ObjectId) -> tuple[str, ...]:
    """RENAME TO and SET SCHEMA, in the order whose place in between is free."""
    if len(new.name) == 1 or new.kind == "index":
        return (f"ALTER {_called(old, known, current)} RENAME TO {ident(new.name[-1])}",)
    schema, name, rest = new.name[0], new.name[1], new.name[2:]
    over = ObjectId(old.kind, (schema, old.name[1], *rest))
    moved_first = over not in current.objects
    between = over if moved_first else ObjectId(old.kind, (old.name[0], name, *rest))
    moves = f"SET SCHEMA {ident(schema)}" if old.name[0] != schema else ""
    renames = f"RENAME TO {ident(name)}" if old.name[1] != name else ""
    first, second = (moves, renames) if moved_first else (renames, moves)
    found = [f"ALTER {_called(old, known, current)} {first}"] if first else []
    if second:
        found.append(f"ALTER {_called(between if first else old, known, current)} {second}")
    return tuple(found)


def _called(one: ObjectId, known: ObjectId, current: Catalog) -> str:
    """What ALTER calls it: under the name `one`, of the kind that the catalog has under the name `known`."""
    there: Any = current.objects.get(known)
    if one.kind == "table":
        word = "FOREIGN TABLE" if there is not None and there.form == "foreign" else "TABLE"
        return f"{word} {qualified(*one.name)}"
    if one.kind in _ROUTINES:
        word = getattr(there, "word", "FUNCTION") if one.kind == "function" else "AGGREGATE"
        arguments = there.signature if one.kind == "aggregate" and there is not None else one.name[2]
        return f"{word} {qualified(*one.name[:2])}({arguments})"
    return reference(one, current)
