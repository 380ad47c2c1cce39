"""Views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.grouping import by_places
from dbdeed.engines.postgresql.kinds.table_alter import option_clauses
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.reading import OURS, stored_options
from dbdeed.engines.postgresql.system import PG_ATTRDEF, PG_CLASS, PG_REWRITE, PG_TYPE
from dbdeed.engines.postgresql.writing import exclusive, step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.kinds.materialized_view import MaterializedView
    from dbdeed.engines.postgresql.reading import Reading


class View(Named, frozen=True, tag="view"):
    """A view.

    Attributes:
        definition: the query as pg_get_viewdef writes it, without the final semicolon.
        columns: (name, type, collation) in order.
        options: `security_invoker=true`, `check_option=local`.
        defaults: (column, expression) of ALTER VIEW … SET DEFAULT.
    """

    schema: str
    name: str
    definition: str
    columns: tuple[tuple[str, str, str], ...]
    options: tuple[str, ...] = ()
    defaults: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> ObjectId:
        return ObjectId("view", (self.schema, self.name))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("relation", self.schema, self.name), ("type", self.schema, self.name))

    @property
    def sql_name(self) -> str:
        return qualified(self.schema, self.name)


VIEW_COLUMNS = """
    ARRAY(SELECT ARRAY[a.attname::text, format_type(a.atttypid, a.atttypmod),
        a.attcollation::regcollation::text]
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum)
"""

_QUERY = f"""
    SELECT c.oid, c.reltype, t.typarray, r.oid,
        ARRAY(SELECT d.oid FROM pg_attrdef d WHERE d.adrelid = c.oid), n.nspname, c.relname,
        btrim(rtrim(pg_get_viewdef(c.oid), ';'), E' \\n'), {VIEW_COLUMNS}, {stored_options("c.reloptions")},
        ARRAY(SELECT ARRAY[a.attname::text, pg_get_expr(d.adbin, d.adrelid)] FROM pg_attrdef d
            JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
            WHERE d.adrelid = c.oid ORDER BY d.adnum)
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = c.reltype
    JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
    WHERE c.relkind = 'v' AND {OURS}
    ORDER BY n.nspname, c.relname
"""


def read(reading: Reading) -> None:
    for oid, row_type, array_type, rule, defaults, *fields in reading.fetch(_QUERY):
        if (PG_CLASS, oid) in reading.members:
            continue
        one = View(*fields)
        reading.addresses.update({(PG_ATTRDEF, default, 0): one.id for default in defaults})
        reading.relations[oid] = one.id
        view_columns(reading, oid, one)
        reading.add(
            one, (PG_CLASS, oid, 0), (PG_TYPE, row_type, 0), (PG_TYPE, array_type, 0), (PG_REWRITE, rule, 0)
        )


def view_columns(reading: Reading, oid: int, one: View | MaterializedView) -> None:
    """Its columns are no objects, but comments and grants may stand on them."""
    for number, (name, _, _) in enumerate(one.columns, 1):
        reading.views[PG_CLASS, oid, number] = ObjectId("column", (one.schema, one.name, name))
    reading.names[oid] = dict(enumerate((name for name, _, _ in one.columns), 1))


def create(new: View, _: Context) -> Making:
    return Making((step(_statement("CREATE VIEW", new), new.id), *_defaults((), new)))


def _statement(head: str, new: View) -> str:
    options = f" WITH ({', '.join(new.options)})" if new.options else ""
    return f"{head} {new.sql_name}{_column_list(new)}{options} AS\n{by_places(new.definition)}"


def _column_list(new: View) -> str:
    """A name that the query itself does not give (`?column?`) has to be said."""
    if any(name == "?column?" for name, _, _ in new.columns):
        return f" ({', '.join(ident(name) for name, _, _ in new.columns)})"
    return ""


def _defaults(old: tuple[tuple[str, str], ...], new: View) -> Iterable[Step]:
    was, wanted = dict(old), dict(new.defaults)
    for column, expression in wanted.items():
        if was.get(column) != expression:
            clause = f"ALTER COLUMN {ident(column)} SET DEFAULT {expression}"
            yield exclusive(f"ALTER VIEW {new.sql_name} {clause}", new.id)
    for column in was:
        if column not in wanted:
            yield exclusive(f"ALTER VIEW {new.sql_name} ALTER COLUMN {ident(column)} DROP DEFAULT", new.id)


def drop(old: View, _: Context) -> tuple[Step, ...]:
    return (exclusive(f"DROP VIEW {old.sql_name}", old.id),)


def alter(old: View, new: View, _: Context) -> Alteration | None:
    if new.columns[: len(old.columns)] != old.columns:
        return None
    steps = []
    if old.definition != new.definition:
        steps.append(exclusive(_statement("CREATE OR REPLACE VIEW", new), new.id))
    else:
        clauses = option_clauses(old.options, new.options, "")
        steps += [exclusive(f"ALTER VIEW {new.sql_name} {clause}", new.id) for clause in clauses]
    return Alteration((*steps, *_defaults(old.defaults, new)))


KINDS = (Kind("view", View, create, drop, alter),)
