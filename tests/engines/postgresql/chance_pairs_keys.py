# ruff: noqa: ISC004 - a pair is two texts, and long ones go over several lines
"""More pairs that random ones led to: keys and indexes, and what partitions have of them."""

from __future__ import annotations

_PARTED = (
    "CREATE TABLE q (a integer, b integer) PARTITION BY LIST (a); CREATE INDEX j ON q (b);"
    "CREATE INDEX i ON q (b DESC); CREATE INDEX k ON q (b) WHERE b > 3;"
    "ALTER TABLE q ADD CONSTRAINT u UNIQUE (a), ADD CONSTRAINT v UNIQUE (a) DEFERRABLE; CREATE TABLE r_a_key ();"
    "CREATE TABLE z (a integer, b integer) PARTITION BY LIST (a); CREATE TABLE y PARTITION OF z DEFAULT;"
)


def _of_parts(of: str, first: str, then: str) -> str:
    return (
        f"CREATE TABLE p (a integer, b {of}, c {of}, d {of}) PARTITION BY LIST (a); CREATE INDEX ON p (b {first});"
        f"CREATE INDEX ON p (b {then}); CREATE INDEX i ON p (c); CREATE TABLE s PARTITION OF p FOR VALUES IN (1);"
        "ALTER TABLE p ADD UNIQUE (a, d); ALTER TABLE s RENAME CONSTRAINT s_a_d_key TO y; ALTER INDEX s_c_idx RENAME TO x;"
        "COMMENT ON INDEX x IS 'x'; COMMENT ON CONSTRAINT y ON s IS 'y'; COMMENT ON INDEX s_b_idx1 IS 'again'"
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
    "a type changes below indexes and keys that partitions call something else, and say more of": (
        _of_parts("integer", "DESC", "ASC"),
        _of_parts("bigint", "DESC", "ASC"),
    ),
    "a type changes below indexes of a partition that change their names with each other": (
        _of_parts("integer", "DESC", "ASC"),
        _of_parts("bigint", "ASC", "DESC"),
    ),
}  # fmt: skip
