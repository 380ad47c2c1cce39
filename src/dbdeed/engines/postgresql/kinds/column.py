"""Columns of tables, with defaults, identity and generation.

A partition's or heir's column that only comes from above is no object, unless it sets something of its own
(a default, a storage): then it is an object that is not `local`, and its statements set only that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.choosing import not_null_name
from dbdeed.engines.postgresql.kinds import column_alter, column_below, column_create, column_level, row_held
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.online.shadow import follows
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.reading import OURS, stored_options
from dbdeed.engines.postgresql.system import PG_ATTRDEF, PG_CLASS
from dbdeed.engines.postgresql.writing import exclusive, loses, may_fail, step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Identity(msgspec.Struct, frozen=True):
    """How an identity column counts.

    Attributes:
        kind: "always" or "by default".
        logged: "LOGGED" or "UNLOGGED" where its sequence is not as its table is.
    """

    kind: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool
    sequence_schema: str
    sequence_name: str
    logged: str = ""


class Column(Named, frozen=True, tag="column"):
    """A column.

    Attributes:
        type: with its modifiers, as format_type writes it.
        default: the expression of a default or of a generated column, or "".
        generated: "", "stored" or "virtual".
        collation: qualified, where it is not the type's own.
        storage, compression: where they are not the type's own: "PLAIN", "lz4".
        statistics: the target; -1 for the default.
        options: such as `n_distinct=5`; foreign_options of a foreign table's column.
        not_null_name: of the not-null constraint where somebody chose it (version 18 on).
        not_null_validated: false for NOT NULL … NOT VALID (version 18 on).
        not_null_inherited: false for NOT NULL NO INHERIT (version 18 on).
        local: the table itself declares it.
        inherited: a table above has it too.
    """

    schema: str
    table: str
    name: str
    type: str
    not_null: bool = False
    default: str = ""
    generated: str = ""
    collation: str = ""
    storage: str = ""
    compression: str = ""
    statistics: int = -1
    options: tuple[str, ...] = ()
    foreign_options: tuple[str, ...] = ()
    local: bool = True
    inherited: bool = False
    not_null_name: str = ""
    not_null_validated: bool = True
    not_null_inherited: bool = True
    identity: Identity | None = None

    @property
    def id(self) -> ObjectId:
        return ObjectId("column", (self.schema, self.table, self.name))

    @property
    def parent(self) -> ObjectId | None:
        return ObjectId("table", (self.schema, self.table))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        found: list[tuple[str, ...]] = []
        if self.identity is not None:
            found.append(("relation", self.identity.sequence_schema, self.identity.sequence_name))
        if self.not_null_name:
            found.append(("constraint", self.schema, self.table, self.not_null_name))
        return tuple(found)

    @property
    def table_sql(self) -> str:
        return qualified(self.schema, self.table)


# Of the alias `a` of pg_attribute with its type `t`.
STORAGE = """CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage
            WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END
            ELSE '' END"""
COMPRESSION = "CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' ELSE '' END"

_COLUMNS = f"""
    SELECT a.attrelid, a.attnum, coalesce(d.oid, 0), n.nspname, c.relname, a.attname,
        format_type(a.atttypid, a.atttypmod), a.attnotnull,
        coalesce(pg_get_expr(d.adbin, d.adrelid), ''),
        CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' ELSE '' END,
        CASE WHEN a.attcollation <> t.typcollation AND a.attcollation <> 0
            THEN (SELECT quote_ident(cn.nspname) || '.' || quote_ident(co.collname) FROM pg_collation co
                JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation) ELSE '' END,
        {STORAGE}, {COMPRESSION},
        coalesce(a.attstattarget, -1)::int, {stored_options("a.attoptions")},
        {stored_options("a.attfdwoptions")},
        a.attislocal, a.attinhcount > 0
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND {OURS}
    ORDER BY a.attrelid, a.attnum
"""

_IDENTITIES = """
    SELECT d.refobjid, d.refobjsubid, d.objid, CASE a.attidentity WHEN 'a' THEN 'always' ELSE 'by default'
        END,
        s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle, n.nspname, c.relname,
        CASE WHEN c.relpersistence = t.relpersistence THEN '' WHEN c.relpersistence = 'u' THEN 'UNLOGGED'
            ELSE 'LOGGED' END
    FROM pg_depend d
    JOIN pg_sequence s ON s.seqrelid = d.objid
    JOIN pg_class c ON c.oid = d.objid
    JOIN pg_class t ON t.oid = d.refobjid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'i'
        AND a.attidentity <> ''
"""

_NOT_NULLS = """
    SELECT conrelid, conkey[1], oid, conislocal, coninhcount > 0, conname, convalidated, NOT connoinherit
    FROM pg_constraint
    WHERE contype = 'n' AND conrelid <> 0
"""

_ABOVE = "SELECT inhrelid, inhparent FROM pg_inherits ORDER BY inhrelid, inhseqno"

_OWN = ("not_null", "not_null_validated", "default", "storage", "compression", "statistics", "options")


_Row = tuple[int, int, int, "Column"]
"""(number, default's OID, identity sequence's OID, column)."""


def read(reading: Reading) -> None:
    """Tables above come first, since what they hand down is left out below."""
    above: dict[int, list[int]] = {}
    for oid, parent in reading.fetch(_ABOVE):
        above.setdefault(oid, []).append(parent)
    tables = _tables(reading)
    whole: dict[tuple[int, str], Column] = {}
    done: set[int] = set()

    def visit(oid: int) -> None:
        if oid in done:
            return
        done.add(oid)
        for parent in above.get(oid, ()):
            visit(parent)
        if above:
            whole.update(((oid, row[-1].name), row[-1]) for row in tables.get(oid, ()))
        parents = above.get(oid, [])
        if parents:
            _declared(reading, oid, [row[-1] for row in tables.get(oid, ())])
        for number, default_oid, sequence, column in tables.get(oid, ()):
            over = [whole[one, column.name] for one in parents if (one, column.name) in whole]
            named = not (column.inherited and _inherits(reading, oid))  # else the table says its name
            bare = column if named else msgspec.structs.replace(column, not_null_name="")
            row = number, default_oid, sequence, _with_chosen_name(bare, over)
            if column.local or not _left_out(reading, oid, row, over):
                _add(reading, oid, row)

    for oid in tables:
        visit(oid)


def identity_sequence(reading: Reading, column: ObjectId) -> ObjectId:
    """The sequence behind an identity column: no object, but comments and grants may stand on it."""
    how = reading.objects[column].identity  # type: ignore[attr-defined]
    return ObjectId("sequence", (how.sequence_schema, how.sequence_name))


def _tables(reading: Reading) -> dict[int, list[_Row]]:
    """The columns of our tables, by their table's OID; every column's name is made known."""
    identities = {(row[0], row[1]): (row[2], Identity(*row[3:])) for row in reading.fetch(_IDENTITIES)}
    named: dict[tuple[int, int], tuple[str, bool, bool]] = {}
    local: set[tuple[int, int]] = set()  # with a not-null constraint of their own
    above: set[tuple[int, int]] = set()  # with one from above
    if reading.major >= 18:
        for oid, number, constraint, own, inherited, *rest in reading.fetch(_NOT_NULLS):
            named[oid, number] = (rest[0], rest[1], rest[2])
            reading.not_nulls[constraint] = (oid, number, rest[0])
            if own:
                local.add((oid, number))
            if inherited:
                above.add((oid, number))
    found: dict[int, list[_Row]] = {}
    for oid, number, default_oid, *fields in reading.fetch(_COLUMNS):
        address = oid, number
        sequence, identity = identities.get(address, _NO_IDENTITY)
        column = Column(*(*fields, *named.get(address, _NO_NAME), identity))
        reading.names.setdefault(oid, {})[number] = column.name
        if address in local:
            reading.own_not_nulls.add(column.id)
        if address in local and address in above:
            reading.twice.add(column.id)
        if oid in reading.relations:
            found.setdefault(oid, []).append((number, default_oid, sequence, column))
    return found


def _declared(reading: Reading, oid: int, columns: list[Column]) -> None:
    """Let a table say which of its columns from above, and of their constraints, are its own as well."""
    names = tuple(sorted(one.name for one in columns if one.local and one.inherited))
    requires = tuple(
        sorted(
            (one.name, one.not_null_name)
            for one in columns
            if one.inherited and one.id in reading.own_not_nulls and _inherits(reading, oid)
        )
    )
    if names or requires:
        table: Any = reading.objects[reading.relations[oid]]
        reading.objects[table.id] = msgspec.structs.replace(table, declares=names, requires=requires)


def _inherits(reading: Reading, oid: int) -> bool:
    table: Any = reading.objects[reading.relations[oid]]
    return bool(table.inherits)


_NO_IDENTITY = 0, None
_NO_NAME = "", True, True


def _left_out(reading: Reading, oid: int, row: _Row, over: list[Column]) -> bool:
    """Whether a column that is not local only comes from above; what stands on it then stands on that one."""
    column, address = row[-1], (PG_CLASS, oid, row[0])
    if not over or not all(_handed_down(column, one) for one in over):
        return False
    reading.addresses[address] = over[0].id
    reading.views[address] = column.id
    return True


def _add(reading: Reading, oid: int, row: _Row) -> None:
    number, default_oid, sequence, column = row
    reading.add(column, (PG_CLASS, oid, number))
    if default_oid:
        reading.addresses[PG_ATTRDEF, default_oid, 0] = column.id
    if sequence:
        reading.addresses[PG_CLASS, sequence, 0] = column.id


def _with_chosen_name(column: Column, above: list[Column]) -> Column:
    """Without the name of its not-null constraint where that is the one PostgreSQL itself would choose."""
    if not column.not_null_name:
        return column
    usual = not_null_name(column.table, column.name)
    if not column.local and above and above[0].not_null_name:
        usual = above[0].not_null_name
    if column.not_null_name != usual:
        return column
    return msgspec.structs.replace(column, not_null_name="")


def _handed_down(column: Column, above: Column) -> bool:
    """Whether nothing of it is its own: an identity from above shows no sequence here."""
    return not (column.not_null_name or column.identity) and all(
        getattr(column, name) == getattr(above, name) for name in _OWN
    )


def create(new: Column, context: Context) -> Making:
    there = column_level.from_above(new, context)
    way = column_alter.alter(there, new, context) if there is not None else None
    if way is not None:
        return Making(way.steps, way.covers)
    making = column_level.counted_below(new, column_create.create(new, context), context)
    making = column_level.with_heirs(new, making, context)
    if not new.local:
        was = column_below.handed_down(new, context.current)
        below = column_below.settled(was, new, context, recursed=False) if was is not None else ()
    else:
        below = column_below.added(new, context)
    return replace(making, steps=(*_with_rows_held(new, making, context).steps, *below))


def _with_rows_held(new: Column, making: Making, context: Context) -> Making:
    """Where other tables hold rows of this one, its new column cannot come with a value."""
    held = _rows_held(new, context)
    plain = tuple(replace(one, online=None) for one in making.steps)
    if not held.disturbs or _written_at_once(new):
        return replace(making, steps=(*held.before, *plain, *held.after)) if held.before else making
    bare = msgspec.structs.replace(new, default="", not_null=False)
    name = ident(new.name)
    fill = step(
        f"UPDATE {new.table_sql} SET {name} = {new.default}", new.id, LockLevel.ROW_EXCLUSIVE, scans=True
    )
    first = (replace(one, online=None) for one in column_create.create(bare, context).steps)
    fails = (may_fail(f"{new.table_sql}.{name} may hold NULLs."),) if new.not_null else ()
    last = (replace(one, hazards=fails) for one in column_create.own_steps(bare, new))
    return Making((*first, *((fill,) if new.default else ()), *last), making.covers)


def _rows_held(new: Column, context: Context) -> row_held.Around:
    """What a new column's values want where other tables hold rows of its own."""
    valued = new.local and (new.default or new.not_null or new.identity is not None)
    if not valued or new.parent is None or new.parent not in context.current.objects:
        return row_held.Around()
    return row_held.around(new.parent, context)


def _written_at_once(new: Column) -> bool:
    """Whether its values come with it and not in a step of their own."""
    return bool(new.generated or new.identity is not None or new.not_null_name)


def disturbs(new: Column, context: Context) -> frozenset[ObjectId]:
    """What stands on columns that hold rows as JSON while a new one comes with values."""
    return _rows_held(new, context).disturbs if _written_at_once(new) else frozenset()


def drop(old: Column, context: Context) -> tuple[Step, ...]:
    if not old.local:
        now = column_below.handed_down(old, context.target)
        below = column_below.settled(old, now, context, recursed=False) if now is not None else ()
        return (*column_create.set_back(old, context), *below)
    if follows(old, context.current):
        return (exclusive(f"ALTER TABLE {old.table_sql} DROP COLUMN {ident(old.name)}", old.id),)
    if old.inherited and _goes_above(old, context):
        return ()  # after the one above, by that one's steps
    if column_level.goes_up(old, context):
        return ()  # the one above takes its values over
    if column_level.heirs_keep(old, context):
        return tuple(_only_here(old, context))
    return (_dropping(old), *_of_heirs(old, context))


def _only_here(old: Column, context: Context) -> Iterator[Step]:
    """Those that heirs keep are their own once the one above is gone."""
    here = _dropping(old)
    if old.not_null and context.current.version[0] >= 18:
        # Else the heirs' constraints still seem to come from above, and nothing can change them any more.
        sql = f"ALTER TABLE ONLY {old.table_sql} ALTER COLUMN {ident(old.name)} DROP NOT NULL"
        yield exclusive(sql, old.id)
    yield replace(here, sql=here.sql.replace("ALTER TABLE ", "ALTER TABLE ONLY ", 1))
    for heir in column_level.heirs(old, context.current):
        one = msgspec.structs.replace(old, schema=heir.schema, table=heir.name)
        if not column_level.keeps(heir, old.name, context):
            keep = column_level.heirs_keep(one, context)
            yield from _only_here(one, context) if keep else (_dropping(one),)


def _dropping(old: Column) -> Step:
    hazards = () if old.generated else (loses(f"All values of {old.table_sql}.{ident(old.name)} are lost."),)
    return exclusive(
        f"ALTER TABLE {old.table_sql} DROP COLUMN {ident(old.name)}",
        old.id,
        *hazards,
        destroys=(old.id,) if hazards else (),
    )


def _goes_above(old: Column, context: Context) -> bool:
    """Whether the column above goes too, while both tables stay as they are to each other."""
    above = column_create.column_above(old, context.current)
    if above is None or above.id in context.target.objects or above.parent not in context.target.objects:
        return False
    was: Any = context.current.objects.get(ObjectId("table", (old.schema, old.table)))
    wanted: Any = context.target.objects.get(was.id)
    return wanted is not None and wanted.inherits == was.inherits


def _of_heirs(old: Column, context: Context) -> Iterator[Step]:
    """Columns that heirs declare too are by themselves once the one above is gone, and can go only then."""
    heirs = [
        one
        for one in context.current.needed_by.get(ObjectId("table", (old.schema, old.table)), ())
        if one.kind == "table"
    ]
    for heir in heirs:
        key = ObjectId("column", (*heir.name, old.name))
        there: Any = context.current.objects.get(key)
        if heir in context.target.objects and key not in context.target.objects:
            if there is not None and there.local:
                yield _dropping(there)
            yield from _of_heirs(
                msgspec.structs.replace(old, schema=heir.name[0], table=heir.name[1]), context
            )


def alter(old: Column, new: Column, context: Context) -> Alteration | None:
    way = column_alter.alter(old, new, context)
    if way is None:
        return None
    if new.local and old.type != new.type and new.parent is not None and way.steps:
        held = row_held.around(new.parent, context)
        if held.before or held.disturbs:
            plain = (replace(one, online=None) for one in way.steps)
            steps = (*held.before, *plain, *held.after)
            way = replace(way, steps=steps, disturbs=way.disturbs | held.disturbs)
    recursed = new.local and not (new.inherited and (old.type, old.collation) == (new.type, new.collation))
    return replace(way, steps=(*way.steps, *column_below.settled(old, new, context, recursed=recursed)))


KINDS = (
    Kind(
        "column",
        Column,
        create,
        drop,
        alter,
        holds_data=True,
        computed=lambda one: bool(one.generated),
        loosen=column_alter.loosen,
        disturbs=disturbs,
    ),
)
