# ruff: noqa: ISC004 - a pair is two texts, and long ones go over several lines
"""More pairs that random ones led to: keys and indexes, and what partitions have of them."""

from __future__ import annotations

PAIRS = {
    "two keys over the same columns in a new table": (
        "",
        "CREATE TABLE t (a integer, b integer, c integer); ALTER TABLE t ADD CONSTRAINT u UNIQUE (a) WITH (fillfactor = 80);"
        "ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY (a); ALTER TABLE t ADD CONSTRAINT v UNIQUE (a, b) INCLUDE (c);"
        "ALTER TABLE t ADD CONSTRAINT w UNIQUE (a, b) INCLUDE (c);"
        "ALTER TABLE t ADD CONSTRAINT x UNIQUE NULLS NOT DISTINCT (a, b) INCLUDE (c)",
    ),
}  # fmt: skip
