"""Indexes that stand by themselves; one behind a key or an exclusion is part of that constraint."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.kinds import inheritance, marks
from dbdeed.engines.postgresql.kinds.table_alter import option_clauses
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.online import index as online
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.reading import OURS, stored_options
from dbdeed.engines.postgresql.system import PG_CLASS
from dbdeed.engines.postgresql.writing import blocks_writes, exclusive, may_fail, pauses, step

if TYPE_CHECKING:
    from dbdeed.engines.change import Hazard, Step
    from dbdeed.engines.postgresql.reading import Reading


class Index(Named, frozen=True, tag="index"):
    """An index.

    Attributes:
        on: "table" or "materialized view": what it stands on.
        definition: what pg_get_indexdef writes after the table: `USING btree (lower(email)) WHERE …`, without
            storage parameters.
        columns: its key columns, "" where an expression stands.
        names: of its columns, included ones too; where an expression stands, what the index calls it. (A
            column that is renamed keeps its old name in the index itself.)
        valid: false for what a failed CREATE INDEX CONCURRENTLY left behind.
        options: storage parameters.
        statistics: (column number, target) of expressions.
        partition_of: (schema, name) of the index above, of one that a partition has from there.
    """

    schema: str
    name: str
    table: str
    on: str
    definition: str
    unique: bool = False
    partial: bool = False
    columns: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    valid: bool = True
    options: tuple[str, ...] = ()
    tablespace: str = ""
    statistics: tuple[tuple[int, int], ...] = ()
    partition_of: tuple[str, ...] = ()
    on_partitioned: bool = False
    clustered: bool = False
    replica_identity: bool = False

    @property
    def id(self) -> ObjectId:
        return ObjectId("index", (self.schema, self.name))

    @property
    def parent(self) -> ObjectId | None:
        return ObjectId(self.on, (self.schema, self.table))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("relation", self.schema, self.name),)

    @property
    def sql_name(self) -> str:
        return qualified(self.schema, self.name)

    @property
    def table_sql(self) -> str:
        return qualified(self.schema, self.table)


_QUERY = f"""
    SELECT x.indexrelid, x.indrelid, x.indnkeyatts::int, x.indkey::text,
        CASE WHEN x.indexprs IS NULL THEN '{{}}' ELSE ARRAY(SELECT a.attname::text
            FROM pg_attribute a WHERE a.attrelid = x.indexrelid ORDER BY a.attnum) END,
        n.nspname, i.relname, c.relname,
        CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'table' END,
        substr(pg_get_indexdef(x.indexrelid), length(format('CREATE %sINDEX %I ON %s%I.%I ',
            CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END, i.relname,
            CASE WHEN i.relkind = 'I' THEN 'ONLY ' ELSE '' END, n.nspname, c.relname)) + 1),
        x.indisunique, x.indpred IS NOT NULL,
        x.indisvalid OR i.relkind = 'I', {stored_options("i.reloptions")}, coalesce(ts.spcname, ''),
        CASE WHEN x.indexprs IS NULL THEN '{{}}' ELSE
            ARRAY(SELECT ARRAY[a.attnum::int, a.attstattarget::int] FROM pg_attribute a
            WHERE a.attrelid = x.indexrelid AND a.attstattarget >= 0 ORDER BY a.attnum) END,
        CASE WHEN u.oid IS NULL THEN '{{}}' ELSE ARRAY[un.nspname::text, u.relname::text] END,
        i.relkind = 'I', x.indisclustered, x.indisreplident
    FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_class c ON c.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_tablespace ts ON ts.oid = i.reltablespace
    LEFT JOIN pg_inherits h ON h.inhrelid = x.indexrelid
    LEFT JOIN pg_class u ON u.oid = h.inhparent
    LEFT JOIN pg_namespace un ON un.oid = u.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm') AND {OURS}
        AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p',
            'u', 'x'))
    ORDER BY n.nspname, c.relname, i.relname
"""


_COLUMNS = Index.__struct_fields__.index("columns")


def read(reading: Reading) -> None:
    found = []
    for oid, table, width, key, own, *fields in reading.fetch(_QUERY):
        if table in reading.relations and (PG_CLASS, oid) not in reading.members:
            numbers = [int(number) for number in key.split()]
            names = reading.index_names(table, numbers, own)
            columns = tuple([name if number else "" for name, number in zip(names, numbers, strict=True)])
            one = Index(*(*fields[:_COLUMNS], columns[:width], names, *fields[_COLUMNS:]))
            found.append((oid, one))
    found.sort(key=lambda one: bool(one[1].partition_of))  # what hands down comes before what is handed down
    for oid, one in found:
        reading.add(one, (PG_CLASS, oid, 0))


def create(new: Index, context: Context) -> Making:
    if new.partition_of:
        return Making(_adopted(new, context))
    there = new.parent in context.current.objects
    whole = not new.on_partitioned or inheritance.whole(new, context)
    handed = inheritance.below(new, context) if whole else inheritance.Handed()
    filled = new.parent is not None and new.parent.kind == "materialized view"  # be it made in this plan
    making = step(
        online.statement(new, new.name, only=not whole),
        new.id,
        LockLevel.SHARE if there else LockLevel.NONE,
        scans=there,
        hazards=_dangers(new) if there else tuple(online.twice(new)) if filled else (),
        online=_online(new, handed, whole=whole),
    )
    making = _computing(making, new, context)
    named = tuple(replace(one, online=()) for one in handed.steps)
    return Making((making, *said(new, None), *named, *handed.said), handed.covers)


def _computing(making: Step, new: Index, context: Context) -> Step:
    """An index over what the schema's own functions compute is built only where these take every row."""
    functions = [one for one in context.target.needs.get(new.id, ()) if one.kind == "function"]
    if not functions or not making.scans:
        return making
    fails = may_fail(
        f"{', '.join(str(one) for one in sorted(functions))} may fail on rows of {new.table_sql}."
    )
    forms = tuple(replace(one, hazards=(*one.hazards, fails)) for one in making.online or ())
    return replace(making, hazards=(*making.hazards, fails), online=forms or making.online)


def _online(new: Index, handed: inheritance.Handed, *, whole: bool) -> tuple[Step, ...]:
    if not new.on_partitioned:
        return (online.built(new),)
    return online.built_below(new, handed.parts if whole else ())


def _dangers(new: Index) -> tuple[Hazard, ...]:
    waiting = blocks_writes(f"Writes to {new.table_sql} wait until the index is built.")
    return (waiting, *online.twice(new))


def _adopted(new: Index, context: Context) -> tuple[Step, ...]:
    """An index of a partition below one that is there already: taken over, or given its name."""
    for one in context.current.children.get(new.parent, ()) if new.parent is not None else ():
        if getattr(one, "partition_of", ()) == new.partition_of and one.id not in context.target.objects:
            old = qualified(new.schema, one.id.name[-1])
            return (exclusive(f"ALTER INDEX {old} RENAME TO {ident(new.name)}", new.id),)
    making = step(
        online.statement(new, new.name),
        new.id,
        LockLevel.SHARE,
        scans=True,
        hazards=_dangers(new),
        online=None if new.on_partitioned else (online.built(new),),
    )
    return (
        making,
        exclusive(f"ALTER INDEX {qualified(*new.partition_of)} ATTACH PARTITION {new.sql_name}", new.id),
    )


def said(new: Index, old: Index | None) -> tuple[Step, ...]:
    """What is said of an index by statements of its own, beside its storage parameters."""
    targets = (
        exclusive(f"ALTER INDEX {new.sql_name} ALTER COLUMN {number} SET STATISTICS {target}", new.id)
        for number, target in _statistics(new, old)
    )
    return (*targets, *marks.given(new, old))


def _statistics(new: Index, old: Index | None) -> list[tuple[int, int]]:
    was = dict(old.statistics) if old is not None else {}
    wanted = dict(new.statistics)
    gone = [(number, -1) for number in was if number not in wanted]
    return gone + [(number, target) for number, target in wanted.items() if was.get(number) != target]


def drop(old: Index, context: Context) -> tuple[Step, ...]:
    if old.partition_of:
        return ()
    # A partition's own key whose index is attached here cannot go before this index, nor after it.
    attached = any(child.id.kind == "constraint" for child in context.current.children.get(old.id, ()))
    plain = exclusive(f"DROP INDEX {old.sql_name}{' CASCADE' if attached else ''}", old.id)
    if attached or old.on_partitioned:
        moment = pauses(f"Nobody reads or writes {old.table_sql} and its partitions for a moment.")
        plain = replace(plain, hazards=(moment,))
    else:
        plain = replace(plain, online=(online.dropped(old.schema, old.name, old.id),))
    return (plain, *marks.unset(old, None, context))


_ALTERABLE = frozenset(
    {"options", "tablespace", "statistics", "clustered", "replica_identity", "names", "partition_of"}
)


def alter(old: Index, new: Index, context: Context) -> Alteration | None:
    differs = {name for name in Index.__struct_fields__ if getattr(old, name) != getattr(new, name)}
    if "options" in differs and _without_options(old) == _without_options(new):
        differs.discard("definition")
    attach = inheritance.attaching(old, new) if "partition_of" in differs else ()
    if attach is None or differs - _ALTERABLE:
        return _replaced(old, new, context)
    steps = settings(old, new)
    return Alteration((*attach, *steps, *marks.unset(old, new, context), *said(new, old)))


def settings(old: Index, new: Index) -> list[Step]:
    """Storage parameters and tablespace."""
    clauses = option_clauses(old.options, new.options, "")
    if old.tablespace != new.tablespace:
        clauses.append(f"SET TABLESPACE {ident(new.tablespace or 'pg_default')}")
    return [exclusive(f"ALTER INDEX {new.sql_name} {clause}", new.id) for clause in clauses]


def _replaced(old: Index, new: Index, context: Context) -> Alteration | None:
    """Another index in its place, made before the old one goes; what needs the old one is away meanwhile."""
    alone = not any(one.partition_of or one.on_partitioned for one in (old, new))
    if not alone or old.parent != new.parent or not old.valid:
        return None
    leaving, *unset = drop(old, context)
    making, *rest = create(new, context).steps
    making = replace(making, online=online.replaced(old, new, context))
    disturbs = context.current.needed_by.get(old.id, frozenset())
    return Alteration((replace(leaving, online=()), making, *rest, *unset), disturbs)


def _without_options(one: Index) -> str:
    """The definition without its WITH (…), which it holds as pg_get_indexdef writes it."""
    before, found, after = one.definition.rpartition(" WITH (")
    return before + after.partition(")")[2] if found and one.options else one.definition


KINDS = (Kind("index", Index, create, drop, alter, takes_along=inheritance.takes_along),)
