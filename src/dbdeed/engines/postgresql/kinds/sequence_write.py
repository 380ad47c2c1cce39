"""The options that sequences and identity columns share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.postgresql.quoting import ident, literal, qualified
from dbdeed.engines.postgresql.writing import may_fail, step

if TYPE_CHECKING:
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Hazard, Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.sequence import Sequence


class Counting(Protocol):
    """How a sequence counts."""

    @property
    def start(self) -> int: ...
    @property
    def increment(self) -> int: ...
    @property
    def minimum(self) -> int: ...
    @property
    def maximum(self) -> int: ...
    @property
    def cache(self) -> int: ...
    @property
    def cycle(self) -> bool: ...


_HIGHEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


def limits(type_name: str, increment: int) -> tuple[int, int]:
    """The default minimum and maximum."""
    highest = _HIGHEST.get(type_name, _HIGHEST["bigint"])
    return (1, highest) if increment > 0 else (-highest - 1, -1)


def wider(one: str, other: str) -> str:
    """The type that holds all numbers of both."""
    return max(one, other, key=lambda name: _HIGHEST.get(name, 0))


def numbers(how: Counting, type_name: str) -> list[str]:
    """The options that are not the default ones."""
    minimum, maximum = limits(type_name, how.increment)
    options = []
    if how.increment != 1:
        options.append(f"INCREMENT BY {how.increment}")
    if how.minimum != minimum:
        options.append(f"MINVALUE {how.minimum}")
    if how.maximum != maximum:
        options.append(f"MAXVALUE {how.maximum}")
    if how.start != (how.minimum if how.increment > 0 else how.maximum):
        options.append(f"START WITH {how.start}")
    if how.cache != 1:
        options.append(f"CACHE {how.cache}")
    if how.cycle:
        options.append("CYCLE")
    return options


def changed_numbers(old: Counting, new: Counting) -> list[str]:
    """The options that lead from one to the other."""
    options = []
    if old.increment != new.increment:
        options.append(f"INCREMENT BY {new.increment}")
    if old.minimum != new.minimum:
        options.append(f"MINVALUE {new.minimum}")
    if old.maximum != new.maximum:
        options.append(f"MAXVALUE {new.maximum}")
    if old.start != new.start:
        options.append(f"START WITH {new.start}")
    if old.cache != new.cache:
        options.append(f"CACHE {new.cache}")
    if old.cycle != new.cycle:
        options.append("CYCLE" if new.cycle else "NO CYCLE")
    return options


def creation(new: Sequence, *, owned: bool = False) -> Step:
    unlogged = "UNLOGGED " if new.unlogged else ""
    text = f"CREATE {unlogged}SEQUENCE {qualified(new.schema, new.name)}"
    if new.type != "bigint":
        text += f" AS {new.type}"
    text = " ".join([text, *numbers(new, new.type)])
    if owned and new.owned_by:
        text += f" OWNED BY {qualified(*new.owned_by)}"
    return step(text, new.id)


def changes(old: Sequence, new: Sequence) -> list[Step]:
    """What leads from one to the other, but for the owner."""
    name = qualified(new.schema, new.name)
    options = changed_numbers(old, new)
    if old.type != new.type:
        options.insert(0, f"AS {new.type}")
    steps = []
    if options:
        steps += [
            *room(old, new, name, new.id, wider(old.type, new.type)),
            step(
                f"ALTER SEQUENCE {name} {' '.join(options)}",
                new.id,
                LockLevel.SHARE_ROW_EXCLUSIVE,
                hazards=counted_past(old, new, name),
            ),
            *start_again(old, new, name, new.id),
        ]
    if old.unlogged != new.unlogged:
        logged = "UNLOGGED" if new.unlogged else "LOGGED"
        steps.append(step(f"ALTER SEQUENCE {name} SET {logged}", new.id, LockLevel.ACCESS_EXCLUSIVE))
    return steps


def room(old: Counting, new: Counting, name: str, about: ObjectId, type_name: str) -> list[Step]:
    """What goes before where a sequence that never counted would stand outside of its new limits.

    It stands at its start, and PostgreSQL refuses limits that leave it out (ALTER SEQUENCE).
    """
    if new.minimum <= old.start <= new.maximum:
        return []
    steps = []
    if not old.minimum <= new.start <= old.maximum:
        lowest, highest = min(old.minimum, new.minimum), max(old.maximum, new.maximum)
        text = f"ALTER SEQUENCE {name} AS {type_name} MINVALUE {lowest} MAXVALUE {highest}"
        steps.append(step(text, about, LockLevel.SHARE_ROW_EXCLUSIVE))
    return [*steps, _unused_at(new.start, name, about)]


def start_again(old: Counting, new: Counting, name: str, about: ObjectId) -> list[Step]:
    """What goes after, so that a sequence that never counted begins where it shall; one in use goes on."""
    if old.start == new.start or not new.minimum <= old.start <= new.maximum:
        return []
    return [_unused_at(new.start, name, about)]


def _unused_at(start: int, name: str, about: ObjectId) -> Step:
    return step(
        f"SELECT pg_catalog.setval({literal(name)}::pg_catalog.regclass, {start}, false) FROM {name} "
        "WHERE NOT is_called",
        about,
    )


def counted_past(old: Counting, new: Counting, name: str) -> tuple[Hazard, ...]:
    """Whether the new limits can leave out where it stands."""
    if new.minimum <= old.minimum and new.maximum >= old.maximum:
        return ()
    return (may_fail(f"{name} may have counted past {new.minimum} to {new.maximum}."),)


def handed_over(old: Sequence, new: Sequence, context: Context) -> tuple[Step, ...]:
    """To another column, or to none."""
    before: Any = context.current.objects.get(old.id, old)  # `old` may have been loosened from its column
    if before.owned_by == new.owned_by and old == before:
        return ()
    free = (
        [step(f"ALTER SEQUENCE {qualified(new.schema, new.name)} OWNED BY NONE", new.id)]
        if old.owned_by
        else []
    )
    if new.owned_by:
        return (*free, *given(new, context, was=_role(before, context.current)))
    had = _role(before, context.current) or _role(before, context.target)
    back = _owned(new, _role(new, context.target)) if had else ()
    return (*free, *back)


def given(new: Sequence, context: Context, was: str = "") -> tuple[Step, ...]:
    """To its column; it must be its table's owner's before, who is whoever works here if the table is new."""
    there = ObjectId("table", new.owned_by[:2]) in context.current.objects
    whose = _role(new, context.current) if there else ""
    if there and whose != _role(new, context.target):
        return (_as_its_table(new), ownership(new))
    return (*(_owned(new, whose) if whose or was else ()), ownership(new))


def _owned(new: Sequence, role: str) -> tuple[Step, ...]:
    whom = ident(role) if role else "CURRENT_USER"
    return (step(f"ALTER SEQUENCE {qualified(new.schema, new.name)} OWNER TO {whom}", new.id),)


def _as_its_table(new: Sequence) -> Step:
    """The table's owner changes in the same plan, be it before or after."""
    table = literal(qualified(*new.owned_by[:2]))
    alter = literal(f"ALTER SEQUENCE {qualified(new.schema, new.name)} OWNER TO ".replace("%", "%%") + "%I")
    text = f"""DO $$
BEGIN
    EXECUTE pg_catalog.format({alter}, (SELECT pg_catalog.pg_get_userbyid(relowner)
        FROM pg_catalog.pg_class WHERE oid = {table}::pg_catalog.regclass));
END $$"""
    return step(text, new.id)


def _role(one: Sequence, catalog: Catalog) -> str:
    """Whose it is, where that is said; "" for whoever works here."""
    of = ("table", *one.owned_by[:2]) if one.owned_by else ("sequence", one.schema, one.name)
    found: Any = catalog.objects.get(ObjectId("owner", of))
    return found.role if found is not None else ""


def ownership(new: Sequence) -> Step:
    owner = qualified(*new.owned_by) if new.owned_by else "NONE"
    return step(f"ALTER SEQUENCE {qualified(new.schema, new.name)} OWNED BY {owner}", new.id)


def counted(name: str, source: str) -> str:
    """The sequence `name` goes on where `source` is."""
    return (
        f"SELECT pg_catalog.setval({literal(name)}::pg_catalog.regclass, last_value, is_called) FROM {source}"
    )


def renamed(schema: str, old: str, new: str) -> str:
    return f"ALTER SEQUENCE {qualified(schema, old)} RENAME TO {ident(new)}"
