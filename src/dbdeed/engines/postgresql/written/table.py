"""CREATE TABLE by hand: short types, and each constraint of one column in that column's line.

A name that PostgreSQL would choose itself is left to it. What is read back from such a statement is compared
with the live catalog by whoever writes it; the plan's own words are there where it should differ.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.postgresql.choosing import addition, chosen_name, index_name
from dbdeed.engines.postgresql.kinds import column_create, table_create
from dbdeed.engines.postgresql.quoting import ident, idents, qualified
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.sql_text import TokenKind, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.constraint import Constraint
    from dbdeed.engines.postgresql.kinds.table import Table
    from dbdeed.engines.postgresql.kinds.table_create import Inside

_TYPES = (
    (re.compile(r"\btimestamp(\(\d\))? with time zone"), r"timestamptz\1"),
    (re.compile(r"\btimestamp(\(\d\))? without time zone"), r"timestamp\1"),
    (re.compile(r"\btime(\(\d\))? with time zone"), r"timetz\1"),
    (re.compile(r"\btime(\(\d\))? without time zone"), r"time\1"),
    (re.compile(r"\bcharacter varying"), "varchar"),
    (re.compile(r"\bcharacter(?=\(|$)"), "char"),
)
_CAST = re.compile(r"(E?'(?:[^'\\]|'')*')::(.+)", re.DOTALL)


def written(table: Table, found: Inside, keys: Sequence[Constraint], others: Sequence[Constraint]) -> str:
    """The statement.

    Args:
        table: a new table.
        found: what stands inside it.
        keys: foreign keys that shall stand inside as well.
        others: its constraints that do not, whose names must not be chosen again.
    """
    inside = [*found.constraints, *keys]
    if table.partition_of or table.of_type:
        plain = [column_create.definition(column, word) for column, word in found.columns]
        return table_create.statement(table, [*plain, *found.overrides, *map(_named, inside)])
    chosen = Counter(map(_chosen, (*inside, *others)))
    own = {one.id for one in inside if one.name == _chosen(one) and chosen[one.name] == 1}
    beside: dict[str, list[Constraint]] = {}
    for one in inside:
        if one.id in own and _of_column(one):
            beside.setdefault(one.columns[0], []).append(one)
    taken = {one.id for ones in beside.values() for one in ones}
    lines = [_column(column, word, beside.get(column.name, ())) for column, word in found.columns]
    lines += [_text(one) if one.id in own else _named(one) for one in inside if one.id not in taken]
    return table_create.statement(table, lines)


def _chosen(one: Constraint) -> str:
    """The name that PostgreSQL would give it."""
    if one.type == "check":
        return chosen_name(one.table, one.columns[0] if len(one.columns) == 1 else "", "check")
    if one.type == "foreign":
        return chosen_name(one.table, addition(one.columns), "fkey")
    label = {"primary": "pkey", "unique": "key"}.get(one.type, "excl")
    return index_name(one.table, one.names, label)


def _of_column(one: Constraint) -> bool:
    """Whether it can be said in its column's line."""
    if len(one.columns) != 1:
        return False
    keys = {"primary": "PRIMARY KEY", "unique": "UNIQUE"}
    if one.type in keys:
        return one.full_definition == f"{keys[one.type]} ({ident(one.columns[0])})"
    return one.type == "check" or (one.type == "foreign" and one.definition.startswith(_foreign_head(one)))


def _foreign_head(one: Constraint) -> str:
    return f"FOREIGN KEY ({idents(one.columns)}) REFERENCES {qualified(*one.references)}("


def _named(one: Constraint) -> str:
    return f"CONSTRAINT {ident(one.name)} {_text(one)}"


def _text(one: Constraint) -> str:
    if one.type == "foreign" and one.definition.startswith(_foreign_head(one)):
        head = _foreign_head(one)
        return f"{head[:-1]} ({one.definition[len(head) :]}"
    return _single(one.full_definition) if one.type == "check" else one.full_definition


def _in_column(one: Constraint) -> str:
    text = _text(one)
    if one.type == "foreign":
        return text[text.index("REFERENCES ", len(f"FOREIGN KEY ({idents(one.columns)}) ")) :]
    return text if one.type == "check" else text.partition(" (")[0]


def _single(check: str) -> str:
    """`CHECK ((a > 0))` with one pair of parentheses; also `AS ((a + b))`."""
    marks = [one for one in tokens(check, RULES) if one.kind is not TokenKind.SPACE]
    opening: list[int] = []
    closed_by: dict[int, int] = {}
    for at, one in enumerate(marks):
        if check[one.start : one.end] == "(":
            opening.append(at)
        elif check[one.start : one.end] == ")" and opening:
            closed_by[opening.pop()] = at
    if closed_by.get(1, 0) != closed_by.get(2, -1) + 1:
        return check
    first, last = marks[2], marks[closed_by[2]]
    return check[: first.start] + check[first.end : last.start] + check[last.end :]


def _column(column: Column, word: str, constraints: Sequence[Constraint]) -> str:
    implied = column.identity is not None or any(one.type == "primary" for one in constraints)
    said = [] if implied and not column.not_null_name else [column_create.not_null(column).strip()]
    if word:
        head = f"{ident(column.name)} {word}"
        said = [] if not column.not_null_name else said  # serial is NOT NULL
    else:
        bare = msgspec.structs.replace(column, type=short_type(column.type), not_null=False)
        if column.default and not column.generated:
            said.append(f"DEFAULT {_default(column)}")
            bare = msgspec.structs.replace(bare, default="")
        elif column.generated:
            inner = _single(f"AS ({column.default})").removeprefix("AS (").removesuffix(")")
            bare = msgspec.structs.replace(bare, default=inner)
        head = column_create.definition(bare)
    return " ".join(part for part in (head, *said, *_in_order(constraints)) if part)


def _in_order(constraints: Iterable[Constraint]) -> list[str]:
    ranks = {"primary": 0, "unique": 1, "foreign": 2}
    return [_in_column(one) for one in sorted(constraints, key=lambda one: ranks.get(one.type, 3))]


def _default(column: Column) -> str:
    """A text constant needs no cast to its own column's type."""
    found = _CAST.fullmatch(column.default)
    if found and found[2] in (column.type, column.type.partition("(")[0]):
        return found[1]
    return column.default


def short_type(name: str) -> str:
    """`timestamptz`, `varchar(20)`: the names that people use."""
    if '"' in name:
        return name
    for pattern, short in _TYPES:
        name = pattern.sub(short, name)
    return name
