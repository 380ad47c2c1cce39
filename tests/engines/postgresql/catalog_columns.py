"""Every column of the catalogs that our kinds read: which kind reads it, or why it says nothing of a schema.

`test_every_attribute.py` holds this against each server at hand, so that a column that a new version brings is
looked at before it is passed over.
"""

from __future__ import annotations

_KEY = "the row's own number, or that of what it belongs to: never the same in two databases"
_SIZE = "how the table is stored and how full it is, not what it is"
_CACHED = "follows from other columns"

READ: dict[str, dict[str, str]] = {
    "pg_class": {
        "table": "relname relnamespace reltype reloftype relam reltablespace reltoastrelid relpersistence relkind "
        "relrowsecurity relforcerowsecurity relreplident relispartition reloptions relpartbound",
        "owner": "relowner",
        "privileges": "relacl",
    },
    "pg_attribute": {
        "column": "attrelid attname atttypid attnum atttypmod attstattarget attstorage attcompression attnotnull "
        "attidentity attgenerated attisdropped attislocal attinhcount attcollation attoptions attfdwoptions",
        "privileges": "attacl",
    },
    "pg_attrdef": {"column": "adrelid adnum adbin"},
    "pg_constraint": {
        "constraint": "conname contype condeferrable condeferred convalidated conrelid conindid conparentid "
        "confrelid confupdtype confdeltype confmatchtype conislocal coninhcount connoinherit conkey confkey "
        "confdelsetcols conexclop conbin conenforced conperiod",
        "domain": "contypid",
    },
    "pg_index": {
        "index": "indexrelid indrelid indnkeyatts indisunique indnullsnotdistinct indisclustered indisvalid "
        "indisreplident indkey indcollation indclass indoption indexprs indpred",
    },
    "pg_inherits": {"table": "inhrelid inhparent inhseqno inhdetachpending"},
    "pg_partitioned_table": {
        "table": "partrelid partstrat partnatts partattrs partclass partcollation partexprs"
    },
    "pg_type": {
        "domain": "typname typnamespace typtype typarray typnotnull typbasetype typtypmod typcollation typdefault",
        "owner": "typowner",
        "privileges": "typacl",
        "column": "typstorage",
        "composite type": "typrelid",
        "base type": "typlen typbyval typcategory typispreferred typdelim typsubscript typelem typinput typoutput "
        "typreceive typsend typmodin typmodout typanalyze typalign",
    },
    "pg_enum": {"enum": "enumtypid enumsortorder enumlabel"},
    "pg_range": {
        "range type": "rngtypid rngsubtype rngmultitypid rngcollation rngsubopc rngcanonical rngsubdiff"
    },
    "pg_proc": {
        "function": "proname pronamespace prolang procost prorows provariadic prosupport prokind prosecdef "
        "proleakproof proisstrict proretset provolatile proparallel pronargdefaults prorettype proargtypes "
        "proallargtypes proargmodes proargnames proargdefaults protrftypes prosrc probin prosqlbody proconfig",
        "owner": "proowner",
        "privileges": "proacl",
    },
    "pg_aggregate": {
        "aggregate": "aggfnoid aggkind aggnumdirectargs aggtransfn aggfinalfn aggcombinefn aggserialfn "
        "aggdeserialfn aggmtransfn aggminvtransfn aggmfinalfn aggfinalextra aggmfinalextra aggfinalmodify "
        "aggmfinalmodify aggsortop aggtranstype aggtransspace aggmtranstype aggmtransspace agginitval aggminitval",
    },
    "pg_trigger": {
        "trigger": "tgrelid tgparentid tgname tgfoid tgtype tgenabled tgisinternal tgconstrrelid tgconstraint "
        "tgdeferrable tginitdeferred tgnargs tgattr tgargs tgqual tgoldtable tgnewtable",
    },
    "pg_event_trigger": {
        "event trigger": "evtname evtevent evtfoid evtenabled evttags",
        "owner": "evtowner",
    },
    "pg_rewrite": {"rule": "rulename ev_class ev_type ev_enabled is_instead ev_qual ev_action"},
    "pg_policy": {"policy": "polname polrelid polcmd polpermissive polroles polqual polwithcheck"},
    "pg_sequence": {"sequence": "seqrelid seqtypid seqstart seqincrement seqmax seqmin seqcache seqcycle"},
    "pg_statistic_ext": {
        "statistics": "stxrelid stxname stxnamespace stxstattarget stxkeys stxkind stxexprs",
        "owner": "stxowner",
    },
    "pg_publication": {
        "publication": "pubname puballtables pubinsert pubupdate pubdelete pubtruncate pubviaroot pubgencols",
        "owner": "pubowner",
    },
    "pg_publication_rel": {"publication": "prpubid prrelid prqual prattrs"},
    "pg_publication_namespace": {"publication": "pnpubid pnnspid"},
    "pg_foreign_data_wrapper": {
        "foreign data wrapper": "fdwname fdwhandler fdwvalidator fdwoptions",
        "owner": "fdwowner",
        "privileges": "fdwacl",
    },
    "pg_foreign_server": {
        "server": "srvname srvfdw srvtype srvversion srvoptions",
        "owner": "srvowner",
        "privileges": "srvacl",
    },
    "pg_foreign_table": {"table": "ftrelid ftserver ftoptions"},
    "pg_user_mapping": {"user mapping": "umuser umserver umoptions"},
    "pg_namespace": {"schema": "nspname", "owner": "nspowner", "privileges": "nspacl"},
    "pg_collation": {
        "collation": "collname collnamespace collprovider collisdeterministic collcollate collctype colliculocale "
        "colllocale collicurules",
        "owner": "collowner",
    },
    "pg_extension": {"extension": "extname extnamespace extrelocatable"},
    "pg_default_acl": {"default privileges": "defaclrole defaclnamespace defaclobjtype defaclacl"},
    "pg_description": {"comment": "objoid classoid objsubid description"},
    "pg_depend": {"dependence": "classid objid objsubid refclassid refobjid refobjsubid deptype"},
    "pg_init_privs": {"privileges": "objoid classoid objsubid initprivs"},
}
"""Kind by kind, for each catalog; a definition that the server writes (pg_get_indexdef) reads its columns too."""

LEFT_OUT: dict[str, dict[str, str]] = {
    "pg_class": {
        _KEY: "oid relfilenode",
        _SIZE: "relpages reltuples relallvisible relallfrozen relfrozenxid relminmxid relrewrite",
        _CACHED: "relhasindex relnatts relchecks relhasrules relhastriggers relhassubclass",
        "true of catalogs that all databases share": "relisshared",
        "whether a materialized view was refreshed, which is data": "relispopulated",
    },
    "pg_attribute": {
        "PostgreSQL keeps no dimensions of an array's type; pg_dump writes none": "attndims",
        "copied from the type": "attlen attbyval attalign",
        "of the server's memory": "attcacheoff",
        _CACHED: "atthasdef",
        "what rows have that are older than the column: data": "atthasmissing attmissingval",
    },
    "pg_attrdef": {_KEY: "oid"},
    "pg_constraint": {
        _KEY: "oid",
        "always its table's or domain's": "connamespace",
        "follow from the columns' types and the key pointed to": "conpfeqop conppeqop conffeqop",
    },
    "pg_index": {
        "the length of indkey": "indnatts",
        "that of the constraint that has it": "indisprimary indisexclusion indimmediate",
        "while an index is being built or dropped; a leftover is not indisvalid": "indcheckxmin indisready indislive",
    },
    "pg_partitioned_table": {"the partition that says DEFAULT": "partdefid"},
    "pg_type": {
        _KEY: "oid",
        "false only for a shell that waits for its type": "typisdefined",
        "as attndims": "typndims",
        "the same as typdefault, parsed": "typdefaultbin",
    },
    "pg_enum": {_KEY: "oid"},
    "pg_proc": {_KEY: "oid", "the length of proargtypes": "pronargs"},
    "pg_trigger": {_KEY: "oid", "of triggers that a foreign key makes": "tgconstrindid"},
    "pg_event_trigger": {_KEY: "oid"},
    "pg_rewrite": {_KEY: "oid"},
    "pg_policy": {_KEY: "oid"},
    "pg_statistic_ext": {_KEY: "oid"},
    "pg_publication": {_KEY: "oid"},
    "pg_publication_rel": {_KEY: "oid"},
    "pg_publication_namespace": {_KEY: "oid"},
    "pg_foreign_data_wrapper": {_KEY: "oid"},
    "pg_foreign_server": {_KEY: "oid"},
    "pg_user_mapping": {_KEY: "oid"},
    "pg_namespace": {_KEY: "oid"},
    "pg_collation": {
        _KEY: "oid",
        "always the database's own, or any": "collencoding",
        "what the operating system has; see kinds/collation.py": "collversion",
    },
    "pg_extension": {
        _KEY: "oid",
        "whoever created it; no statement changes it": "extowner",
        "follows the server's packages; see kinds/extension.py": "extversion",
        "written by the extension's own script": "extconfig extcondition",
    },
    "pg_default_acl": {_KEY: "oid"},
    "pg_init_privs": {"whether initdb or an extension gave them": "privtype"},
}
"""Reason by reason."""
