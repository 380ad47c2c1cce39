"""What stands on a column that another one takes the place of, and whether it can all be had again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.online.key import has_index_form
from dbdeed.engines.postgresql.quoting import ident

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.constraint import Constraint
    from dbdeed.engines.postgresql.kinds.index import Index
    from dbdeed.engines.postgresql.kinds.sequence import Sequence

_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_ITEM = rf"{_NAME}(?: DESC)?(?: NULLS (?:FIRST|LAST))?"
_LIST = rf"{_ITEM}(?:, {_ITEM})*"
_INDEX = re.compile(rf"(USING \w+ \()({_LIST})(\))(?:( INCLUDE \()({_LIST})(\)))?(.*)\Z", re.DOTALL)
_FIRST = re.compile(_NAME)

_OF_TABLE = frozenset(
    {"column", "index", "constraint", "comment", "owner", "privileges", "sequence", "policy", "statistics"}
    | {"view", "materialized view"}
)
"""What may need the table: no trigger or rule that filling would wake, no heir, nobody who takes a row."""


@dataclass
class Parts:
    """What is made anew for the column that takes the place.

    Attributes:
        indexes, keys: unchanged, built beforehand.
        checks: unchanged, added NOT VALID.
        sequences: that the column owns.
        said: steps that say again what comments and grants say.
        leaving: what goes in this plan, and must be gone before.
    """

    indexes: list[Index] = field(default_factory=list)
    keys: list[Constraint] = field(default_factory=list)
    checks: list[Constraint] = field(default_factory=list)
    sequences: list[Sequence] = field(default_factory=list)
    said: list[Step] = field(default_factory=list)
    leaving: frozenset[ObjectId] = frozenset()


def parts_of(old: Column, new: Column, context: Context) -> Parts | None:
    """None where something stands on the column or looks at its table that must not see it change places."""
    from dbdeed.engines.postgresql.kinds import column_create

    if not all(_alone(old, catalog) for catalog in (context.current, context.target)):
        return None
    found = Parts()
    for key in sorted(context.current.needed_by.get(old.id, ())):
        one: Any = context.current.objects[key]
        if key in (old.id, old.parent):
            continue
        if key not in context.target.objects and key.kind in ("index", "constraint"):
            found.leaving |= {key}
        elif not _put(one, old, context, found):
            return None
    if old.identity is not None and any(one.name[0] == "sequence" for one in _sayings(old.id, context)):
        return None
    found.sequences = column_create.owned(old, context.current)
    if not all(_stays_owned(one, context) for one in found.sequences):
        return None
    # One that comes to it in this plan would go with the column whose place is taken.
    owned = {one.id for one in found.sequences}
    if not {one.id for one in column_create.owned(new, context.target)} <= owned:
        return None
    found.said += _said(old.id, context)
    return found


def _put(one: Any, old: Column, context: Context, found: Parts) -> bool:
    """Take one thing into account; False where there is no way to have it again."""
    same = context.target.objects.get(one.id) == one
    kind = one.id.kind
    if kind in ("comment", "privileges"):
        return True
    if kind not in ("index", "constraint") or not same or not _by_itself(one, old, context):
        return False
    if kind == "index":
        found.indexes.append(one)
    elif one.type == "check":
        found.checks.append(one)
    elif one.type in ("primary", "unique") and has_index_form(one):
        found.keys.append(one)
    else:
        return False
    found.said += _said(one.id, context)
    return kind == "constraint" or on_shadow(one, old, old) is not None


def _stays_owned(sequence: Sequence, context: Context) -> bool:
    """Whether no other column gets it in this plan."""
    wanted: Any = context.target.objects.get(sequence.id)
    return wanted is None or wanted.owned_by == sequence.owned_by


def _by_itself(one: Any, old: Column, context: Context) -> bool:
    """Whether it needs only columns that stay as they are, and nothing needs it."""
    current, target = context.current, context.target
    for need in current.needs.get(one.id, ()):
        there: Any = current.objects[need]
        stays = need.kind == "column" and not there.generated and target.objects.get(need) == there
        if need not in (old.id, old.parent) and not stays:
            return False
    plain = one.parent == old.parent and getattr(one, "validated", True) and getattr(one, "valid", True)
    marked = one.clustered or one.replica_identity or getattr(one, "statistics", ())
    needing = {*current.needed_by.get(one.id, ()), *target.needed_by.get(one.id, ())}
    return plain and not marked and all(each.kind == "comment" for each in needing)


def _alone(column: Column, catalog: Catalog) -> bool:
    """Whether its table is one that nobody sees but by name, column by column."""
    key = ObjectId("table", (column.schema, column.table))
    table: Any = catalog.objects.get(key)
    if table is None or table.form != "plain" or table.force_row_security:
        return False
    if table.partition_of or table.inherits or table.of_type:
        return False
    publications: tuple[Any, ...] = catalog.by_kind.get("publication", ())
    return all(_knows_columns(one, key) for one in catalog.needed_by.get(key, ())) and not any(
        one.has(*key.name)  # a subscriber would not know the column that is there meanwhile
        for one in publications
    )


def _knows_columns(one: ObjectId, table: ObjectId) -> bool:
    return one.kind in _OF_TABLE and (one.kind != "column" or one.name[:2] == table.name)


def _said(one: ObjectId, context: Context) -> Iterable[Step]:
    """What is said of it now and stays said; what shall be said else comes after, in steps of its own."""
    from dbdeed.engines.postgresql.kinds import comment, privileges

    for key in _sayings(one, context):
        said: Any = context.current.objects[key]
        making = (comment if key.kind == "comment" else privileges).create(said, context)
        yield from making.steps


def _sayings(one: ObjectId, context: Context) -> list[ObjectId]:
    children = (child.id for child in context.current.children.get(one, ()))
    return [
        key for key in children if key.kind in ("comment", "privileges") and key in context.target.objects
    ]


def on_shadow(index: Index, old: Column, shadow: Column) -> str | None:
    """An index's definition with another column in the old one's place; None where that is no plain list."""
    head, where, condition = index.definition.partition(" WHERE ")
    parsed = _INDEX.match(head)
    if parsed is None or old.name in condition or "" in index.columns:
        return None
    start, first, close, include, second, last, rest = (one or "" for one in parsed.groups())
    if rest and not rest.startswith((" NULLS NOT DISTINCT", " WITH (", " TABLESPACE ")):
        return None
    lists = (_replaced(some, old.name, shadow.name) for some in (first, second))
    keys, included = lists
    return f"{start}{keys}{close}{include}{included}{last}{rest}{where}{condition}"


def _replaced(items: str, old: str, new: str) -> str:
    """The list with one name in another's place."""
    was = ident(old)
    found = re.findall(_ITEM, items)
    return ", ".join(
        _FIRST.sub(lambda name: ident(new) if name[0] == was else name[0], one, 1) for one in found
    )
