"""The options that sequences and identity columns share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from dbdeed.engines.change import LockLevel
from dbdeed.engines.postgresql.quoting import ident, literal, qualified
from dbdeed.engines.postgresql.writing import may_fail, step

if TYPE_CHECKING:
    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.change import Hazard, Step
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


def ownership(new: Sequence) -> Step:
    owner = qualified(*new.owned_by) if new.owned_by else "NONE"
    return step(f"ALTER SEQUENCE {qualified(new.schema, new.name)} OWNED BY {owner}", new.id)


def renamed(schema: str, old: str, new: str) -> str:
    return f"ALTER SEQUENCE {qualified(schema, old)} RENAME TO {ident(new)}"
