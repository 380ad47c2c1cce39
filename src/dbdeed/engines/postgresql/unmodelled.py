"""What a database holds that no kind covers: named, never passed over.

One query walks the catalogs in which users' objects live; whatever stands behind no address of ours, belongs
to no extension, and is no part of something that does, is reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import Unmodelled
from dbdeed.engines.postgresql.system import PG_CLASS

if TYPE_CHECKING:
    from dbdeed.engines.postgresql.reading import Reading

# Catalogs whose rows are objects by themselves; pg_describe_object has the words for people.
_WALKED = (
    ("pg_class", "relkind NOT IN ('t', 'i', 'I')"),
    ("pg_type", "typtype NOT IN ('p', 'm') AND typelem = 0 AND (typrelid = 0)"),
    ("pg_proc", "true"),
    ("pg_cast", "true"),
    ("pg_collation", "true"),
    ("pg_conversion", "true"),
    ("pg_operator", "true"),
    ("pg_opclass", "true"),
    ("pg_opfamily", "true"),
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
    ("pg_subscription", "subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())"),
    ("pg_trigger", "NOT tgisinternal AND tgparentid = 0"),
    ("pg_policy", "true"),
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


def read_unmodelled(reading: Reading) -> tuple[Unmodelled, ...]:
    walked = " UNION ALL ".join((*(_ONE.format(*one) for one in _WALKED), _USER_MAPPINGS))
    found = []
    for classid, objid, kind, identity, _schema in reading.fetch(_QUERY.format(walked=walked)):
        known = (classid, objid, 0) in reading.addresses or (classid, objid) in reading.members
        if not known and not (classid == PG_CLASS and objid in reading.relations) and not _ours(identity):
            found.append(Unmodelled(kind, identity))
    return tuple(found)


def _ours(identity: str) -> bool:
    return identity.startswith("dbdeed.") or " on dbdeed." in identity or " in schema dbdeed" in identity
