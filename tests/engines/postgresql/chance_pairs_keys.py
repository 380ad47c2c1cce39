# ruff: noqa: ISC004 - a pair is two texts, and long ones go over several lines
"""More pairs that random ones led to: keys and indexes, and what partitions have of them."""

from __future__ import annotations

_PARTED = (
    "CREATE TABLE q (a integer, b integer) PARTITION BY LIST (a); CREATE INDEX j ON q (b);"
    "CREATE INDEX i ON q (b DESC); CREATE INDEX k ON q (b) WHERE b > 3;"
    "ALTER TABLE q ADD CONSTRAINT u UNIQUE (a), ADD CONSTRAINT v UNIQUE (a) DEFERRABLE; CREATE TABLE r_a_key ();"
    "CREATE TABLE z (a integer, b integer) PARTITION BY LIST (a); CREATE TABLE y PARTITION OF z DEFAULT;"
)

PAIRS = {
    "two keys over the same columns in a new table": (
        "",
        "CREATE TABLE t (a integer, b integer, c integer); ALTER TABLE t ADD CONSTRAINT u UNIQUE (a) WITH (fillfactor = 80);"
        "ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY (a); ALTER TABLE t ADD CONSTRAINT v UNIQUE (a, b) INCLUDE (c);"
        "ALTER TABLE t ADD CONSTRAINT w UNIQUE (a, b) INCLUDE (c);"
        "ALTER TABLE t ADD CONSTRAINT x UNIQUE NULLS NOT DISTINCT (a, b) INCLUDE (c)",
    ),
    "what a partition has of indexes and keys over the same columns": (
        _PARTED,
        f"{_PARTED} CREATE TABLE r PARTITION OF q DEFAULT; CREATE INDEX m ON z (b DESC); CREATE INDEX l ON z (b);"
        "ALTER INDEX y_b_idx1 RENAME TO other",
    ),
}  # fmt: skip
