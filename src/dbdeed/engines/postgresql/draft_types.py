"""From the words that people use for types to PostgreSQL's."""

from __future__ import annotations

import re

_WORDS = {
    "string": "text",
    "str": "text",
    "text": "text",
    "long text": "text",
    "markdown": "text",
    "html": "text",
    "url": "text",
    "email": "text",
    "slug": "text",
    "char": "character",
    "int": "integer",
    "integer": "integer",
    "number": "integer",
    "whole number": "integer",
    "serial": "serial",
    "auto increment": "bigint",
    "autoincrement": "bigint",
    "big integer": "bigint",
    "bigint": "bigint",
    "long": "bigint",
    "small integer": "smallint",
    "smallint": "smallint",
    "decimal": "numeric",
    "numeric": "numeric",
    "money": "numeric(12,2)",
    "currency": "numeric(12,2)",
    "amount": "numeric(12,2)",
    "float": "double precision",
    "double": "double precision",
    "double precision": "double precision",
    "real": "real",
    "bool": "boolean",
    "boolean": "boolean",
    "flag": "boolean",
    "date": "date",
    "time": "time",
    "datetime": "timestamp with time zone",
    "date time": "timestamp with time zone",
    "timestamp": "timestamp with time zone",
    "timestamptz": "timestamp with time zone",
    "timestamp with time zone": "timestamp with time zone",
    "timestamp without time zone": "timestamp without time zone",
    "duration": "interval",
    "interval": "interval",
    "uuid": "uuid",
    "guid": "uuid",
    "json": "jsonb",
    "jsonb": "jsonb",
    "object": "jsonb",
    "binary": "bytea",
    "blob": "bytea",
    "bytes": "bytea",
    "bytea": "bytea",
    "ip": "inet",
    "ip address": "inet",
    "inet": "inet",
    "cidr": "cidr",
    "xml": "xml",
}
# PostgreSQL's own names that take modifiers, or stand as they are.
_OWN = re.compile(
    r"(?:character varying|varchar|character|char|bpchar|numeric|decimal|bit varying|varbit|bit|timestamp|"
    r"timestamptz|time|timetz|interval|bigserial|smallserial|int2|int4|int8|float4|float8|tsvector|tsquery|"
    r"citext|hstore|ltree|point|line|lseg|box|path|polygon|circle|macaddr8?|oid|name|"
    r"(?:int4|int8|num|ts|tstz|date)(?:multi)?range)",
)
_SHAPE = re.compile(
    r"(?P<word>[a-z][a-z0-9_ ]*?)\s*(?P<size>\(\s*\d+(?:\s*,\s*\d+)?\s*\))?(?P<array>(?:\[\])*)"
)
_LIST = re.compile(r"(?:array|list) of (.+?)s?", re.IGNORECASE)


def drafted_type(text: str) -> str:
    """The type that `text` names, or "" where it names none."""
    folded = " ".join(text.strip("`\"' ").lower().replace("-", " ").split())
    listed = _LIST.fullmatch(folded)
    if listed is not None:
        inner = drafted_type(listed.group(1))
        return f"{inner}[]" if inner else ""
    found = _SHAPE.fullmatch(folded)
    if found is None:
        return ""
    word, size, array = (
        found.group("word").strip(),
        (found.group("size") or "").replace(" ", ""),
        found.group("array"),
    )
    return _sized(word, size, array)


def leading_type(phrase: str) -> str:
    """The type that a phrase begins with: `bigint` of `bigint primary key`."""
    words = phrase.split()
    found = (drafted_type(" ".join(words[:count])) for count in range(len(words), 0, -1))
    return next((one for one in found if one), "")


def _sized(word: str, size: str, array: str) -> str:
    if size:
        if word in ("string", "str", "text"):
            return f"varchar{size}{array}"
        if word in ("decimal", "number", "money", "currency", "amount"):
            return f"numeric{size}{array}"
        if word in ("datetime", "timestamp"):
            return f"timestamp{size} with time zone{array}"
    if _OWN.fullmatch(word) and word not in _WORDS:
        return word + size + array
    if size and _OWN.fullmatch(word):
        return word + size + array
    known = _WORDS.get(word, "")
    return known + array if known and not size else ""


def guessed_type(name: str) -> str:
    """Where nothing is said, the name says most: an id, a moment, a flag, a text."""
    folded = name.lower()
    if folded == "id" or folded.endswith("_id"):
        return "bigint"
    if folded.endswith(("_at", "_time")):
        return "timestamp with time zone"
    if folded.endswith(("_on", "_date")) or folded == "date":
        return "date"
    if folded.startswith(("is_", "has_")):
        return "boolean"
    return "text"
