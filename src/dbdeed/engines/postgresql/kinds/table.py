"""Tables: plain, unlogged, partitioned, partitions, inheriting ones and foreign tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.kinds import table_alter, table_create
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.online import partition
from dbdeed.engines.postgresql.quoting import qualified
from dbdeed.engines.postgresql.reading import OURS, stored_options
from dbdeed.engines.postgresql.secrets import without_secrets
from dbdeed.engines.postgresql.system import PG_CLASS, PG_TYPE
from dbdeed.engines.postgresql.writing import exclusive, loses

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Table(Named, frozen=True, tag="table"):
    """A table without its columns and constraints, which are objects of their own.

    Attributes:
        form: "plain", "partitioned" or "foreign".
        unlogged: it does not survive a crash.
        partition_key: `RANGE (created_at)` of a partitioned table, else "".
        partition_of: (schema, name) of the table that it is a partition of, or ().
        bound: `FOR VALUES FROM … TO …` or `DEFAULT` of a partition, else "".
        inherits: (schema, name) of the tables that it inherits from, in order; empty for a partition.
        declares: the columns from above that it declares itself as well; empty for a partition.
        requires: those that it says are NOT NULL itself, be it so above or not, each with the name of its
            not-null constraint (version 18 on); empty for a partition.
        of_type: the composite type that it is a table of, as SQL has it, or "".
        options, toast_options: storage parameters, `fillfactor=70`, sorted.
        tablespace, access_method: "" for the default one (for a partitioned table: for none said).
        replica_identity: "default", "full" or "nothing"; one by an index is said by the index.
        row_security, force_row_security: as ALTER TABLE … ROW LEVEL SECURITY sets them.
        server, server_options: of a foreign table.
        detaching: it is a partition whose DETACH … CONCURRENTLY was interrupted.
    """

    schema: str
    name: str
    form: str = "plain"
    unlogged: bool = False
    partition_key: str = ""
    partition_of: tuple[str, ...] = ()
    bound: str = ""
    inherits: tuple[tuple[str, str], ...] = ()
    of_type: str = ""
    options: tuple[str, ...] = ()
    toast_options: tuple[str, ...] = ()
    tablespace: str = ""
    access_method: str = ""
    replica_identity: str = "default"
    row_security: bool = False
    force_row_security: bool = False
    server: str = ""
    server_options: tuple[str, ...] = ()
    detaching: bool = False
    declares: tuple[str, ...] = ()
    requires: tuple[tuple[str, str], ...] = ()

    @property
    def above(self) -> tuple[tuple[str, ...], ...]:
        """(schema, name) of the tables that it is a partition of or inherits from."""
        return (self.partition_of,) if self.partition_of else self.inherits

    @property
    def id(self) -> ObjectId:
        return ObjectId("table", (self.schema, self.name))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        names = (("relation", self.schema, self.name), ("type", self.schema, self.name))
        if self.bound == "DEFAULT":  # there is one at a time
            return (*names, ("default partition", *self.partition_of))
        return names

    @property
    def sql_name(self) -> str:
        return qualified(self.schema, self.name)


_PARENTS = """ARRAY(SELECT ARRAY[pn.nspname::text, p.relname::text]
            FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid =
                p.relnamespace
            WHERE i.inhrelid = c.oid ORDER BY i.inhseqno)"""

_QUERY = f"""
    SELECT c.oid, c.reltype, ty.typarray, n.nspname, c.relname,
        CASE c.relkind WHEN 'r' THEN 'plain' WHEN 'p' THEN 'partitioned' ELSE 'foreign' END,
        c.relpersistence = 'u', coalesce(pg_get_partkeydef(c.oid), ''),
        CASE WHEN c.relispartition THEN (SELECT ARRAY[pn.nspname::text, p.relname::text]
            FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
            JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE i.inhrelid = c.oid) ELSE '{{}}' END,
        coalesce(pg_get_expr(c.relpartbound, c.oid), ''),
        CASE WHEN NOT c.relispartition AND heir.inhrelid IS NOT NULL THEN {_PARENTS} ELSE '{{}}' END,
        CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) ELSE '' END,
        {stored_options("c.reloptions")}, {stored_options("toast.reloptions")},
        coalesce(ts.spcname, ''),
        CASE WHEN am.amname <> 'heap' OR c.relkind = 'p' THEN coalesce(am.amname::text, '') ELSE '' END,
        CASE WHEN c.relkind = 'f' THEN 'default' WHEN c.relreplident = 'f' THEN 'full'
            WHEN c.relreplident = 'n' THEN 'nothing' ELSE 'default' END,
        c.relrowsecurity, c.relforcerowsecurity, coalesce(s.srvname, ''), coalesce(f.ftoptions, '{{}}'),
        coalesce(heir.pending, false)
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN (SELECT inhrelid, bool_or(inhdetachpending) AS pending FROM pg_inherits GROUP BY inhrelid) heir
        ON heir.inhrelid = c.oid
    LEFT JOIN pg_type ty ON ty.oid = c.reltype
    LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
    LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
    LEFT JOIN pg_am am ON am.oid = c.relam
    LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid
    LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver
    WHERE c.relkind IN ('r', 'p', 'f') AND {OURS}
    ORDER BY n.nspname, c.relname
"""


def read(reading: Reading) -> None:
    for oid, row_type, array_type, *fields in reading.fetch(_QUERY):
        if (PG_CLASS, oid) not in reading.members:
            one = Table(*fields)
            if one.server_options:
                options = without_secrets(one.server_options, (one.name,))
                one = msgspec.structs.replace(one, server_options=options)
            reading.relations[oid] = one.id
            reading.add(one, (PG_CLASS, oid, 0), (PG_TYPE, row_type, 0), (PG_TYPE, array_type, 0))


def create(new: Table, context: Context) -> Making:
    return table_create.create(new, context)


def drop(old: Table, context: Context) -> tuple[Step, ...]:
    """A partition must be detached first where a foreign key that stays points to a table above."""
    word = "FOREIGN TABLE" if old.form == "foreign" else "TABLE"
    hazards = () if old.form == "foreign" else (loses(f"All rows of {old.sql_name} are lost."),)
    return (
        *((partition.detaching(old, context),) if any(partition.pointing(old, context)) else ()),
        exclusive(f"DROP {word} {old.sql_name}", old.id, *hazards, destroys=(old.id,) if hazards else ()),
    )


def alter(old: Table, new: Table, context: Context) -> Alteration | None:
    return table_alter.alter(old, new, context)


KINDS = (
    Kind(
        "table",
        Table,
        create,
        drop,
        alter,
        holds_data=True,
        computed=lambda one: bool(one.form == "foreign"),
        loosen=table_alter.loosen,
        shares=lambda one, catalog: [
            ObjectId("table", above) for above in table_alter.all_above(one, catalog)
        ],
    ),
)
