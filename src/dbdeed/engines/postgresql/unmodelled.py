"""What a database holds that no kind covers: named, never passed over.

One query walks the catalogs in which users' objects live; whatever stands behind no address of ours, belongs
to no extension, and is no part of something that does, is reported. So are security labels, which only their
provider's library can set, rights on what PostgreSQL itself brings, which only a superuser can change, and
options of user mappings that are not for the role that asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import Unmodelled
from dbdeed.engines.postgresql.kinds.foreign import HIDDEN
from dbdeed.engines.postgresql.reading import OWN_TYPE
from dbdeed.engines.postgresql.system import PG_CLASS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.postgresql.reading import Reading

_HERE = "(SELECT oid FROM pg_database WHERE datname = current_database())"

# Catalogs whose rows are objects by themselves; pg_describe_object has the words for people.
WALKED = (
    ("pg_class", "relkind NOT IN ('t', 'i', 'I')"),
    ("pg_type", f"typrelid = 0 AND {OWN_TYPE}"),
    ("pg_proc", "true"),
    ("pg_cast", "true"),
    ("pg_collation", "true"),
    ("pg_conversion", "true"),
    ("pg_operator", "true"),
    ("pg_opclass", "true"),
    ("pg_opfamily", "true"),
    ("pg_amop", "true"),
    ("pg_amproc", "true"),
    ("pg_language", "true"),
    ("pg_am", "true"),
    ("pg_statistic_ext", "true"),
    ("pg_event_trigger", "true"),
    ("pg_transform", "true"),
    ("pg_ts_config", "true"),
    ("pg_ts_dict", "true"),
    ("pg_ts_parser", "true"),
    ("pg_ts_template", "true"),
    ("pg_publication", "true"),
    ("pg_foreign_data_wrapper", "true"),
    ("pg_foreign_server", "true"),
    ("pg_default_acl", "true"),
    ("pg_subscription", f"subdbid = {_HERE}"),
    ("pg_trigger", "NOT tgisinternal AND tgparentid = 0"),
    ("pg_policy", "true"),
    ("pg_rewrite", "true"),
)

_ONE = "SELECT '{0}'::regclass::oid AS classid, oid AS objid FROM {0} WHERE oid >= 16384 AND ({1})"

# The catalog itself is for superusers only; the view shows everybody the mapping, and its options to few.
_USER_MAPPINGS = "SELECT 'pg_user_mapping'::regclass::oid, umid FROM pg_user_mappings WHERE umid >= 16384"

_QUERY = """
    WITH walked AS ({walked}),
    kept AS (SELECT w.* FROM walked w WHERE NOT EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = w.classid AND d.objid = w.objid AND d.deptype IN ('e',
            'i')))
    SELECT k.classid, k.objid, i.type, i.identity, i.schema
    FROM kept k, pg_identify_object(k.classid, k.objid, 0) i
    WHERE i.schema IS NULL OR (i.schema !~ '^pg_' AND i.schema NOT IN ('information_schema', 'dbdeed'))
    ORDER BY 3, 4
"""

_LABELS = f"""
    WITH labels AS (
        SELECT classoid, objoid, objsubid, provider FROM pg_seclabel
        UNION ALL SELECT l.classoid, l.objoid, 0, l.provider FROM pg_shseclabel l
            JOIN pg_subscription s ON s.oid = l.objoid AND l.classoid = 'pg_subscription'::regclass
            WHERE s.subdbid = {_HERE})
    SELECT l.classoid, l.objoid, i.type, i.identity, l.provider
    FROM labels l, pg_identify_object(l.classoid, l.objoid, l.objsubid) i ORDER BY 3, 4, 5
"""

# pg_dump leaves these out too.
_ON_PARTS = f"""
    SELECT p.what, i.type, i.identity FROM (
        SELECT 'comment' AS what, pg_type.oid FROM pg_description d JOIN pg_type ON pg_type.oid = d.objoid
            WHERE d.classoid = 'pg_type'::regclass AND NOT ({OWN_TYPE})
        UNION ALL SELECT 'privileges', oid FROM pg_type WHERE NOT ({OWN_TYPE}) AND typacl IS NOT NULL
            AND NOT (typacl @> acldefault('T', typowner) AND typacl <@ acldefault('T', typowner))) p,
        pg_identify_object('pg_type'::regclass, p.oid, 0) i
    WHERE p.oid >= 16384 ORDER BY 1, 3
"""

_OWN_LISTS = (
    ("pg_class", "relacl", "acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", relowner)"),
    ("pg_proc", "proacl", "acldefault('f', proowner)"),
    ("pg_type", "typacl", "acldefault('T', typowner)"),
    ("pg_language", "lanacl", "acldefault('l', lanowner)"),
    ("pg_namespace", "nspacl", "acldefault('n', nspowner)"),
)

_OWN_LIST = (
    "SELECT '{0}'::regclass::oid AS classid, oid AS objid, 0 AS subid, {1}::text[] AS acl, "
    "{2}::text[] AS usual FROM {0} WHERE oid < 16384 AND {1} IS NOT NULL"
)

_OWN_COLUMNS = (
    "SELECT 'pg_class'::regclass::oid, attrelid, attnum::int, attacl::text[], '{}'::text[] FROM pg_attribute "
    "WHERE attrelid < 16384 AND attacl IS NOT NULL"
)

# What initdb granted is in pg_init_privs.
_OWN = """
    WITH lists AS ({lists}),
    changed AS (SELECT l.* FROM lists l
        LEFT JOIN pg_init_privs p ON p.classoid = l.classid AND p.objoid = l.objid AND p.objsubid = l.subid,
        LATERAL (SELECT coalesce(p.initprivs::text[], l.usual) AS given) g
        WHERE NOT (l.acl @> g.given AND l.acl <@ g.given))
    SELECT i.type, i.identity FROM changed c, pg_identify_object(c.classid, c.objid, c.subid) i
    WHERE 'information_schema' NOT IN (i.identity, coalesce(i.schema, '')) AND i.identity <> 'public'
    ORDER BY 1, 2
"""


def read_unmodelled(reading: Reading) -> tuple[Unmodelled, ...]:
    return (
        *_objects(reading),
        *_labels(reading),
        *_on_parts(reading),
        *_own_rights(reading),
        *_hidden(reading),
    )


def _objects(reading: Reading) -> Iterator[Unmodelled]:
    walked = " UNION ALL ".join((*(_ONE.format(*one) for one in WALKED), _USER_MAPPINGS))
    for classid, objid, kind, identity, _schema in reading.fetch(_QUERY.format(walked=walked)):
        known = (classid, objid, 0) in reading.addresses or (classid, objid) in reading.members
        if not known and not (classid == PG_CLASS and objid in reading.relations) and not _ours(identity):
            yield Unmodelled(kind, identity)


def _labels(reading: Reading) -> Iterator[Unmodelled]:
    for classid, objid, kind, identity, provider in reading.fetch(_LABELS):
        if (classid, objid) not in reading.members and not _ours(identity):
            yield Unmodelled("security label", f"of {provider} on {kind} {identity}")


def _on_parts(reading: Reading) -> Iterator[Unmodelled]:
    for what, kind, identity in reading.fetch(_ON_PARTS):
        if not _ours(identity):
            yield Unmodelled(what, f"on {kind} {identity}")


def _own_rights(reading: Reading) -> Iterator[Unmodelled]:
    lists = " UNION ALL ".join((*(_OWN_LIST.format(*one) for one in _OWN_LISTS), _OWN_COLUMNS))
    for kind, identity in reading.fetch(_OWN.format(lists=lists)):
        yield Unmodelled("privileges", f"on {kind} {identity}")


def _hidden(reading: Reading) -> Iterator[Unmodelled]:
    for server, user in reading.fetch(HIDDEN):
        of = f"of user mapping {server}.{user or 'public'}"
        yield Unmodelled("options", f"{of}, which this role may not see")


def _ours(identity: str) -> bool:
    return identity.startswith("dbdeed.") or " on dbdeed." in identity or " in schema dbdeed" in identity
