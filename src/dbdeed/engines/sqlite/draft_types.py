"""Types in plain words, as SQLite keeps their values.

The declared type says what is meant, so that it can be read back; its affinity is one that keeps the value
as it is. That is why a UUID is `UUID TEXT`: the bare word `UUID` would have NUMERIC affinity, and a UUID
that looks like a number would be stored as one.
"""

from __future__ import annotations

import re

_WORDS = {
    "INTEGER": "int integer bigint smallint tinyint mediumint long short number int4 int8 int2 biginteger",
    "SERIAL": "serial bigserial smallserial autoincrement identity auto_increment",
    "TEXT": "text string varchar char nvarchar nchar character clob str longtext mediumtext citext enum"
    " email url uri",
    "BOOLEAN": "boolean bool flag",
    "REAL": "real float double float4 float8",
    "DECIMAL": "decimal numeric money currency dec",
    "TIMESTAMP": "timestamp timestamptz datetime",
    "DATE": "date",
    "TIME": "time timetz",
    "UUID TEXT": "uuid guid",
    "JSON TEXT": "json jsonb object array hstore map",
    "BLOB": "blob binary bytea bytes varbinary file image",
}
_TYPES = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_TYPE = re.compile(
    r"([A-Za-z_]\w*)(?:\s+(?:varying|precision|with\s+time\s+zone))?\s*(\([\d\s,]*\))?", re.IGNORECASE
)


def drafted_type(text: str) -> str:
    """SQLite's type for a text that begins with a type, or ""."""
    found = _TYPE.match(text)
    kind = _TYPES.get(found.group(1).lower(), "") if found else ""
    arguments = re.sub(r"\s+", "", found.group(2) or "") if found else ""
    return kind + arguments if kind == "DECIMAL" and arguments not in ("", "()") else kind


def guessed_type(name: str) -> str:
    """For an attribute that says none, by its name."""
    folded = name.lower()
    if folded == "id" or folded.endswith("_id"):
        return "INTEGER"
    if folded.endswith("_at"):
        return "TIMESTAMP"
    if folded.endswith(("_on", "_date")):
        return "DATE"
    return "BOOLEAN" if folded.startswith(("is_", "has_")) else "TEXT"
