"""Owners, where they are not the usual one.

The usual owner is whoever works here: the role that is asking, or the database's owner. A document that names
nobody means that one, in every database. So only another owner is an object: a part of what it owns. Only the
schema public has another usual owner, from the beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.naming import reference
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.reading import OWN_TYPE
from dbdeed.engines.postgresql.writing import exclusive

if TYPE_CHECKING:
    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Owner(Named, frozen=True, tag="owner"):
    """The owner of an object."""

    of: ObjectId
    role: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("owner", (self.of.kind, *self.of.name))

    @property
    def parent(self) -> ObjectId | None:
        return self.of


# Only a superuser may own these, and only one may make them: the first one means nothing in particular.
_SUPERUSER_S = "{} <> 10"
_OF_WHOLE_SCHEMAS = (
    "puballtables OR EXISTS (SELECT FROM pg_publication_namespace n WHERE n.pnpubid = pg_publication.oid)"
)

_OWNED = (
    ("pg_namespace", "nspowner", "true"),
    ("pg_class", "relowner", "relkind IN ('r', 'p', 'f', 'v', 'm', 'S')"),
    ("pg_proc", "proowner", "true"),
    ("pg_type", "typowner", OWN_TYPE),
    ("pg_collation", "collowner", "true"),
    ("pg_conversion", "conowner", "true"),
    ("pg_operator", "oprowner", "true"),
    ("pg_opclass", "opcowner", "true"),
    ("pg_opfamily", "opfowner", "true"),
    ("pg_ts_config", "cfgowner", "true"),
    ("pg_ts_dict", "dictowner", "true"),
    ("pg_statistic_ext", "stxowner", "true"),
    ("pg_event_trigger", "evtowner", _SUPERUSER_S.format("evtowner")),
    ("pg_publication", "pubowner", f"pubowner <> 10 OR NOT ({_OF_WHOLE_SCHEMAS})"),
    ("pg_foreign_data_wrapper", "fdwowner", _SUPERUSER_S.format("fdwowner")),
    ("pg_foreign_server", "srvowner", "true"),
    ("pg_language", "lanowner", "true"),
    ("pg_subscription", "subowner", "subowner <> 10 AND subdbid = (SELECT oid FROM here)"),
)  # fmt: skip

PUBLIC = ObjectId("schema", ("public",))
_OF_PUBLIC = "pg_database_owner"

_ONE = "SELECT '{0}'::regclass::oid AS classid, oid AS objid, {1} AS owner FROM {0} WHERE ({2})"

_QUERY = """
    WITH here AS (SELECT oid, datdba FROM pg_database WHERE datname = current_database()),
    usual AS (SELECT oid FROM pg_roles WHERE rolname = current_user UNION SELECT datdba FROM here),
    owned AS ({owned})
    SELECT o.classid, o.objid, r.rolname FROM owned o JOIN pg_roles r ON r.oid = o.owner
    WHERE (o.objid >= 16384 AND o.owner NOT IN (SELECT oid FROM usual))
        OR (o.classid = 'pg_namespace'::regclass AND o.objid = to_regnamespace('public'))
    ORDER BY 1, 2
"""


def read(reading: Reading) -> None:
    owned = " UNION ALL ".join(_ONE.format(*one) for one in _OWNED)
    for classid, objid, role in reading.fetch(_QUERY.format(owned=owned)):
        of = reading.own(classid, objid)
        if of is None or (of == PUBLIC and role == _OF_PUBLIC):
            continue
        if of.kind == "column" or (of.kind == "sequence" and reading.objects[of].parent is not None):
            continue  # a sequence that belongs to a column has its table's
        reading.add(Owner(of, role))


def _step(one: Owner, role: str, catalog: Catalog) -> Step:
    phrase = reference(one.of, catalog)
    return exclusive(f"ALTER {phrase} OWNER TO {role}", one.id)


def create(new: Owner, context: Context) -> Making:
    return Making((_step(new, ident(new.role), context.target),))


def drop(old: Owner, context: Context) -> tuple[Step, ...]:
    return (_step(old, _OF_PUBLIC if old.of == PUBLIC else "CURRENT_USER", context.current),)


def alter(_old: Owner, new: Owner, context: Context) -> Alteration | None:
    return Alteration(create(new, context).steps)


KINDS = (Kind("owner", Owner, create, drop, alter),)
