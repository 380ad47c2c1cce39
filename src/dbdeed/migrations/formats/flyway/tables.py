"""SQL of Flyway's history table, as Flyway 13 makes it, and of what it asks before it does."""

from __future__ import annotations

POSTGRESQL = """CREATE TABLE {table} (
    "installed_rank" INT NOT NULL,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INTEGER,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TIMESTAMP NOT NULL DEFAULT now(),
    "execution_time" INTEGER NOT NULL,
    "success" BOOLEAN NOT NULL
){space}"""
SQLITE = """CREATE TABLE {table} (
    "installed_rank" INT NOT NULL PRIMARY KEY,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INT,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')),
    "execution_time" INT NOT NULL,
    "success" BOOLEAN NOT NULL
)"""


HOLDS_SOMETHING = """
    WITH own AS (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1),
        of_extensions AS (SELECT objid FROM pg_catalog.pg_depend WHERE deptype = 'e')
    SELECT EXISTS (SELECT FROM pg_catalog.pg_class c, own WHERE c.relnamespace = own.oid
            AND c.oid NOT IN (SELECT objid FROM of_extensions))
        OR EXISTS (SELECT FROM pg_catalog.pg_proc p, own WHERE p.pronamespace = own.oid
            AND p.oid NOT IN (SELECT objid FROM of_extensions))
        OR EXISTS (SELECT FROM pg_catalog.pg_type t, own WHERE t.typnamespace = own.oid
            AND t.oid NOT IN (SELECT objid FROM of_extensions))
"""
