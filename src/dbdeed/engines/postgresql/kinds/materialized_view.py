"""Materialized views. Their rows can always be made again, so that dropping one loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.grouping import by_places
from dbdeed.engines.postgresql.kinds.column import COMPRESSION, STORAGE, Column
from dbdeed.engines.postgresql.kinds.column_alter import simple_clauses
from dbdeed.engines.postgresql.kinds.table_alter import option_clauses
from dbdeed.engines.postgresql.kinds.view import VIEW_COLUMNS, view_columns
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.reading import OURS, stored_options
from dbdeed.engines.postgresql.system import PG_CLASS, PG_REWRITE, PG_TYPE
from dbdeed.engines.postgresql.writing import exclusive, step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class MaterializedView(Named, frozen=True, tag="materialized view"):
    """A materialized view; `populated` as WITH DATA and REFRESH leave it is data and no part of it.

    Attributes:
        columns: (name, type, collation) in order.
        settings: of columns that have any: (name, storage, compression, statistics target, options), as a
            table's column has them.
        holds: the tables whose rows it holds as values, with all that changes only while nothing holds them:
            (name, "unlogged", …, column and type, …).
    """

    schema: str
    name: str
    definition: str
    columns: tuple[tuple[str, str, str], ...]
    options: tuple[str, ...] = ()
    tablespace: str = ""
    access_method: str = ""
    toast_options: tuple[str, ...] = ()
    settings: tuple[tuple[str, str, str, int, tuple[str, ...]], ...] = ()
    holds: tuple[tuple[str, ...], ...] = ()

    @property
    def id(self) -> ObjectId:
        return ObjectId("materialized view", (self.schema, self.name))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("relation", self.schema, self.name), ("type", self.schema, self.name))

    @property
    def sql_name(self) -> str:
        return qualified(self.schema, self.name)


_QUERY = f"""
    SELECT c.oid, c.reltype, t.typarray, r.oid, n.nspname, c.relname,
        btrim(rtrim(pg_get_viewdef(c.oid), ';'), E' \\n'), {VIEW_COLUMNS}, {stored_options("c.reloptions")},
        coalesce(ts.spcname, ''), CASE WHEN am.amname <> 'heap' THEN am.amname::text ELSE '' END,
        {stored_options("toast.reloptions")}
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = c.reltype
    JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
    LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
    LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
    LEFT JOIN pg_am am ON am.oid = c.relam
    WHERE c.relkind = 'm' AND {OURS}
    ORDER BY n.nspname, c.relname
"""


_SETTINGS = f"""
    SELECT a.attrelid, a.attname, {STORAGE}, {COMPRESSION}, coalesce(a.attstattarget, -1)::int,
        coalesce(a.attoptions, '{{}}')
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relkind = 'm' AND a.attnum > 0 AND (a.attstorage <> t.typstorage OR a.attcompression <> ''
        OR coalesce(a.attstattarget, -1) <> -1 OR a.attoptions IS NOT NULL)
    ORDER BY a.attrelid, a.attnum
"""


def read(reading: Reading) -> None:
    settings: dict[int, list[tuple[Any, ...]]] = {}
    for oid, *row in reading.fetch(_SETTINGS):
        settings.setdefault(oid, []).append(tuple(row))
    for oid, row_type, array_type, rule, *fields in reading.fetch(_QUERY):
        if (PG_CLASS, oid) in reading.members:
            continue
        one = MaterializedView(*(*fields, tuple(settings.get(oid, ()))))
        reading.relations[oid] = one.id
        view_columns(reading, oid, one)
        reading.add(
            one, (PG_CLASS, oid, 0), (PG_TYPE, row_type, 0), (PG_TYPE, array_type, 0), (PG_REWRITE, rule, 0)
        )


def create(new: MaterializedView, _: Context) -> Making:
    every = [*new.options, *(f"toast.{one}" for one in new.toast_options)]
    options = f" WITH ({', '.join(every)})" if every else ""
    method = f" USING {ident(new.access_method)}" if new.access_method else ""
    space = f" TABLESPACE {ident(new.tablespace)}" if new.tablespace else ""
    names = ""
    if any(name == "?column?" for name, _, _ in new.columns):
        names = f" ({', '.join(ident(name) for name, _, _ in new.columns)})"
    head = f"CREATE MATERIALIZED VIEW {new.sql_name}{names}{method}{options}{space}"
    text = f"{head} AS\n{by_places(new.definition)}"
    return Making((step(text, new.id, LockLevel.ACCESS_SHARE, scans=True), *_settings(None, new)))


def _settings(old: MaterializedView | None, new: MaterializedView) -> Iterable[Step]:
    """What ALTER says of single columns, in the words of a table's."""
    was, wanted = _columns(old) if old is not None else {}, _columns(new)
    for name in dict.fromkeys((*was, *wanted)):
        plain = Column(new.schema, new.name, name, dict(one[:2] for one in new.columns)[name])
        for clause in simple_clauses(was.get(name, plain), wanted.get(name, plain)):
            text = f"ALTER MATERIALIZED VIEW {new.sql_name} ALTER COLUMN {ident(name)} {clause}"
            yield exclusive(text, new.id)


def _columns(one: MaterializedView) -> dict[str, Column]:
    types = dict(column[:2] for column in one.columns)
    return {
        name: Column(
            one.schema, one.name, name, types[name],
            storage=storage, compression=compression, statistics=statistics, options=options,
        )
        for name, storage, compression, statistics, options in one.settings
    }  # fmt: skip


def drop(old: MaterializedView, _: Context) -> tuple[Step, ...]:
    return (exclusive(f"DROP MATERIALIZED VIEW {old.sql_name}", old.id),)


def alter(old: MaterializedView, new: MaterializedView, _: Context) -> Alteration | None:
    if (old.definition, old.columns, old.holds) != (new.definition, new.columns, new.holds):
        return None
    clauses = option_clauses(old.options, new.options, "")
    clauses += option_clauses(old.toast_options, new.toast_options, "toast.")
    if old.access_method != new.access_method:
        clauses.append(f"SET ACCESS METHOD {ident(new.access_method or 'heap')}")
    if old.tablespace != new.tablespace:
        clauses.append(f"SET TABLESPACE {ident(new.tablespace or 'pg_default')}")
    steps = [exclusive(f"ALTER MATERIALIZED VIEW {new.sql_name} {clause}", new.id) for clause in clauses]
    return Alteration((*steps, *_settings(old, new)))


KINDS = (Kind("materialized view", MaterializedView, create, drop, alter, ignore=frozenset({"holds"})),)
