"""Two columns of one table that are kept in step by a trigger, whichever of them is written.

An application knows one of the two columns and leaves the other out. On INSERT the one that is not at its
default was written; where both are, nothing has to be told apart. On UPDATE it is the one that changed. So no
write of either application is lost, and each reads at once what the other wrote.

Values are compared as text: types without an equality (json) have one then, and a value that is only equal by
its collation or scale ('A' and 'a' of citext, 1.0 and 1.00) is a write all the same.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.postgresql.bridge.counting import counts
from dbdeed.engines.postgresql.conversion import conversion, is_told
from dbdeed.engines.postgresql.online import fill
from dbdeed.engines.postgresql.online.names import free
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.volatility import is_volatile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.bridge.merging import Merge
    from dbdeed.engines.postgresql.kinds.column import Column
    from dbdeed.engines.seam import Backfill, Session

_LAST = "zz_"  # triggers of one moment fire in the order of their names; this one after a person's
_ELSE = (
    "Rename it in a change of its own, in a maintenance window (without `expand and contract` in the "
    "Strategy)."
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns that hold the same.

    Attributes:
        old: as it is before.
        new: as it is after.
        told: both have the same default, which is the same for both in one statement, so that a row that
            leaves one of them out shows it.
    """

    old: Column
    new: Column
    told: bool

    @property
    def table(self) -> ObjectId:
        return ObjectId("table", (self.new.schema, self.new.table))

    @property
    def computed(self) -> bool:
        """The engine computes both from the row, each by its own expression, and nobody writes either."""
        return bool(self.new.generated)


@dataclass(frozen=True, slots=True)
class Given:
    """A new column that the application from before leaves out, and what it is given then."""

    column: Column
    expression: str

    @property
    def table(self) -> ObjectId:
        return ObjectId("table", (self.column.schema, self.column.table))


def pair_of(old: ObjectId, new: ObjectId, merge: Merge) -> Pair | None:
    """None, with a refusal, where the two cannot be kept in step."""
    was: Any = merge.before.objects[old]
    becomes: Any = merge.target.objects[new]
    name = ".".join(old.name)
    trouble = _trouble(was, becomes, merge)
    if trouble:
        merge.refused.append(f"column {name} is renamed to {becomes.name}, and {trouble} {_ELSE}")
        return None
    told = bool(was.default == becomes.default) and not is_volatile(was.default, merge.before)
    told = told and not counts(was)
    if not told and was.default and not becomes.not_null and not becomes.generated:
        merge.refused.append(
            f"column {name} is renamed to {becomes.name}, may be NULL, and has a default by which it cannot "
            "be told whether a NULL was meant. Make it NOT NULL or take its default away first, in a change "
            "of its own."
        )
        return None
    return Pair(was, becomes, told)


def _trouble(was: Column, becomes: Column, merge: Merge) -> str:
    table: Any = merge.before.objects[ObjectId("table", (was.schema, was.table))]
    below = [one for one in merge.before.needed_by.get(table.id, ()) if one.kind == "table"]
    if counts(was) != counts(becomes):
        return "counts by itself under one of the two names only."
    if bool(was.generated) != bool(becomes.generated):
        return "is computed under one of the two names only: a computed column cannot be written in step."
    if table.inherits or table.of_type or (below and table.form == "plain"):
        return "its table inherits or is inherited from, and a trigger is not."
    if table.form == "foreign" or table.partition_of or not was.local or was.inherited:
        return "its table is foreign or a partition, where a trigger cannot keep it in step."
    if becomes.id in merge.before.objects:
        return "a column of the new name is there already."
    if becomes.generated:
        return ""
    if was.type != becomes.type and not (is_told(was.type, becomes.type) and is_told(becomes.type, was.type)):
        return f"dbdeed knows no way from {was.type} to {becomes.type} and back."
    return ""


def given(
    before: Catalog,
    target: Catalog,
    moved: Mapping[ObjectId, ObjectId],
    backfills: Mapping[ObjectId, Backfill],
) -> Iterator[Given]:
    """New columns of tables that are there, with the values that the document has for rows without one."""
    for key, value in backfills.items():
        column: Any = target.objects.get(key)
        new = key not in before.objects and key not in moved.values()
        if column is not None and new and column.parent in before.objects and not column.generated:
            yield Given(column, value.expression)


@dataclass(frozen=True, slots=True)
class Columns:
    """The new columns: as they are added, with their defaults, and as they are in the middle."""

    bare: tuple[Column, ...]
    defaulted: tuple[Column, ...]
    final: tuple[Column, ...]


def columns(pairs: Sequence[Pair], given: Sequence[Given]) -> Columns:
    counting_none = [msgspec.structs.replace(one.new, identity=None) for one in pairs]
    bare = [bare_form(one) for one in (*counting_none, *(one.column for one in given))]
    defaulted = [
        msgspec.structs.replace(there, default=one.new.default) if one.told else there
        for one, there in zip(pairs, bare, strict=False)
    ]
    plain = [
        msgspec.structs.replace(there, default=one.column.default)
        for one, there in zip(given, bare[len(pairs) :], strict=True)
    ]
    final = [
        msgspec.structs.replace(there, not_null=True, not_null_name=one.new.not_null_name)
        if one.old.not_null and one.new.not_null
        else there
        for one, there in zip(pairs, defaulted, strict=True)
    ]
    return Columns(tuple(bare), (*defaulted, *plain), (*final, *plain))


def bare_form(column: Column) -> Column:
    """As it is added, when no row has a value yet; one that is computed has them at once."""
    there = msgspec.structs.replace(column, not_null=False, not_null_name="")
    return there if column.generated else msgspec.structs.replace(there, default="")


@dataclass(frozen=True, slots=True)
class Made:
    """Functions and triggers, as statements, and what they are called."""

    statements: tuple[str, ...]
    ids: frozenset[ObjectId]

    def run(self, session: Session) -> None:
        """Make them in a scratch, so that they are read in the engine's own words."""
        for sql in self.statements:
            session.execute(sql)


def made(pairs: Sequence[Pair], given: Sequence[Given], catalog: Catalog) -> Made:
    """One trigger for each table."""
    bodies: defaultdict[ObjectId, list[str]] = defaultdict(list)
    for one in pairs:
        if not one.computed:
            bodies[one.table].append(_in_step(one))
    for each in given:
        if each.column.not_null:  # where NULL is a value, nobody can tell who left it out
            bodies[each.table].append(_filled(each))
    statements: list[str] = []
    ids: set[ObjectId] = set()
    for table, parts in bodies.items():
        schema, name = table.name
        function = free(f"{_LAST}{name}", lambda one, at=schema: _taken(at, one, catalog))  # type: ignore[misc]
        called = qualified(schema, function)
        path = "'public'" if any(one.table == table for one in given) else "''"
        body = "\n".join(parts)
        statements.append(
            f"CREATE FUNCTION {called}() RETURNS trigger LANGUAGE plpgsql SET search_path TO {path} AS "
            f"$function$\nBEGIN\n{body}\n    RETURN NEW;\nEND\n$function$"
        )
        statements.append(
            f"CREATE TRIGGER {ident(function)} BEFORE INSERT OR UPDATE ON {qualified(*table.name)} "
            f"FOR EACH ROW EXECUTE FUNCTION {called}()"
        )
        ids |= {ObjectId("function", (schema, function, "")), ObjectId("trigger", (schema, name, function))}
    return Made(tuple(statements), frozenset(ids))


def _taken(schema: str, name: str, catalog: Catalog) -> bool:
    return ("function", schema, name, "") in catalog.claimed


def _in_step(one: Pair) -> str:
    old, new = ident(one.old.name), ident(one.new.name)
    default = "NULL"
    if one.told and one.new.default:
        default = f"(({one.new.default})::{one.new.type})::text"
    to_old = _converted(one.new, one.old, "NEW")
    to_new = _converted(one.old, one.new, "NEW")
    return f"""    IF TG_OP = 'INSERT' THEN
        IF NEW.{new}::text IS DISTINCT FROM {default} THEN
            NEW.{old} := {to_old};
        ELSE
            NEW.{new} := {to_new};
        END IF;
    ELSIF NEW.{new}::text IS DISTINCT FROM OLD.{new}::text THEN
        NEW.{old} := {to_old};
    ELSIF NEW.{old}::text IS DISTINCT FROM OLD.{old}::text THEN
        NEW.{new} := {to_new};
    END IF;"""


def _filled(one: Given) -> str:
    column = ident(one.column.name)
    return f"""    IF NEW.{column} IS NULL THEN
        SELECT ({one.expression}) INTO NEW.{column} FROM (SELECT NEW.*) AS {ident(one.column.table)};
    END IF;"""


def _converted(source: Column, into: Column, row: str = "") -> str:
    name = f"{row}.{ident(source.name)}" if row else ident(source.name)
    if source.type == into.type:
        return name
    return conversion(source.type, into.type).using(name) or name


def fills(pairs: Sequence[Pair], given: Sequence[Given]) -> Iterator[Step]:
    """The rows that were there before."""
    for one in pairs:
        if not one.computed:
            yield _filling(one.old, one.new)
    for each in given:
        yield fill.filling(each.column, each.expression)


def refills(pairs: Sequence[Pair]) -> Iterator[Step]:
    """The same, when the old column returns."""
    for one in pairs:
        if not one.computed:
            yield _filling(one.new, one.old)


def _filling(source: Column, into: Column) -> Step:
    return fill.filling(into, _converted(source, into), where=f"{ident(source.name)} IS NOT NULL")
