"""Renamed columns of any type and default, written by two applications in any order: both read the same.

Each application writes its own columns only. After each statement the two columns of a pair must hold the same,
what was written must be there, and what was not written must be as it was.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from dbdeed.errors import DbdeedError, Refused
from dbdeed.planning.apply import apply_plan
from dbdeed.planning.phases import split

if TYPE_CHECKING:
    from dbdeed.engines.seam import Session

Place = Any

POSTGRESQL = {
    "integer": (["1", "2", "NULL", "0"], ["", "1", "0"]),
    "text": (["'a'", "''", "NULL", "'A'"], ["", "'a'", "''"]),
    "numeric(6,2)": (["1", "1.5", "NULL", "0"], ["", "0", "1.5"]),
    "boolean": (["true", "false", "NULL"], ["", "false"]),
    "jsonb": (["'{}'", "'[1]'", "NULL"], ["", "'{}'"]),
    "timestamptz": (["'2020-01-01Z'", "NULL"], ["", "now()"]),
}
SQLITE = {
    "INTEGER": (["1", "2", "NULL", "0"], ["", "1", "0"]),
    "TEXT": (["'a'", "''", "NULL", "'A'"], ["", "'a'", "CURRENT_TIMESTAMP"]),
    "REAL": (["1", "1.5", "NULL"], ["", "0"]),
    "TEXT COLLATE NOCASE": (["'a'", "'A'", "NULL"], ["", "'a'"]),
}


@dataclass(frozen=True)
class Pair:
    """A column before and after."""

    type: str
    values: list[str]
    defaults: tuple[str, str]
    not_null: tuple[bool, bool]
    unique: bool

    def written(self, name: str, side: int) -> str:
        default = f" DEFAULT {self.defaults[side]}" if self.defaults[side] else ""
        demands = (" NOT NULL" if self.not_null[side] else "") + (" UNIQUE" if self.unique else "")
        return f"{name} {self.type}{default}{demands}"


def drawn(chance: random.Random, kinds: dict[str, tuple[list[str], list[str]]]) -> list[Pair]:
    found = []
    for _ in range(chance.randrange(1, 4)):
        kind = chance.choice(list(kinds))
        values, defaults = kinds[kind]
        first = chance.choice(defaults)
        second = first if chance.random() < 0.8 else chance.choice(defaults)
        not_null = (chance.random() < 0.5, chance.random() < 0.5)
        found.append(Pair(kind, values, (first, second), not_null, chance.random() < 0.2))
    return found


def table(pairs: list[Pair], side: int) -> str:
    lines = ["id integer PRIMARY KEY"]
    lines += [one.written(f"{('old', 'new')[side]}{number}", side) for number, one in enumerate(pairs)]
    marks = ["", *(f" -- renamed from: old{number}" if side else "" for number in range(len(pairs)))]
    commas = [","] * (len(lines) - 1) + [""]
    body = "\n".join(f"{line}{comma}{mark}" for line, comma, mark in zip(lines, commas, marks, strict=True))
    return f"CREATE TABLE t (\n{body}\n);"


def row(session: Session, side: str, pairs: list[Pair], key: int) -> tuple[Any, ...] | None:
    names = ", ".join(f"{side}{number}" for number in range(len(pairs)))
    found = session.fetch(f"SELECT {names} FROM t WHERE id = {key}")
    return tuple(found[0]) if found else None


def statement(side: str, key: int, chosen: dict[int, str], *, there: bool) -> str:
    if there:
        sets = ", ".join(f"{side}{number} = {value}" for number, value in chosen.items())
        return f"UPDATE t SET {sets} WHERE id = {key}"
    names = ", ".join(["id", *(f"{side}{number}" for number in chosen)])
    return f"INSERT INTO t ({names}) VALUES ({', '.join([str(key), *chosen.values()])})"


def meant(session: Session, one: Pair, value: str) -> Any:
    if value == "NULL":
        return None
    return session.fetch(f"SELECT CAST({value} AS {one.type.removesuffix(' COLLATE NOCASE')})")[0][0]


def write(session: Session, chance: random.Random, pairs: list[Pair]) -> None:
    """One statement of one application, and what both must read then; what the database refuses is nothing."""
    number = chance.randrange(2)
    side, key = ("old", "new")[number], chance.randrange(5, 11)
    chosen = {at: chance.choice(one.values) for at, one in enumerate(pairs) if chance.random() < 0.6}
    chosen = {at: one for at, one in chosen.items() if one != "NULL" or not pairs[at].not_null[number]}
    before = row(session, side, pairs, key)
    if before is not None and not chosen:
        return
    sql = statement(side, key, chosen, there=before is not None)
    try:
        session.execute(sql)
    except DbdeedError:
        return
    after = row(session, side, pairs, key)
    assert after is not None
    assert row(session, "old", pairs, key) == row(session, "new", pairs, key), sql
    for at, one in enumerate(pairs):
        if at in chosen:
            assert after[at] == meant(session, one, chosen[at]), sql
        elif before is not None:
            assert after[at] == before[at], sql


def attempt(place: Place, seed: int) -> bool:
    """Whether there was a state in between."""
    chance = random.Random(seed)
    pairs = drawn(chance, POSTGRESQL if place.is_postgresql else SQLITE)
    before, after = table(pairs, 0), table(pairs, 1)
    try:
        found = split(
            place.engine, place.catalog(before), place.catalog(after), place.statements(after), place.scratch
        )
    except Refused as error:
        if "cannot be told whether a NULL was meant" not in " ".join(error.message.split()):
            raise
        return False
    with place.live(before) as session:
        session.execute(
            "INSERT INTO t (id, "
            + ", ".join(f"old{at}" for at in range(len(pairs)))
            + ") VALUES (1, "
            + ", ".join(one.values[0] for one in pairs)
            + ")"
        )
        apply_plan(place.engine, session, found.expand, found.middle, tool="test")
        place.settle(session)
        assert row(session, "old", pairs, 1) == row(session, "new", pairs, 1)
        for _ in range(14):
            write(session, chance, pairs)
    return True


@pytest.mark.parametrize("start", [1, pytest.param(1000, marks=pytest.mark.slow)])
def test_two_applications_write_columns_of_any_kind(place: Place, start: int) -> None:
    number = (2 if place.is_postgresql else 12) if start == 1 else 60
    assert sum(attempt(place, seed) for seed in range(start, start + number)) > number // 2
