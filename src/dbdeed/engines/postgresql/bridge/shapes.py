"""Whether something stands on renamed columns as it stood on the old ones: a key, a check, an index."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.postgresql.kinds.index import Index
from dbdeed.engines.postgresql.quoting import ident

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.engines.postgresql.kinds.constraint import Constraint

_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[\w$]+")


class Names:
    """What columns are called after the renames: (schema, table) to old name to new name."""

    def __init__(self, moved: Mapping[tuple[str, ...], Mapping[str, str]]) -> None:
        self._moved = moved

    def of(self, *table: str) -> Mapping[str, str]:
        return self._moved.get(table, {})


def carried_index(one: Index, names: Names) -> Index:
    moved = names.of(one.schema, one.table)
    if not moved:
        return one
    return msgspec.structs.replace(
        one,
        definition=carried_text(one.definition, moved),
        columns=tuple(moved.get(each, each) for each in one.columns),
        names=tuple(moved.get(each, each) for each in one.names),
    )


def carried_constraint(one: Constraint, names: Names) -> Constraint:
    moved = names.of(one.schema, one.table)
    other = names.of(*one.references)
    if not (moved or other):
        return one
    text = one.definition
    if one.type == "foreign":
        head, mark, rest = text.partition(" REFERENCES ")
        place, opening, columns = rest.partition("(")
        text = f"{carried_text(head, moved)}{mark}{place}{opening}{carried_text(columns, other)}"
    else:
        text = carried_text(text, moved)
    return msgspec.structs.replace(
        one,
        definition=text,
        columns=tuple(moved.get(each, each) for each in one.columns),
        names=tuple(moved.get(each, each) for each in one.names),
        referenced=tuple(other.get(each, each) for each in one.referenced),
    )


def carried_text(text: str, moved: Mapping[str, str]) -> str:
    """An expression with names replaced, strings left alone; as the engine writes it, but for `AS` names."""
    words = {ident(old): ident(new) for old, new in moved.items()}
    return _TOKEN.sub(lambda found: words.get(found[0], found[0]), text)


def alike(one: Any, other: Any) -> bool:
    """Whether two of them say the same, whatever they are called."""
    neutral = {"name": "", "names": ()}
    if type(one) is not type(other):
        return False
    return bool(msgspec.structs.replace(one, **neutral) == msgspec.structs.replace(other, **neutral))


def unique_index(key: Constraint, name: str) -> Index:
    """A unique index on a key's columns."""
    columns = ", ".join(ident(one) for one in key.columns)
    return Index(
        key.schema,
        name,
        key.table,
        "table",
        f"USING btree ({columns})",
        unique=True,
        columns=key.columns,
        names=key.columns,
    )
