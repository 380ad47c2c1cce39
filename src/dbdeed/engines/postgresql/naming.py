"""What SQL calls an object after COMMENT ON and ALTER … OWNER TO, and what its column is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.postgresql.quoting import ident, qualified

if TYPE_CHECKING:
    from dbdeed.engines.catalog import Catalog, ObjectId

# Kinds whose name is one word, or schema and name, after the word that SQL has for them.
_WORDS = {
    "schema": "SCHEMA",
    "extension": "EXTENSION",
    "column": "COLUMN",
    "sequence": "SEQUENCE",
    "index": "INDEX",
    "enum": "TYPE",
    "composite type": "TYPE",
    "range type": "TYPE",
    "base type": "TYPE",
    "shell type": "TYPE",
    "domain": "DOMAIN",
    "view": "VIEW",
    "materialized view": "MATERIALIZED VIEW",
    "statistics": "STATISTICS",
    "collation": "COLLATION",
    "conversion": "CONVERSION",
    "language": "LANGUAGE",
    "access method": "ACCESS METHOD",
    "event trigger": "EVENT TRIGGER",
    "publication": "PUBLICATION",
    "subscription": "SUBSCRIPTION",
    "foreign data wrapper": "FOREIGN DATA WRAPPER",
    "server": "SERVER",
    "text search configuration": "TEXT SEARCH CONFIGURATION",
    "text search dictionary": "TEXT SEARCH DICTIONARY",
    "text search parser": "TEXT SEARCH PARSER",
    "text search template": "TEXT SEARCH TEMPLATE",
}
_ON_TABLE = {"constraint": "CONSTRAINT", "trigger": "TRIGGER", "rule": "RULE", "policy": "POLICY"}


def reference(one: ObjectId, catalog: Catalog) -> str:
    """`TABLE public.orders`, `CONSTRAINT orders_pkey ON public.orders`, `FUNCTION public.add(integer)`."""
    there: Any = catalog.objects.get(one)
    if one.kind in _WORDS:
        return f"{_WORDS[one.kind]} {qualified(*one.name)}"
    if one.kind in _ON_TABLE:
        *table, name = one.name
        return f"{_ON_TABLE[one.kind]} {ident(name)} ON {qualified(*table)}"
    if one.kind == "domain constraint":
        *domain, name = one.name
        return f"CONSTRAINT {ident(name)} ON DOMAIN {qualified(*domain)}"
    if one.kind == "table":
        word = "FOREIGN TABLE" if there is not None and there.form == "foreign" else "TABLE"
        return f"{word} {qualified(*one.name)}"
    if one.kind == "function":
        return f"{there.word if there is not None else 'FUNCTION'} {routine(one)}"
    if one.kind == "aggregate":
        return f"AGGREGATE {there.sql_name if there is not None else routine(one)}"
    return there.reference  # type: ignore[no-any-return]


def routine(one: ObjectId) -> str:
    """`public.add(integer, integer)`."""
    schema, name, arguments = one.name
    return f"{qualified(schema, name)}({arguments})"
