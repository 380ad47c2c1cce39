"""CREATE TABLE as a person would write it: columns and constraints inside, the rest after."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Making
from dbdeed.engines.postgresql.kinds import column_below, column_create, heir_not_null, inheritance
from dbdeed.engines.postgresql.kinds.table_moved import columns
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.secrets import with_environment
from dbdeed.engines.postgresql.writing import may_fail, step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.engines.catalog import Catalog, Object
    from dbdeed.engines.change import Hazard, Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.postgresql.kinds.constraint import Constraint
    from dbdeed.engines.postgresql.kinds.table import Table

_INLINE = ("primary", "unique", "check")


@dataclass
class Inside:
    """What a new table's statement can say of its columns and constraints.

    Attributes:
        columns: each with its serial word, or "".
        overrides: what a partition says of columns from above.
        constraints: those that stand inside.
        before, after: steps that the columns want around the statement.
        covers: what all of these make.
    """

    columns: list[tuple[Column, str]] = field(default_factory=list)
    overrides: list[str] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    before: list[Step] = field(default_factory=list)
    after: list[Step] = field(default_factory=list)
    covers: list[ObjectId] = field(default_factory=list)


def create(new: Table, context: Context) -> Making:
    found = inside(new, context)
    define = column_create.in_type if new.of_type else column_create.definition
    lines = [define(column, word) for column, word in found.columns]
    lines += found.overrides
    lines += [f"CONSTRAINT {ident(one.name)} {one.full_definition}" for one in found.constraints]
    lines += named_not_nulls(new, context)
    handed = inheritance.handed_down(new, context)
    steps = (
        *found.before,
        with_environment(
            step(
                statement(_by_method(new, context), lines), new.id, _lock(new), hazards=_dangers(new, context)
            )
        ),
        *found.after,
        *settings(new),
        *column_below.inherited(new, context),
        *handed.steps,
        *handed.said,
    )
    return Making(steps, (*found.covers, *handed.covers))


def _by_method(new: Table, context: Context) -> Table:
    """A partition has the access method of the table above, where it says none."""
    above: Any = (
        context.target.objects.get(ObjectId("table", new.partition_of[:2])) if new.partition_of else None
    )
    says_none = above is not None and new.form == "plain" and not new.access_method
    return msgspec.structs.replace(new, access_method="heap") if says_none and above.access_method else new


def _dangers(new: Table, context: Context) -> tuple[Hazard, ...]:
    """The default partition beside a new one is read, and must hold nothing that belongs into it."""
    beside = [
        _any(one)
        for one in context.current.objects.values()
        if new.partition_of and one.id.kind == "table" and _any(one).partition_of == new.partition_of
    ]
    return tuple(
        may_fail(f"{one.sql_name} may hold rows that belong into {new.sql_name}.")
        for one in beside
        if one.bound == "DEFAULT"
    )


def named_not_nulls(new: Table, context: Context) -> list[str]:
    """A partition's not-null constraints that are not called as those above, and those that an heir says."""
    columns = [_any(one) for one in context.target.children.get(new.id, ()) if one.id.kind == "column"]
    if not new.partition_of:
        own = {one.name for one in columns if one.local}
        said = [(column, name) for column, name in new.requires if column not in own]
        return [f"CONSTRAINT {ident(name)} NOT NULL {ident(column)}" for column, name in said]
    return [
        f"CONSTRAINT {ident(one.not_null_name)} NOT NULL {ident(one.name)}"
        for one in columns
        if not one.local and one.not_null_name
    ]


def inside(new: Table, context: Context) -> Inside:
    """The columns and constraints that the statement takes in, and what goes with them."""
    found = Inside()
    below = context.target.children.get(new.id, ())
    for child in below:
        if child.id.kind == "column" and _can_stand_inside(child, new, context):
            column: Any = heir_not_null.written(_any(child), context)
            word, first, then, sequences = column_create.sequence_steps(column, context)
            found.columns.append((column, word))
            found.before.extend(first)
            found.after.extend((*then, *column_create.extras(column, context)))
            found.covers.extend((column.id, *sequences))
    for child in below:
        if child.id.kind != "constraint" or any(_merges(_any(child), one) for one in found.constraints):
            continue
        if _can_stand_inside(child, new, context):
            found.constraints.append(_any(child))
            found.covers.append(child.id)
    for one in below:
        if one.id.kind == "column" and not _any(one).local and not _reaches(one.id, new, context.target):
            said, steps = "", column_create.create(_any(one), context).steps
            if new.partition_of:
                said, steps = column_create.inside_partition(_any(one), context)
            found.overrides.extend([said] if said else [])
            found.after.extend(steps)
            found.covers.append(one.id)
    return found


def _lock(new: Table) -> LockLevel:
    """On the tables above it: a partition keeps everybody out for a moment, an heir nobody."""
    if new.partition_of:
        return LockLevel.ACCESS_EXCLUSIVE
    return LockLevel.SHARE_UPDATE_EXCLUSIVE if new.inherits else LockLevel.NONE


def _any(one: Object) -> Any:
    return one


def _can_stand_inside(one: Object, table: Table, context: Context) -> bool:
    """Columns and constraints of its own that need nothing which needs the table in turn."""
    if one.id.kind == "column":
        inside = _any(one).local
    elif one.id.kind == "constraint":
        inside = _any(one).type in _INLINE and not _any(one).partition_of and _any(one).plain
        inside = inside and not inheritance.lacking(_any(one), context.target)
        inside = inside and not _says_too_much(_any(one), table, context.target)
    else:
        inside = False
    return inside and not _reaches(one.id, table, context.target)


def _says_too_much(key: Constraint, table: Table, catalog: Catalog) -> bool:
    """Whether a primary key in the statement makes NOT NULL the table's own that only comes from above."""
    below = table.partition_of or table.inherits
    if key.type != "primary" or not below or catalog.version[0] < 18:
        return False
    said = dict(table.requires)
    for name in key.columns:
        own = ObjectId("column", (table.schema, table.name, name))
        if table.inherits and name not in said and heir_not_null.handed(table, name, catalog):
            return True
        if table.partition_of and own not in catalog.own and _not_null_above(table, name, catalog):
            return True
    return False


def _not_null_above(table: Table, name: str, catalog: Catalog) -> bool:
    above = columns(_any(catalog.objects[ObjectId("table", table.partition_of)]), catalog)
    return name in above and above[name].not_null


def _merges(one: Constraint, other: Constraint) -> bool:
    """Whether CREATE TABLE makes one key of both, by their columns: each comes to be if told apart."""
    keys = one.has_index and other.has_index
    return keys and _without_word(one.definition) == _without_word(other.definition)


def _without_word(definition: str) -> str:
    return definition.removeprefix("PRIMARY KEY ").removeprefix("UNIQUE ")


def _reaches(start: ObjectId, table: Table, catalog: Catalog) -> bool:
    """Whether a part, or one that it needs, needs something outside the table that needs the table."""
    above = table.id
    if all(one == above or one.kind == "schema" for one in catalog.needs.get(start, ())):
        return False  # as most columns
    own = {child.id for child in catalog.children.get(above, ())} | {above}
    waiting = [start]
    seen = {start, above}
    while waiting:
        here = waiting.pop()
        for one in catalog.needs.get(here, ()):
            if one in own and here not in own:
                return True
            if one not in seen and one.kind not in ("schema", "extension"):
                seen.add(one)
                waiting.append(one)
    return False


def statement(new: Table, lines: list[str]) -> str:
    """CREATE TABLE around these lines: columns first, then constraints that begin with CONSTRAINT."""
    word = "FOREIGN TABLE" if new.form == "foreign" else "TABLE"
    head = f"CREATE {'UNLOGGED ' if new.unlogged else ''}{word} {new.sql_name}"
    inside = "(\n    " + ",\n    ".join(lines) + "\n)" if lines else "()"
    if new.partition_of:
        head += f" PARTITION OF {qualified(*new.partition_of)}"
        inside = inside if lines else ""
    elif new.of_type:
        head += f" OF {new.of_type}"
        inside = _typed(lines)
    return "\n".join(
        part for part in (" ".join(part for part in (head, inside) if part), *_tail(new)) if part
    )


def _typed(lines: list[str]) -> str:
    """A table of a type has its columns from there, and says only what they are besides."""
    own = [line for line in lines if line.startswith("CONSTRAINT ") or " WITH OPTIONS " in line]
    return "(\n    " + ",\n    ".join(own) + "\n)" if own else ""


def _tail(new: Table) -> Iterable[str]:
    if new.partition_of:
        yield new.bound
    if new.inherits:
        yield f"INHERITS ({', '.join(qualified(*parent) for parent in new.inherits)})"
    if new.partition_key:
        yield f"PARTITION BY {new.partition_key}"
    if new.access_method:
        yield f"USING {ident(new.access_method)}"
    options = [*new.options, *(f"toast.{one}" for one in new.toast_options)]
    if options:
        yield f"WITH ({', '.join(options)})"
    if new.tablespace:
        yield f"TABLESPACE {ident(new.tablespace)}"
    if new.server:
        options_text = column_create.foreign_options(new.server_options)
        yield f"SERVER {ident(new.server)}" + (f" OPTIONS ({options_text})" if options_text else "")


def settings(new: Table) -> tuple[Step, ...]:
    """What only ALTER TABLE can say."""
    clauses = []
    if new.replica_identity != "default":
        clauses.append(f"REPLICA IDENTITY {new.replica_identity.upper()}")
    if new.row_security:
        clauses.append("ENABLE ROW LEVEL SECURITY")
    if new.force_row_security:
        clauses.append("FORCE ROW LEVEL SECURITY")
    return tuple(step(f"ALTER TABLE {new.sql_name} {clause}", new.id) for clause in clauses)
