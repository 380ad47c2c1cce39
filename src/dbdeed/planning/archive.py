"""What a plan removes is kept first, by statements of the plan: a DBA reads them, the proof runs them.

A dropped table moves into the engine's private place, a dropped column's values are copied with their keys;
the engine says how (`Engine.kept_first`). Here the rest: names that are never given twice, and the table
`archive`, which says what is where. Each plan has a number, its generation, that is part of every name.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Form, Kept, Step
from dbdeed.engines.faults import SqlRejected
from dbdeed.planning.shown import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Change
    from dbdeed.engines.seam import Engine, Session
    from dbdeed.planning.plan import Plan

Few: TypeAlias = "Callable[[ObjectId], bool]"
"""Whether a table of the live database has so few rows that nobody waits long while they are copied."""

SHORT = 10_000
"""So many rows are few."""

FROM_FILES = 1_500_000_000
"""Generations from here on are of migrations as files: the second in which one was written."""

TABLE = "archive"
HERE, RETURNED, PURGED = "kept", "returned", "purged"
"""States of an entry: its data is here; a table that went back; gone for good."""

_COLUMNS = (
    "generation integer NOT NULL, item integer NOT NULL, name text NOT NULL, place text NOT NULL, "
    "state text NOT NULL, kept text NOT NULL, how text NOT NULL, PRIMARY KEY (generation, item)"
)
_LONGEST = 24  # characters of an object's name in the name of its place, so that both fit 50 bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the archive.

    Attributes:
        generation, item: which.
        name: of what is kept, for people: "column public.orders.note".
        state: "kept", "returned" or "purged".
        when: it was kept, ISO 8601 in UTC.
        kept: how, for the engine.
    """

    generation: int
    item: int
    name: str
    state: str
    when: str
    kept: Kept


@dataclass
class _Names:
    """Gives each thing of a generation its own place."""

    generation: int
    given: int = 0

    def __call__(self, one: ObjectId) -> str:
        self.given += 1
        return f"archive_{self.generation}_{self.given}_{_slug(one)}"


@dataclass
class Keeper:
    """Rewrites the changes of one plan so that they keep what they remove.

    Attributes:
        generation: of the plan.
        keeps: what is kept so far, in order, each with its number.
        known: where a plan of the past is gone through once more in a scratch: its entries, whose places and
            lines are used again.
    """

    engine: Engine
    generation: int
    keeps: dict[Kept, int] = field(default_factory=dict)
    known: Mapping[ObjectId, Entry] = field(default_factory=dict)

    def keeping(self, changes: Sequence[Change], current: Catalog, target: Catalog, few: Few) -> list[Change]:
        """The changes with the steps that keep what they remove, and that write it down.

        Without a generation nothing is kept, and the changes stay as they are.
        """
        if not self.generation:
            return list(changes)
        fresh = _Names(self.generation, len(self.keeps))

        def names(one: ObjectId) -> str:
            there = self.known.get(one)
            return fresh(one) if there is None else _bare(self.engine, there.kept.place)

        return [
            replace(change, steps=tuple(self._noted(change, steps)))
            for change in changes
            for steps in [self.engine.kept_first(change, current, target, names, few)]
        ]

    def _noted(self, change: Change, steps: Sequence[Step]) -> Iterator[Step]:
        if any(step.keeps for step in steps) and not self.keeps:
            yield from setup(self.engine, change.id)
        for step in steps:
            yield replace(step, online=tuple(self._each(step.online))) if step.online else step
            yield from (replace(self._note(kept), online=step.online) for kept in step.keeps)

    def _each(self, steps: Sequence[Step]) -> Iterator[Step]:
        """The steps of an online form, which keeps what the short one does, though not at the same time."""
        for step in steps:
            yield step
            yield from (self._note(kept) for kept in step.keeps)

    def _note(self, kept: Kept) -> Step:
        item = self.keeps.setdefault(kept, len(self.keeps) + 1)
        there = self.known.get(kept.object)
        line = (there.generation, there.item) if there is not None else (self.generation, item)
        values = (
            *map(str, line),
            *map(_literal, (shown(kept.object), kept.place, HERE)),
            self.engine.now_sql(),
            _literal(msgspec.json.encode(kept).decode()),
        )
        sql = (
            f"INSERT INTO {self.engine.private_name(TABLE)} "
            f"(generation, item, name, place, state, kept, how) VALUES ({', '.join(values)})"
        )
        return Step(sql, kept.object)


def _bare(engine: Engine, place: str) -> str:
    """The name that `Engine.private_name` made a place of."""
    return "archive_" + place.removeprefix(engine.private_name("archive_"))


def setup(engine: Engine, about: ObjectId) -> Iterator[Step]:
    """The steps that make the private place and the table `archive`; they can be repeated."""
    table = f"CREATE TABLE IF NOT EXISTS {engine.private_name(TABLE)} ({_COLUMNS})"
    yield from (Step(sql, about) for sql in (*engine.private_setup(), table))


def marked(engine: Engine, entry: Entry, state: str) -> Step:
    """The step that gives an entry another state."""
    sql = (
        f"UPDATE {engine.private_name(TABLE)} SET state = {_literal(state)} "
        f"WHERE generation = {entry.generation} AND item = {entry.item}"
    )
    return Step(sql, entry.kept.object)


def entries(engine: Engine, session: Session) -> list[Entry]:
    """All lines of the archive, oldest first; never writes."""
    try:
        rows = session.fetch(
            f"SELECT generation, item, name, place, state, kept, how FROM {engine.private_name(TABLE)} "
            "ORDER BY generation, item"
        )
    except SqlRejected:
        return []  # nothing was ever kept here
    return [
        Entry(generation, item, name, state, when, _kept(how))
        for generation, item, name, _, state, when, how in rows
    ]


def entries_of(plan: Plan) -> list[Entry]:
    """The lines that a plan will have written."""
    return [
        Entry(plan.generation, number, shown(one.object), HERE, "", one)
        for number, one in enumerate(plan.keeps, 1)
    ]


def _kept(how: str) -> Kept:
    said: dict[str, Any] = msgspec.json.decode(how)
    lists = {field: tuple(said[field]) for field in ("key", "rest", "texts")}
    names = tuple((kind, name, there) for kind, name, there in said["names"])
    one = ObjectId(said["object"][0], tuple(said["object"][1]))
    return Kept(one, Form(said["form"]), said["place"], names=names, **lists)


def purged(engine: Engine, session: Session, entry: Entry) -> None:
    """Remove what an entry holds for good, and say so in its line; inside an open transaction."""
    if entry.kept.place and not (entry.state == RETURNED and entry.kept.form is Form.MOVED):
        session.execute(f"DROP TABLE {entry.kept.place}")
    session.execute(marked(engine, entry, PURGED).sql)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _slug(one: ObjectId) -> str:
    """A part of a table's name that tells people what is in it: short, and safe in any engine."""
    plain = "_".join(one.name[-2:] if one.kind == "column" else one.name[-1:])
    slug = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in plain.lower())
    return slug[:_LONGEST].strip("_") or "x"
