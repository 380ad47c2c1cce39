"""Publications, with the tables and schemas that they publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident, idents, literal, qualified
from dbdeed.engines.postgresql.system import PG_PUBLICATION, PG_PUBLICATION_NAMESPACE, PG_PUBLICATION_REL
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class PublishedTable(Named, frozen=True, tag="published table"):
    """A table in a publication; no columns means all of them."""

    schema: str
    name: str
    columns: tuple[str, ...]
    where: str


class Publication(Named, frozen=True, tag="publication"):
    """A publication; `options` are (name, value) other than the defaults."""

    name: str
    all_tables: bool
    options: tuple[tuple[str, str], ...]
    tables: tuple[PublishedTable, ...] = ()
    schemas: tuple[str, ...] = ()

    @property
    def id(self) -> ObjectId:
        return ObjectId("publication", (self.name,))

    def has(self, schema: str, table: str) -> bool:
        """Whether it publishes a table, be it by its name."""
        if self.all_tables or schema in self.schemas:
            return True
        return any((one.schema, one.name) == (schema, table) for one in self.tables)


_QUERY = """
    SELECT p.oid, p.pubname, p.puballtables, p.pubviaroot,
        array_to_string(ARRAY[CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update'
            END,
            CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END], ', '),
        coalesce(to_jsonb(p) ->> 'pubgencols', 'n')
    FROM pg_publication p ORDER BY p.pubname
"""

_TABLES = """
    SELECT r.prpubid, r.oid, n.nspname, c.relname,
        ARRAY(SELECT a.attname::text FROM pg_attribute a
            WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[]) ORDER BY 1),
        coalesce(pg_get_expr(r.prqual, r.prrelid), '')
    FROM pg_publication_rel r JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid =
        c.relnamespace
    ORDER BY n.nspname, c.relname
"""

_SCHEMAS = """
    SELECT s.pnpubid, s.oid, n.nspname FROM pg_publication_namespace s JOIN pg_namespace n ON n.oid =
        s.pnnspid
    ORDER BY n.nspname
"""

_ALL = "insert, update, delete, truncate"


def read(reading: Reading) -> None:
    tables: dict[int, list[tuple[int, PublishedTable]]] = {}
    for publication, oid, *fields in reading.fetch(_TABLES):
        tables.setdefault(publication, []).append((oid, PublishedTable(*fields)))
    schemas: dict[int, list[tuple[int, str]]] = {}
    for publication, oid, name in reading.fetch(_SCHEMAS):
        schemas.setdefault(publication, []).append((oid, name))
    for oid, name, every, via_root, publish, generated in reading.fetch(_QUERY):
        if (PG_PUBLICATION, oid) in reading.members:
            continue
        options = []
        if publish != _ALL:
            options.append(("publish", literal(publish)))
        if generated == "s":
            options.append(("publish_generated_columns", "stored"))
        if via_root:
            options.append(("publish_via_partition_root", "true"))
        own, spaces = tables.get(oid, []), schemas.get(oid, [])
        one = Publication(
            name, every, tuple(options), tuple(table for _, table in own), tuple(space for _, space in spaces)
        )
        addresses = [(PG_PUBLICATION_REL, part, 0) for part, _ in own]
        addresses += [(PG_PUBLICATION_NAMESPACE, part, 0) for part, _ in spaces]
        reading.add(one, (PG_PUBLICATION, oid, 0), *addresses)


def _parts(one: Publication) -> str:
    tables = [_table(table) for table in one.tables]
    schemas = [f"TABLES IN SCHEMA {ident(schema)}" for schema in one.schemas]
    return ", ".join([*tables, *schemas])


def _table(one: PublishedTable) -> str:
    text = f"TABLE ONLY {qualified(one.schema, one.name)}"
    if one.columns:
        text += f" ({idents(one.columns)})"
    return text + (
        f" WHERE {one.where}" if one.where.startswith("(") else f" WHERE ({one.where})" * bool(one.where)
    )


def create(new: Publication, _: Context) -> Making:
    text = f"CREATE PUBLICATION {ident(new.name)}"
    if new.all_tables:
        text += " FOR ALL TABLES"
    elif new.tables or new.schemas:
        text += f" FOR {_parts(new)}"
    if new.options:
        text += f" WITH ({', '.join(f'{name} = {value}' for name, value in new.options)})"
    return Making((step(text, new.id, LockLevel.SHARE_UPDATE_EXCLUSIVE),))


def drop(old: Publication, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP PUBLICATION {ident(old.name)}", old.id),)


_DEFAULTS = {
    "publish": literal(_ALL),
    "publish_generated_columns": "none",
    "publish_via_partition_root": "false",
}


def alter(old: Publication, new: Publication, _: Context) -> Alteration | None:
    if old.all_tables != new.all_tables:
        return None
    head = f"ALTER PUBLICATION {ident(new.name)}"
    steps = []
    wanted = dict(new.options)
    if (old.tables, old.schemas) != (new.tables, new.schemas):
        if new.tables or new.schemas:
            steps.append(step(f"{head} SET {_parts(new)}", new.id, LockLevel.SHARE_UPDATE_EXCLUSIVE))
        else:
            steps.append(step(f"{head} DROP {_dropped(old)}", new.id, LockLevel.SHARE_UPDATE_EXCLUSIVE))
    if old.options != new.options:
        changed = {name: wanted.get(name, _DEFAULTS[name]) for name, _ in (*old.options, *new.options)}
        options = ", ".join(f"{name} = {value}" for name, value in changed.items())
        # Conditions on a partitioned table want to be published by way of it, before and after.
        first = changed.get("publish_via_partition_root") == "true"
        steps.insert(0 if first else len(steps), step(f"{head} SET ({options})", new.id))
    return Alteration(tuple(steps))


def _dropped(one: Publication) -> str:
    tables = [f"TABLE ONLY {qualified(table.schema, table.name)}" for table in one.tables]
    return ", ".join([*tables, *(f"TABLES IN SCHEMA {ident(schema)}" for schema in one.schemas)])


KINDS = (Kind("publication", Publication, create, drop, alter),)
