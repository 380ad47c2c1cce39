"""Constraints of tables: primary, unique, check, foreign and exclusion. Not-null belongs to the column."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.kinds import heir_not_null, inheritance, marks
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.online import key
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.reading import OURS, stored_options
from dbdeed.engines.postgresql.system import PG_CLASS, PG_CONSTRAINT
from dbdeed.engines.postgresql.writing import blocks_reads, blocks_writes, exclusive, may_fail, patient, step

if TYPE_CHECKING:
    from dbdeed.engines.change import Hazard, Step
    from dbdeed.engines.postgresql.reading import Reading


class Constraint(Named, frozen=True, tag="constraint"):
    """A constraint.

    Attributes:
        type: "primary", "unique", "check", "foreign" or "exclusion".
        definition: as pg_get_constraintdef writes it, without NOT VALID.
        deferrable, deferred: as in the definition.
        columns, names: its own columns; what its index calls them.
        references, referenced: the table and the columns that a foreign key points to.
        on_delete, on_update: the actions of a foreign key: "no action", "cascade", …
        index_options, tablespace: of the index behind it.
        partition_of: (schema, table, name) of the key above, of a key that a partition has from there.
        attached_to: (schema, name) of an index above that is no key, where the index behind it is attached.
        clustered, replica_identity: ALTER TABLE … CLUSTER ON, REPLICA IDENTITY USING INDEX.
    """

    schema: str
    table: str
    name: str
    type: str
    definition: str
    validated: bool = True
    deferrable: bool = False
    deferred: bool = False
    columns: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    referenced: tuple[str, ...] = ()
    on_delete: str = ""
    on_update: str = ""
    index_options: tuple[str, ...] = ()
    tablespace: str = ""
    partition_of: tuple[str, ...] = ()
    clustered: bool = False
    replica_identity: bool = False
    on_partitioned: bool = False
    inherited: bool = False
    attached_to: tuple[str, ...] = ()

    @property
    def id(self) -> ObjectId:
        return ObjectId("constraint", (self.schema, self.table, self.name))

    @property
    def parent(self) -> ObjectId | None:
        if self.attached_to:
            return ObjectId("index", self.attached_to)  # it goes with that one
        return ObjectId("table", (self.schema, self.table))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        own = ("constraint", self.schema, self.table, self.name)
        return (own, ("relation", self.schema, self.name)) if self.has_index else (own,)

    @property
    def has_index(self) -> bool:
        return self.type in ("primary", "unique", "exclusion")

    @property
    def table_sql(self) -> str:
        return qualified(self.schema, self.table)

    @property
    def plain(self) -> bool:
        """Nothing has to be said of it besides its definition."""
        return not (self.clustered or self.replica_identity) and self.validated

    @property
    def full_definition(self) -> str:
        """With what pg_get_constraintdef leaves out."""
        if not (self.index_options or self.tablespace):
            return self.definition
        extra = f" WITH ({', '.join(self.index_options)})" if self.index_options else ""
        if self.tablespace:
            extra += f" USING INDEX TABLESPACE {ident(self.tablespace)}"
        where = ") WHERE (" if self.type == "exclusion" else " DEFERRABLE"
        if where not in self.definition:
            where = " DEFERRABLE"
        head, found, tail = self.definition.partition(where)
        return f"{head}){extra}{found[1:]}{tail}" if found[:1] == ")" else head + extra + found + tail


_ACTIONS = """CASE c.{} WHEN 'a' THEN 'no action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade'
    WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' ELSE '' END"""

_QUERY = f"""
    SELECT c.oid, c.conrelid, c.confrelid, CASE WHEN c.contype = 'f' THEN 0 ELSE c.conindid END,
        CASE WHEN c.contype <> 'x' OR i.indexprs IS NULL THEN '{{}}' ELSE ARRAY(SELECT a.attname::text
            FROM pg_attribute a WHERE a.attrelid = c.conindid ORDER BY a.attnum) END,
        n.nspname, r.relname, c.conname,
        CASE c.contype WHEN 'p' THEN 'primary' WHEN 'u' THEN 'unique' WHEN 'c' THEN 'check'
            WHEN 'f' THEN 'foreign' ELSE 'exclusion' END,
        pg_get_constraintdef(c.oid), c.convalidated, c.condeferrable, c.condeferred,
        array_remove(coalesce(c.conkey, '{{}}'), 0::int2),
        CASE WHEN c.contype IN ('p', 'u', 'x') THEN i.indkey::text ELSE '' END,
        CASE WHEN c.confrelid = 0 THEN '{{}}' ELSE ARRAY[fn.nspname::text, f.relname::text] END,
        coalesce(c.confkey, '{{}}'),
        {_ACTIONS.format("confdeltype")}, {_ACTIONS.format("confupdtype")},
        CASE WHEN c.contype = 'f' THEN '{{}}' ELSE {stored_options("ic.reloptions")} END,
        CASE WHEN c.contype = 'f' THEN '' ELSE coalesce(ts.spcname::text, '') END,
        CASE WHEN up.oid IS NULL THEN '{{}}'
            ELSE ARRAY[upn.nspname::text, upr.relname::text, up.conname::text] END,
        CASE WHEN c.contype = 'f' THEN false ELSE coalesce(i.indisclustered, false) END,
        CASE WHEN c.contype = 'f' THEN false ELSE coalesce(i.indisreplident, false) END,
        r.relkind = 'p', c.coninhcount > 0,
        CASE WHEN c.contype IN ('p', 'u', 'x') AND up.oid IS NULL AND ha.oid IS NOT NULL
            THEN ARRAY[han.nspname::text, ha.relname::text] ELSE '{{}}' END
    FROM pg_constraint c
    JOIN pg_class r ON r.oid = c.conrelid
    JOIN pg_namespace n ON n.oid = r.relnamespace
    LEFT JOIN pg_class f ON f.oid = c.confrelid
    LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
    LEFT JOIN pg_index i ON i.indexrelid = c.conindid
    LEFT JOIN pg_class ic ON ic.oid = c.conindid
    LEFT JOIN pg_tablespace ts ON ts.oid = ic.reltablespace
    LEFT JOIN pg_constraint up ON up.oid = c.conparentid
    LEFT JOIN pg_inherits h ON h.inhrelid = c.conindid AND c.contype IN ('p', 'u', 'x')
    LEFT JOIN pg_class ha ON ha.oid = h.inhparent
    LEFT JOIN pg_namespace han ON han.oid = ha.relnamespace
    LEFT JOIN pg_class upr ON upr.oid = up.conrelid
    LEFT JOIN pg_namespace upn ON upn.oid = upr.relnamespace
    WHERE c.contype IN ('p', 'u', 'c', 'f', 'x') AND {OURS}
        AND (c.conislocal OR c.contype IN ('p', 'u', 'x')) AND NOT (c.contype = 'f' AND c.conparentid <> 0)
    ORDER BY n.nspname, r.relname, array_position('{{p,u,x,c,f}}'::text[], c.contype::text), c.conname
"""


_DEFINITION, _COLUMNS, _NAMES, _REFERENCED = (
    Constraint.__struct_fields__.index(name) for name in ("definition", "columns", "names", "referenced")
)


def read(reading: Reading) -> None:
    found = []
    for oid, table, other, index, own, *fields in reading.fetch(_QUERY):
        if table in reading.relations:
            fields[_DEFINITION] = fields[_DEFINITION].removesuffix(" NOT VALID")
            fields[_COLUMNS] = reading.column_names(table, fields[_COLUMNS])
            numbers = [int(number) for number in fields[_NAMES].split()]
            fields[_NAMES] = reading.index_names(table, numbers, own)
            fields[_REFERENCED] = reading.column_names(other, fields[_REFERENCED])
            found.append((oid, index, _without_options(Constraint(*fields))))
    found.sort(key=lambda one: bool(one[2].partition_of))  # what hands down comes before what is handed down
    for oid, index, one in found:
        reading.add(one, (PG_CONSTRAINT, oid, 0))
        if index:
            reading.addresses[PG_CLASS, index, 0] = one.id


def _without_options(one: Constraint) -> Constraint:
    """An exclusion's definition, unlike a key's, holds its index's options as well."""
    before, found, after = one.definition.partition(" WITH (")
    if one.type != "exclusion" or not one.index_options or not found:
        return one
    return msgspec.structs.replace(one, definition=before + after.partition(")")[2])


def create(new: Constraint, context: Context) -> Making:
    if new.partition_of:
        return Making(_adopted(new, context))
    there = ObjectId("table", (new.schema, new.table)) in context.current.objects
    whole = not (new.has_index and new.on_partitioned) or inheritance.whole(new, context)
    handed = inheritance.below(new, context) if new.has_index and whole else inheritance.Handed()
    only = "ONLY " if (new.inherited and new.type == "check") or not whole else ""
    text = f"ALTER TABLE {only}{new.table_sql} ADD CONSTRAINT {ident(new.name)} {new.full_definition}"
    making = step(
        text + ("" if new.validated else " NOT VALID"),
        new.id,
        _lock(new),
        scans=new.validated and there,
        hazards=_dangers(new) if new.validated and there else (),
        online=_online(new, text, handed, context) if new.validated else None,
    )
    if new.attached_to:
        attach = (
            f"ALTER INDEX {qualified(*new.attached_to)} ATTACH PARTITION {qualified(new.schema, new.name)}"
        )
        return Making((making, *marks.given(new, None), exclusive(attach, new.id)))
    named = tuple(replace(one, online=making.online and ()) for one in handed.steps)
    return Making((making, *marks.given(new, None), *named, *handed.said), handed.covers)


def _lock(new: Constraint) -> LockLevel:
    return LockLevel.SHARE_ROW_EXCLUSIVE if new.type == "foreign" else LockLevel.ACCESS_EXCLUSIVE


def _online(
    new: Constraint, text: str, handed: inheritance.Handed, context: Context
) -> tuple[Step, ...] | None:
    """The rows are read, or the index is built, while writers go on; None where PostgreSQL has no such form.

    NOT VALID is for checks and foreign keys; before 18 not for those of partitioned tables (manual,
    ALTER TABLE). An exclusion's index can only be built under its lock.
    """
    fails = _dangers(new)[0]
    if new.has_index:
        if not _takes_index(new, context):
            return None
        if new.on_partitioned:
            return key.built_below(new, handed.parts, context, fails)
        return key.built(new, context, fails)
    if new.type == "foreign" and new.on_partitioned and context.current.version[0] < 18:
        return key.foreign_below(new, text, context, fails)
    return (step(f"{text} NOT VALID", new.id, _lock(new)), _validation(new, fails))


def _takes_index(new: Constraint, context: Context) -> bool:
    """An heir's primary key made of an index would say NOT NULL itself, where that comes from above."""
    table = ObjectId("table", (new.schema, new.table))  # its parent may be the index above
    if new.type == "primary" and heir_not_null.only_handed(table, new.columns, context):
        return False
    return key.has_index_form(new)


def _validation(new: Constraint, *fails: Hazard) -> Step:
    text = f"ALTER TABLE {new.table_sql} VALIDATE CONSTRAINT {ident(new.name)}"
    return patient(text, new.id, *fails)


def _adopted(new: Constraint, context: Context) -> tuple[Step, ...]:
    """A key of a partition whose key above is there already: given its name, or made and attached."""
    for one in context.current.children.get(new.parent, ()) if new.parent is not None else ():
        if getattr(one, "partition_of", ()) == new.partition_of and one.id not in context.target.objects:
            old = one.id.name[-1]
            return (
                exclusive(f"ALTER INDEX {qualified(new.schema, old)} RENAME TO {ident(new.name)}", new.id),
            )
    add = f"ALTER TABLE {new.table_sql} ADD CONSTRAINT {ident(new.name)} {new.full_definition}"
    above = qualified(new.partition_of[0], new.partition_of[2])
    attach = f"ALTER INDEX {above} ATTACH PARTITION {qualified(new.schema, new.name)}"
    fails = _dangers(new)
    build = None if new.on_partitioned or not key.has_index_form(new) else key.built(new, context, fails[0])
    making = step(add, new.id, LockLevel.ACCESS_EXCLUSIVE, scans=True, hazards=fails, online=build)
    return (making, exclusive(attach, new.id))


def _dangers(new: Constraint) -> tuple[Hazard, ...]:
    rows = {
        "primary": "hold NULLs or the same key twice",
        "unique": "hold the same values twice",
        "check": "not pass the check",
        "foreign": "point to nothing",
        "exclusion": "exclude each other",
    }[new.type]
    fails = may_fail(f"Rows of {new.table_sql} may {rows}.")
    if new.type == "foreign":
        return (fails, blocks_writes(f"Writes to {new.table_sql} wait until all its rows are read."))
    until = "all its rows are read" if new.type == "check" else "its index is built"
    also = ", and there is no other way to make an exclusion" if new.type == "exclusion" else ""
    return (fails, blocks_reads(f"Nobody reads or writes {new.table_sql} until {until}{also}."))


def drop(old: Constraint, context: Context) -> tuple[Step, ...]:
    if old.partition_of or old.attached_to:
        return ()  # it goes with what is above it
    dropping = exclusive(f"ALTER TABLE {old.table_sql} DROP CONSTRAINT {ident(old.name)}", old.id)
    return (dropping, *marks.unset(old, None, context))


_ALTERABLE = frozenset({"validated", "clustered", "replica_identity", "index_options", "tablespace"})


def alter(old: Constraint, new: Constraint, context: Context) -> Alteration | None:
    differs = {name for name in Constraint.__struct_fields__ if getattr(old, name) != getattr(new, name)}
    deferral: list[Step] = []
    if new.type == "foreign" and differs & {"deferrable", "deferred"} and _bare(old) == _bare(new):
        differs -= {"deferrable", "deferred", "definition"}
        deferral.append(_deferral(new))
    attach = inheritance.attaching(old, new) if "partition_of" in differs else ()
    differs -= {"inherited", "names", "on_partitioned", "partition_of"}
    if attach is None or differs - _ALTERABLE or (old.validated and not new.validated):
        return _replaced(old, new, context)
    steps = [*attach, *deferral, *marks.unset(old, new, context), *marks.given(new, old)]
    if new.validated and not old.validated:
        validation = _validation(new, _dangers(new)[0])
        steps.append(replace(validation, transactional=True, online=(validation,)))
    steps += index_settings(old, new, qualified(new.schema, new.name))
    return Alteration(tuple(steps))


def _replaced(old: Constraint, new: Constraint, context: Context) -> Alteration | None:
    """A key in the place of another, whose index is made before the old one goes; else it is made anew."""
    keys = (old.type, new.type) in (("primary", "primary"), ("unique", "unique"))
    alone = not any(one.partition_of or one.on_partitioned or one.attached_to for one in (old, new))
    if not (keys and alone and key.has_index_form(old) and _takes_index(new, context)):
        return None
    leaving, *unset = drop(old, context)
    making, *rest = create(new, context).steps
    making = replace(making, online=key.replaced(new, context, _dangers(new)[0]))
    disturbs = context.current.needed_by.get(old.id, frozenset())
    return Alteration((replace(leaving, online=()), making, *rest, *unset), disturbs)


def index_settings(old: Constraint, new: Constraint, name: str) -> list[Step]:
    """Storage parameters and tablespace of the index behind it."""
    from dbdeed.engines.postgresql.kinds.table_alter import option_clauses

    clauses = option_clauses(old.index_options, new.index_options, "")
    if old.tablespace != new.tablespace:
        clauses.append(f"SET TABLESPACE {ident(new.tablespace or 'pg_default')}")
    return [exclusive(f"ALTER INDEX {name} {clause}", new.id) for clause in clauses]


def _bare(one: Constraint) -> str:
    return one.definition.partition(" DEFERRABLE")[0]


def _deferral(new: Constraint) -> Step:
    words = "NOT DEFERRABLE"
    if new.deferrable:
        words = "DEFERRABLE" + (" INITIALLY DEFERRED" if new.deferred else " INITIALLY IMMEDIATE")
    return exclusive(f"ALTER TABLE {new.table_sql} ALTER CONSTRAINT {ident(new.name)} {words}", new.id)


KINDS = (Kind("constraint", Constraint, create, drop, alter, takes_along=inheritance.takes_along),)
